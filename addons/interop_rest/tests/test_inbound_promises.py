"""The promises, as far as inbound messages reach."""

import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from .common import RestEffectHttpCase


class _Everything(logging.Handler):
    """Keeps whatever is logged anywhere at INFO and above."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.lines = []

    def emit(self, record):
        self.lines.append(logging.Formatter().format(record))


@contextmanager
def everything_logged():
    """Collect the log of the whole server."""
    handler = _Everything()
    loggers = [logging.getLogger(name) for name in (None, "odoo", "odoo.http")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    loggers[0].addHandler(handler)
    try:
        yield handler.lines
    finally:
        loggers[0].removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@tagged("post_install", "-at_install")
class TestPromises(RestEffectHttpCase):
    def _unauthorized(self, **options):
        """Send, expect the uniform 401, and return its body without the trace id."""
        with everything_logged() as lines:
            response = self._post(**options)
        body = self._assert_problem(response, 401, "unauthorized")
        self.assertFalse(self._messages())
        self.assertEqual(self._effects(), [])
        body.pop("trace_id")
        return body, "\n".join(lines)

    def test_promise_4_fail_closed(self):
        """Whoever does not prove who it is gets the same refusal; the log knows why."""
        self._freeze()
        now = clock.now()
        expired = self._create_client(name="Expired")
        expired_key = self._add_key(
            expired, valid_from=now - timedelta(2), valid_to=now - timedelta(1)
        )
        self._add_key(expired)
        self._activate_client(expired)
        keyless = self._create_client(name="Keyless")
        key = self._add_key(keyless)
        self._activate_client(keyless)
        keyless.secret_ids._set_revoked()
        requested = self._create_client(name="Requested")
        requested_key = self._add_key(requested)
        envelope = self._envelope()
        body = json.dumps(envelope)
        signed = self._signed(body, envelope["id"])
        stranger = signing.generate_hmac_secret()
        cases = {
            "unknown_client": {"client": "nobody"},
            "no_matching_signature": {"secret": stranger},
            "no_key": {"client": keyless.code, "secret": key},
            "no_matching_signature ": {"client": expired.code, "secret": expired_key},
            "client_requested": {"client": requested.code, "secret": requested_key},
            "timestamp_too_old": {"moment": self._moment(-301)},
            "timestamp_too_new": {"moment": self._moment(301)},
            "malformed_header": {
                "headers": {
                    "Interop-Client": self.client.code,
                    "Content-Type": "application/json",
                }
            },
            "unknown_client ": {
                "headers": {k: v for k, v in signed.items() if k != "Interop-Client"}
            },
            "no_matching_signature  ": {"body": body + " ", "headers": signed},
        }
        bodies = []
        for reason, options in cases.items():
            with self.subTest(reason=reason):
                if "headers" not in options:
                    options = {"envelope": self._envelope(), **options}
                body, log = self._unauthorized(**options)
                bodies.append(body)
                self.assertIn(f"reason={reason.strip()}", log)
                self.assertNotIn(self.secret_text, log)
        self.assertTrue(all(body == bodies[0] for body in bodies))

    def test_promise_4_fail_closed_by_state(self):
        envelope = self._envelope()
        for transition, reason in (
            (self.client._set_suspended, "client_suspended"),
            (self.client._set_revoked, "client_revoked"),
        ):
            transition()
            _body, log = self._unauthorized(envelope=envelope)
            self.assertIn(f"reason={reason}", log)

    def test_promise_4_fail_closed_by_expiry_and_network(self):
        client = self._create_client(
            expires_at=clock.now() + timedelta(hours=1), allowed_networks="192.0.2.0/24"
        )
        key = self._add_key(client)
        self._activate_client(client)
        options = {"client": client.code, "secret": key}
        _body, log = self._unauthorized(envelope=self._envelope(), **options)
        self.assertIn("reason=network_not_allowed", log)
        client._set_suspended()
        client._set_requested()
        client.allowed_networks = "127.0.0.0/8"
        self._activate_client(client)
        response = self._post(self._envelope(data={"name": "near"}), **options)
        self.assertEqual(response.status_code, 200)
        later = clock.now() + timedelta(hours=2)
        with (
            patch.object(clock, "now", lambda: later),
            everything_logged() as lines,
        ):
            response = self._post(self._envelope(), **options)
        self._assert_problem(response, 401, "unauthorized")
        self.assertIn("reason=client_expired", "\n".join(lines))

    def test_promise_4_fail_closed_for_interfaces(self):
        """Nothing but an active interface that lists the client takes anything."""
        self.interface._set_suspended()
        self._assert_problem(self._post(), 403, "interface_not_active")
        approved = self._create_in_interface(activate=False)
        client = self._create_client(interface_ids=[(6, 0, approved.ids)])
        key = self._add_key(client)
        self._activate_client(client)
        response = self._post(self._envelope(), client=client.code, secret=key)
        self._assert_problem(response, 403, "interface_not_active")
        other = self._create_contract()
        self.interface._set_active()
        response = self._post(self._envelope(type=other.message_type))
        self._assert_problem(response, 403, "interface_not_allowed")
        self.assertFalse(self._messages() | self._messages(client))
        self.assertEqual(self._effects(), [])

    def test_promise_4_fail_closed_without_guards(self):
        """No key file, another environment, a copied database, a missing index."""
        with self._conf(environment="production"):
            self._assert_problem(self._post(), 503, "not_ready")
        with self._conf(key_file=None):
            self._assert_problem(self._post(), 401, "unauthorized")
        guard = self.env.registry["interop.guard"]
        with patch.object(guard, "_recorded_database", lambda self: "original"):
            self._assert_problem(self._post(), 503, "not_ready")
        with patch.object(guard, "_missing_indexes", lambda self: ("some_uniq",)):
            self._assert_problem(self._post(), 503, "not_ready")
        self.assertFalse(self._messages())
        self.assertEqual(self._effects(), [])
        self.assertIn(
            "interop_message_inbound_external_id_uniq",
            self.env["interop.guard"]._guard_indexes(),
        )

    def test_promise_1_atomic(self):
        """A failed apply leaves no part of its effect; a technical one leaves
        nothing."""
        for name in ("rule", "stranger", "odoo"):
            self._post(self._envelope(data={"name": name}))
        self.assertEqual(len(self._messages()), 3)
        self.assertEqual(self._effects(), [])
        self._post(self._envelope(data={"name": "technical"}))
        self.assertEqual(len(self._messages()), 3)

    def test_promise_8_nothing_leaks(self):
        """A canary is found in no log, no answer, no queue and no column in clear."""
        personal = self._create_contract(data_class="personal")
        self.interface._set_suspended()
        interface = self._create_in_interface(
            contract_ids=[(6, 0, personal.ids)], data_class="personal"
        )
        client = self._create_client(interface_ids=[(6, 0, interface.ids)])
        key = self._add_key(client)
        self._activate_client(client)
        canary = "canary-7Q2Z"
        subject = [{"system": "urn:mrn", "value": canary}]
        with everything_logged() as lines:
            answers = [
                self._post(
                    self._envelope(
                        type=personal.message_type, subject=subject, data=data
                    ),
                    client=client.code,
                    secret=key,
                )
                for data in (
                    {"name": canary},
                    {"name": "odoo"},
                    {"name": "fault"},
                    {"name": canary, "extra": canary},
                    {"city": canary},
                )
            ]
        self.assertEqual([a.status_code for a in answers], [200, 422, 503, 422, 422])
        for answer in answers:
            self.assertNotIn(canary, answer.text)
        log = "\n".join(lines)
        for secret in (canary, key, self.secret_text, "canary-of"):
            self.assertNotIn(secret, log)
        for table in (
            "interop_message",
            "interop_attempt",
            "interop_payload",
            "queue_job",
        ):
            self.env.cr.execute(f"SELECT t::text FROM {table} t")
            for (row,) in self.env.cr.fetchall():
                self.assertNotIn(canary, row)
                self.assertNotIn("canary-of-odoo", row)
        message = self.env["interop.message"].search(
            [("client_id", "=", client.id), ("search_key", "=", canary)]
        )
        self.assertEqual(
            len(message), 2
        )  # both that were stored are found by who knows

    def test_promise_9_facilities_stay_apart(self):
        """A client of one facility reaches nothing of another, whatever it says."""
        self.system.write(
            {
                "company_ids": [(4, self.other_facility.id)],
                "facility_code_ids": [
                    (0, 0, {"code": "ANNE", "company_id": self.other_facility.id})
                ],
            }
        )
        theirs = self._create_in_interface(
            company_ids=[(6, 0, self.other_facility.ids)], activate=False
        )
        self._activate_elsewhere(theirs)
        response = self._post(self._envelope(facility="ANNE"))
        self._assert_problem(response, 403, "facility_not_allowed")
        self.assertEqual(self.client.user_id.company_ids, self.facility)
        self.namespace.company_id = self.other_facility
        response = self._post(self._envelope(data={"name": "Eve"}))
        self._assert_problem(response, 422, "namespace_not_allowed")
        self.assertEqual(self._effects(), [])
        self.assertFalse(self._messages().filtered(lambda m: m.interface_id == theirs))

    def test_clock_skew_to_the_second(self):
        self._freeze()
        for seconds in (-300, -299, 299, 300):
            response = self._post(moment=self._moment(seconds))
            self.assertEqual(response.status_code, 200, seconds)
        for seconds in (-301, 301):
            response = self._post(moment=self._moment(seconds))
            self._assert_problem(response, 401, "unauthorized")

    def _freeze(self):
        """Let the server's clock for signatures stand still."""
        now = clock.timestamp()
        self.startPatcher(patch.object(clock, "timestamp", lambda: now))

    def _moment(self, seconds):
        """Return a moment so many seconds from this server's clock."""
        return datetime.fromtimestamp(clock.timestamp() + seconds, UTC)
