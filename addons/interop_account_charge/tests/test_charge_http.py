"""Charges over the real routes: signed, drafted as invoice line, and reversed."""

import json

from odoo.tests import HttpCase, tagged

from odoo.addons.interop_rest.tests.common import URL

from .charge_common import ChargeCase

CANARY = "Canary-5Q7L"


@tagged("post_install", "-at_install")
class TestChargeHttp(ChargeCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret_text = cls._add_key(cls.client)

    def _send(self, contract, data, status=200, **members):
        """Send one message as the hospital information system would."""
        self.contract = contract
        envelope = self._envelope(data=data, **members)
        del envelope["facility"]
        body = json.dumps(envelope)
        self.env.flush_all()
        response = self.opener.post(
            self.base_url() + URL,
            data=body.encode(),
            headers=self._signed(body, envelope["id"]),
        )
        self.env.invalidate_all()
        self.assertEqual(response.status_code, status, response.text)
        return response

    def _reversal(self, number="CH-1"):
        return {"identifiers": [{"system": self.charges.uri, "value": number}]}

    def _of(self, response):
        """Return the message of an answer."""
        message = self.env["interop.message"].search(
            [
                ("client_id", "=", self.client.id),
                ("external_id", "=", response.json()["id"]),
            ]
        )
        return self.env[message.res_model].browse(message.res_id)

    def test_posted_then_reversed(self):
        response = self._send(self.posted, self._charge())
        self.assertEqual(response.json()["status"], "done")
        line = self._of(response)
        move = line.move_id
        self.assertEqual((move.move_type, move.state), ("out_invoice", "draft"))
        self.assertEqual(
            (line.product_id, line.quantity, line.price_unit),
            (self.product_a, 2, self.product_a.lst_price),
        )
        self.assertTrue(line.tax_ids)
        self.assertEqual(move.create_uid, self.client.user_id)
        # The same charge in another message has no second effect.
        again = self._send(self.posted, self._charge())
        self.assertEqual(again.json()["status"], "skipped")
        self.assertEqual(move.invoice_line_ids, line)
        back = self._send(self.reversed, self._reversal())
        self.assertEqual((back.json()["status"], self._of(back)), ("done", move))
        self.assertFalse(line.exists())

    def test_reversed_by_credit_after_posting(self):
        move = self._of(self._send(self.posted, self._charge())).move_id
        move.action_post()
        credit = self._of(self._send(self.reversed, self._reversal()))
        self.assertEqual(
            (credit.move_id.move_type, credit.move_id.state), ("out_refund", "draft")
        )
        self.assertEqual(credit.move_id.reversed_entry_id, move)
        self.assertEqual(credit.move_id.amount_total, move.amount_total)

    def test_the_same_message_again_gets_the_stored_answer(self):
        same = {"id": "msg_same", "occurred_at": "2026-01-31T08:30:00Z"}
        first = self._send(self.posted, self._charge(), **same)
        line = self._of(first)
        again = self._send(self.posted, self._charge(), **same)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(again.json(), first.json())
        self.assertEqual(line.move_id.invoice_line_ids, line)

    def test_a_charge_that_cannot_be_billed_is_reported_without_content(self):
        before = self.env["account.move"].search_count([])
        early = self._send(self.reversed, self._reversal(CANARY), status=422)
        self.assertEqual(early.json()["message"]["status"], "parked")
        unknown = self._send(
            self.posted, self._charge(code={"code": CANARY}), status=422
        )
        self.assertEqual(unknown.json()["message"]["status"], "parked")
        wrong = self._send(
            self.posted, self._charge("CH-3", quantity=CANARY), status=422
        )
        self.assertEqual(wrong.json()["code"], "schema_violation")
        self.assertEqual(wrong.json()["errors"][0]["pointer"], "/data/quantity")
        for response in (early, unknown, wrong):
            self.assertEqual(
                response.headers["Content-Type"], "application/problem+json"
            )
            self.assertNotIn(CANARY, response.text)
        self.assertEqual(self.env["account.move"].search_count([]), before)
