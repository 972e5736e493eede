"""Idempotency-Key with the semantics of its draft, for calls that are no webhooks."""

import json
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.inbound import store

from ..tools import headers
from .common import URL, RestEffectHttpCase
from .test_http_signature import COVERED, Signed

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@tagged("post_install", "-at_install")
class TestIdempotency(Signed, RestEffectHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.holder, cls.token = cls._create_holder()
        cls._set_up_signer()

    @classmethod
    def _create_holder(cls, **values):
        holder = cls._create_client(
            accepts_token=True, accepts_signature=False, **values
        )
        token = holder.action_generate_token()["params"]["value"]
        return cls._activate_client(holder), token

    def _without_id(self, **members):
        envelope = self._envelope(**members)
        del envelope["id"]
        return envelope

    def _send(self, envelope, key=f'"{KEY}"', **more):
        sent = {
            "Interop-Client": self.holder.code,
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}",
            **({"Idempotency-Key": key} if key is not None else {}),
            **more,
        }
        return self._post(envelope, headers=sent)

    def test_the_key_is_the_id(self):
        envelope = self._without_id()
        response = self._send(envelope)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.json()["id"], KEY)
        self.assertEqual(self._messages(self.holder).external_id, KEY)
        again = self._send(envelope)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(again.json(), response.json())
        self.assertEqual(self._effects(), ["Ada"])

    def test_a_failure_is_a_stored_answer_too(self):
        envelope = self._without_id(data={"name": "rule"})
        first = self._send(envelope)
        self._assert_problem(first, 422, "business_rule")
        again = self._send(envelope)
        self._assert_problem(again, 422, "business_rule")
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_without_quotes_it_is_the_same_key(self):
        envelope = self._without_id()
        self._send(envelope)
        again = self._send(envelope, key=KEY)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_another_body_under_the_same_key(self):
        self._send(self._without_id())
        response = self._send(self._without_id(data={"name": "Eve"}))
        self._assert_problem(response, 422, "idempotency_key_reused")
        self.assertEqual(self._effects(), ["Ada"])

    def test_while_the_first_one_runs(self):
        with patch.object(store, "insert", lambda *_args: self._fail_as_running()):
            response = self._send(self._without_id())
        self._assert_problem(response, 409, "in_flight")
        self.assertEqual(response.headers["Retry-After"], "2")

    def _fail_as_running(self):
        raise Refused("in_flight", retry_after=2)

    def test_key_and_id_are_the_same(self):
        self._assert_problem(self._send(self._envelope()), 400, "id_mismatch")
        self.assertEqual(self._send(self._envelope(id=KEY)).status_code, 200)

    def test_what_is_no_key(self):
        for key in ("", '""', "with blank", "a.b", "a,b", "x" * 129, '"half'):
            response = self._send(self._without_id(), key=key)
            self._assert_problem(response, 400, "idempotency_key_invalid")

    def test_where_it_is_required(self):
        self.holder, self.token = self._create_holder(requires_idempotency_key=True)
        response = self._send(self._envelope(), key=None)
        self._assert_problem(response, 400, "idempotency_key_missing")
        self.assertEqual(self._send(self._without_id()).status_code, 200)
        with self._refused(UserError, "is approved"):
            self.holder.requires_idempotency_key = False

    def test_signed_by_rfc_9421_it_has_to_be_covered(self):
        body = json.dumps(self._without_id()).encode()
        extra = {"headers": {"Idempotency-Key": f'"{KEY}"'}}
        covered = (*COVERED, "idempotency-key")
        for options, status in (
            ({}, 401),
            ({"covered_component_ids": covered}, 200),
        ):
            prepared = self._request("POST", URL, body, **extra, **options)
            response = Signed._send(self, prepared)
            self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(self._messages(self.signer).external_id, KEY)

    def test_a_webhook_has_an_id_that_its_signature_covers(self):
        envelope = self._envelope()
        signed = self._signed(json.dumps(envelope), envelope["id"])
        response = self._post(
            envelope, headers={**signed, headers.IDEMPOTENCY_KEY: KEY}
        )
        self.assertEqual(response.json()["id"], envelope["id"])

    def test_a_webhook_needs_no_key_and_is_not_judged_by_one(self):
        """Also where calls of the client that are no webhooks need one."""
        client = self._create_client(requires_idempotency_key=True)
        text = self._add_key(client)
        self._activate_client(client)
        for extra in ({}, {headers.IDEMPOTENCY_KEY: "no key"}):
            envelope = self._envelope()
            signed = self._signed(
                json.dumps(envelope), envelope["id"], secret=text, client=client.code
            )
            response = self._post(envelope, headers={**signed, **extra})
            self.assertEqual(response.status_code, 200, response.text)
