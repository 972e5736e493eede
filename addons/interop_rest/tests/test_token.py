"""Tokens: they end, they are kept as hashes, and they are refused like anything else."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from ..tools import tokens
from .common import URL, RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestToken(RestEffectHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.holder = cls._create_client(accepts_token=True, accepts_signature=False)
        cls.token = cls.holder.action_generate_token()["params"]["value"]
        cls.secret = cls.holder.secret_ids
        cls._activate_client(cls.holder)

    def _with_token(self, token=None, client=None, **more):
        return {
            "Interop-Client": client or self.holder.code,
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token or self.token}",
            **more,
        }

    def _send(self, envelope=None, **options):
        return self._post(envelope, headers=self._with_token(**options))

    def _assert_refused(self, response):
        body = self._assert_problem(response, 401, "unauthorized")
        self.assertEqual(response.headers["WWW-Authenticate"], 'Bearer realm="interop"')
        self.assertNotIn("iop_", response.text)
        return {key: body[key] for key in body if key != "trace_id"}

    # --- what it may do

    def test_a_token_sends_reads_and_describes(self):
        envelope = self._envelope()
        response = self._send(envelope)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(self._messages(self.holder).create_uid, self.holder.user_id)
        self.assertEqual(self._send(envelope).headers["Idempotent-Replayed"], "true")
        for path in (f"{URL}/{envelope['id']}", "/interop/v1/openapi.json"):
            self.env.flush_all()
            found = self.opener.get(self.base_url() + path, headers=self._with_token())
            self.assertEqual(found.status_code, 200, found.text)
        batch = self.opener.post(
            f"{self.base_url()}{URL}:batch",
            data=json.dumps([envelope]),
            headers=self._with_token(),
        )
        self.assertTrue(batch.json()["results"][0]["replayed"])

    # --- refused alike

    def test_every_failure_is_the_same_401(self):
        other = self._create_client(accepts_token=True)
        foreign = other.action_generate_token()["params"]["value"]
        self._activate_client(other)
        signed = self._signed("{}", "msg_1", client=self.holder.code)
        answers = [
            self._assert_refused(self._send(token=token))
            for token in (foreign, self.token[:-1], self.token + "A", "x", "é")
        ]
        answers += [
            self._assert_refused(self._send(client="nobody")),
            self._assert_refused(self._send(client=self.client.code)),
            self._assert_refused(self._send(Authorization="Basic YTpi")),
            self._assert_refused(self._send(Authorization=self.token)),
            self._assert_refused(self._send(**{**signed, "Interop-Client": "x"})),
        ]
        self.assertTrue(all(answer == answers[0] for answer in answers))
        self.assertFalse(self._messages(self.holder))

    def test_a_signature_beside_a_token_is_refused(self):
        envelope = self._envelope()
        signed = self._signed(json.dumps(envelope), envelope["id"])
        self._add_key(self.holder)
        self._assert_refused(
            self._post(envelope, headers={**signed, **self._with_token()})
        )

    def test_a_way_of_proof_that_is_not_allowed(self):
        text = self._add_key(self.holder)
        response = self._post(secret=text, client=self.holder.code)
        self._assert_refused(response)
        secrets = self.env["interop.secret"]
        token = secrets._generate_plaintext("token_hash")
        secrets._create_value(self.client._secret_values("token_hash"), token)
        self._assert_refused(self._send(token=token, client=self.client.code))

    def test_suspended_and_from_elsewhere(self):
        self.holder._set_suspended()
        self._assert_refused(self._send())
        self.holder._set_requested()
        self.holder.allowed_networks = "192.0.2.0/24"
        self._activate_client(self.holder)
        self._assert_refused(self._send())

    # --- how long

    def test_a_token_ends(self):
        self.assertEqual(self._days(self.secret), 90)
        moment = self.secret.valid_to
        with patch.object(clock, "now", lambda: moment - timedelta(seconds=1)):
            self.assertEqual(self._send().status_code, 200)
        with patch.object(clock, "now", lambda: moment):
            self._assert_refused(self._send())
        for valid_to in (False, moment + timedelta(days=400)):
            with self._refused(ValidationError):
                self.secret.valid_to = valid_to

    def test_how_long_is_a_setting(self):
        settings = self.env["res.config.settings"]
        settings.create({"interop_rest_token_days": 7}).execute()
        self.holder.action_generate_token()
        secret = self.holder.secret_ids - self.secret
        self.assertEqual(self._days(secret), 7)

    def _days(self, secret):
        return round((secret.valid_to - secret.valid_from).total_seconds() / 86400)

    def test_rotation_overlaps(self):
        successor = self.secret.action_rotate()["params"]["value"]
        self.assertEqual(self._send().status_code, 200)
        self.assertEqual(self._send(token=successor).status_code, 200)
        later = clock.now() + timedelta(hours=25)
        with patch.object(clock, "now", lambda: later):
            self._assert_refused(self._send())
            self.assertEqual(self._send(token=successor).status_code, 200)

    def test_a_revoked_token_is_refused_at_once(self):
        self.secret._set_revoked()
        self._assert_refused(self._send())

    # --- what is kept of it

    def test_only_its_hash_and_its_beginning_are_kept(self):
        self.assertTrue(tokens.is_token(self.token))
        self.assertEqual(self.secret.token_prefix, self.token[:12])
        self.assertEqual(self.secret._get_value(), tokens.digest(self.token))
        hidden = self.token[13:]
        self.env.cr.execute(
            "SELECT row_to_json(s)::text FROM interop_secret s WHERE id = %s",
            [self.secret.id],
        )
        self.assertNotIn(hidden, self.env.cr.fetchone()[0])
        self.assertNotIn(hidden, "".join(self.secret.message_ids.mapped("body")))
        self.env["interop.secret"]._reencrypt_all()
        self.assertEqual(self._send().status_code, 200)
        for name in ("token_prefix", "last_used_at"):
            with self._refused(UserError):
                self.secret.write({name: False})

    def test_a_token_is_not_logged(self):
        with self.assertLogs(level="DEBUG") as logs:
            self._send()
            self._send(client="nobody")
        self.assertNotIn(self.token[13:], "\n".join(logs.output))

    def test_last_use_is_written_every_five_minutes(self):
        """B18."""
        start = clock.now().replace(microsecond=0)
        self.assertFalse(self.secret.last_used_at)
        for seconds, expected in ((0, 0), (299, 0), (300, 300)):
            moment = start + timedelta(seconds=seconds)
            with patch.object(clock, "now", lambda now=moment: now):
                self.assertEqual(self._send().status_code, 200)
            self.assertEqual(
                self.secret.last_used_at, start + timedelta(seconds=expected)
            )

    # --- setting it up

    def test_a_client_needs_what_it_may_prove_itself_with(self):
        client = self._create_client(accepts_token=True, accepts_signature=False)
        self._add_key(client)
        with self._refused(UserError, "valid key or token"):
            self._activate_client(client)
        client.action_generate_token()
        self._activate_client(client)
        with self._refused(UserError):
            client.accepts_signature = True

    def test_only_administrators_generate(self):
        operator = self._create_user("operator")
        with self._refused(UserError):
            self.holder.with_user(operator).action_generate_token()
