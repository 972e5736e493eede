"""A client with a key, and messages signed by a library that is not ours."""

import json
from datetime import UTC, datetime
from unittest.mock import patch

from standardwebhooks import Webhook

from odoo.exceptions import UserError
from odoo.tests import HttpCase

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    TechnicalError,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tests.common import InteropMixin
from odoo.addons.interop_base.tools import signing

URL = "/interop/v1/messages"


class RestMixin(InteropMixin):
    """An active client of one system with one active real-time interface."""

    @classmethod
    def _set_up_rest(cls):
        cls._set_up_interop()
        cls.system = cls._create_system()
        cls.contract = cls._create_contract()
        cls.interface = cls._create_in_interface()
        cls.client = cls._create_client()
        cls.secret_text = cls._add_key(cls.client)
        cls._activate_client(cls.client)

    @classmethod
    def _create_in_interface(cls, **values):
        return cls._create_interface(
            **{
                "system_id": cls.system.id,
                "direction": "in",
                "transport": "rest",
                "contract_ids": [(6, 0, cls.contract.ids)],
                "latency_tier": "real_time",
                **values,
            }
        )

    @classmethod
    def _create_client(cls, **values):
        number = cls._next()
        return cls.env["interop.client"].create(
            {
                "name": f"Client {number}",
                "code": f"client-{number}",
                "system_id": cls.system.id,
                "interface_ids": [(6, 0, cls.interface.ids)],
                **values,
            }
        )

    @classmethod
    def _add_key(cls, client, **values):
        """Give the client a key; return its text, which the caller would have."""
        text = signing.generate_hmac_secret()
        cls.env["interop.secret"]._create_value(
            {**client._secret_values("hmac"), **values}, text
        )
        return text

    @classmethod
    def _activate_client(cls, client):
        companies = client.interface_ids.company_ids | cls.facility
        cls._approve(client, companies=companies)
        client._set_active()
        return client

    @classmethod
    def _activate_elsewhere(cls, interface):
        """Activate an interface of another facility: its own steward approves."""
        steward = cls._create_user("steward", companies=interface.company_ids)
        interface.with_user(steward).action_approve(interface.approval_fingerprint)
        interface._set_active()

    def _envelope(self, **members):
        """Return an envelope of the contract with a new id, a little later than the one
        before."""
        number = self._next()
        return {
            "id": f"msg_{number}",
            "type": self.contract.message_type,
            "schema_version": self.contract.version,
            "source": "urn:test",
            "facility": "MERCY",
            "occurred_at": f"2026-01-31T08:30:00.{number:06d}Z",
            "data": {"name": "Ada"},
            **members,
        }

    def _signed(self, body, message_id, *, secret=None, moment=None, client=None):
        """Return the headers of ``body`` (text), signed by the standardwebhooks
        library."""
        moment = moment or datetime.fromtimestamp(clock.timestamp(), UTC)
        signature = Webhook(secret or self.secret_text).sign(message_id, moment, body)
        return {
            "Interop-Client": client or self.client.code,
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }

    def _messages(self, client=None):
        return self.env["interop.message"].search(
            [("client_id", "=", (client or self.client).id)]
        )


class RestHttpCase(RestMixin, HttpCase):
    """Requests over the real route."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()

    def _post(self, envelope=None, *, body=None, headers=None, **signing_options):
        """Send an envelope (or a raw ``body``), signed unless ``headers`` are given."""
        envelope = envelope or self._envelope()
        body = json.dumps(envelope) if body is None else body
        if headers is None:
            text = body if isinstance(body, str) else body.decode("latin-1")
            headers = self._signed(text, envelope["id"], **signing_options)
        self.env.flush_all()
        data = body.encode() if isinstance(body, str) else body
        response = self.opener.post(self.base_url() + URL, data=data, headers=headers)
        self.env.invalidate_all()
        return response

    def _get_status(self, message_id, *, signed_id=None, **signing_options):
        headers = self._signed("", signed_id or message_id, **signing_options)
        self.env.flush_all()
        return self.opener.get(f"{self.base_url()}{URL}/{message_id}", headers=headers)

    def _assert_problem(self, response, status, code):
        """Check that the answer is a documented problem without anything that leaks."""
        self.assertEqual(
            (response.status_code, response.json().get("code")), (status, code)
        )
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        body = response.json()
        self.assertTrue(body["type"].endswith(f"/interop/v1/problems#{code}"))
        self.assertEqual(body["status"], status)
        self.assertRegex(body["trace_id"], "^[0-9a-f]{32}$")
        self._assert_headers(response)
        for leak in ("Traceback", "psycopg2", "interop.message", "SELECT", "Werkzeug"):
            self.assertNotIn(leak, response.text)
        return body

    def _assert_headers(self, response):
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn("Set-Cookie", response.headers)


class EffectMixin:
    """What the mapping handler would do, made visible: each message has one effect.

    ``data["name"]`` becomes an identifier of the facility; some names fail on purpose.
    """

    FAILURES = {
        "stranger": UnknownIdentifier("No such person."),
        "rule": BusinessError("Closed on Sundays."),
        "odoo": UserError("canary-of-odoo"),
        "technical": TechnicalError("canary-of-technical", code="try_later"),
        "fault": RuntimeError("canary-of-fault"),
    }

    @classmethod
    def _set_up_effect(cls):
        cls.namespace = cls.env["interop.namespace"].create(
            {
                "name": "Effects",
                "code": f"effects-{cls._next()}",
                "uri": "http://effects.example",
                "one_active_per_record": False,
            }
        )
        failures = cls.FAILURES

        def _apply(handler, message, data):
            wires = [{"system": "http://effects.example", "value": data["name"]}]
            handler.env["interop.identifier"]._link(message.company_id, wires, message)
            if data["name"] in failures:
                raise failures[data["name"]]
            return message.company_id

        cls.startClassPatcher(
            patch.object(
                type(cls.env["interop.handler.mapping"]), "_apply", _apply, create=True
            )
        )

    def _effects(self):
        """Return the names that had an effect."""
        rows = self.env["interop.identifier"].search(
            [("namespace_id", "=", self.namespace.id)], order="id"
        )
        return rows.mapped("value")


class RestEffectHttpCase(EffectMixin, RestHttpCase):
    """Requests over the real route, with an effect to count."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_effect()
