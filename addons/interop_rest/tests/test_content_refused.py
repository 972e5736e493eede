"""What the database refuses is refused once, with a place, and stops nobody (case 11)."""

import json
import random
from unittest.mock import patch
from urllib.parse import quote

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.models.log.message_search import stored_keys

from .common import URL, RestHttpCase

_RANDOM = random.Random(12)
LETTERS = "".join(chr(_RANDOM.randrange(0x4E00, 0x9FA0)) for _n in range(9000))


def _execute(statement):
    return lambda partner: partner.env.cr.execute(statement)


def _write(**values):
    return lambda partner: partner.write(values)


# data["name"] of a message -> what its handler does then
REFUSED = {
    "division by zero": _execute("SELECT 1/0"),
    "no number": _execute("SELECT 'x'::int"),
    "number out of range": _execute("SELECT 99999999999::int4"),
    "date out of range": _execute("SELECT '2026-01-01'::date + 2147483600"),
    "pattern that ends with its escape": _execute(r"SELECT 'ab' LIKE 'a\'"),
    "text too long for its column": _execute("UPDATE res_country SET code = 'USAX'"),
    "row too large for its index": _write(name=LETTERS),
    "integer of a field": _write(color=2**40),
    "NUL in a text": _write(comment=False, ref="a\x00b"),
    "check of a table": _execute("UPDATE res_partner SET name = NULL"),
    "value of no use": lambda partner: int("x"),
    "exception of a trigger": _execute(
        "DO $$ BEGIN RAISE EXCEPTION 'canary-of-trigger'; END $$"
    ),
}


class ContentRefusedCase(RestHttpCase):
    """Messages whose handler does what the database refuses."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        partner_id = cls.env["res.partner"].create({"name": "Effects"}).id

        def _apply(handler, message, data):
            partner = handler.env["res.partner"].sudo().browse(partner_id)
            partner.comment = f"{partner.comment or ''} {data['name']}"
            partner.env.flush_all()
            if data["name"] in REFUSED:
                REFUSED[data["name"]](partner)
                partner.env.flush_all()
            return message.company_id

        cls.partner = cls.env["res.partner"].browse(partner_id)
        cls.startClassPatcher(
            patch.object(
                type(cls.env["interop.handler.mapping"]), "_apply", _apply, create=True
            )
        )

    def setUp(self):
        super().setUp()
        apply = "odoo.addons.interop_base.models.log.message_effect"
        self.enterContext(mute_logger(apply))

    def _effects(self):
        return str(self.partner.comment or "")


@tagged("post_install", "-at_install")
class TestContentRefused(ContentRefusedCase):
    def test_at_once_with_a_place_and_without_a_second_try(self):
        for name in REFUSED:
            with self.subTest(name):
                envelope = self._envelope(data={"name": name})
                response = self._post(envelope)
                body = self._assert_problem(response, 422, "content_refused")
                self.assertEqual(body["errors"][0]["pointer"], "/data")
                self.assertEqual(body["message"]["pointer"], "/data")
                self.assertNotIn("canary", response.text)
                message = self._messages().filtered(
                    lambda item, sent=envelope: item.external_id == sent["id"]
                )
                self.assertEqual((message.state, message.attempt_count), ("dead", 1))
                self.assertEqual(message.error_kind, "business")
                again = self._post(envelope)
                self.assertEqual(again.status_code, 422)
                self.assertEqual(again.headers["Idempotent-Replayed"], "true")
                self.assertEqual(message.attempt_count, 1)
        self.assertFalse(self._effects())

    def test_what_may_be_a_race_is_kept_and_tried_once_more(self):
        """No message is lost to a race, and none that is wrong is tried for ever."""
        for code, state in (("23505", "dead"), ("23505", "done"), ("23503", "dead")):
            query = f"DO $$ BEGIN RAISE 'canary' USING ERRCODE = '{code}'; END $$"
            with self.subTest(code, state=state):
                envelope = self._envelope(data={"name": "raced"})
                with patch.dict(REFUSED, raced=_execute(query)):
                    response = self._post(envelope)
                self.assertEqual(response.status_code, 202, response.text)
                message = self._messages().filtered(
                    lambda item, sent=envelope: item.external_id == sent["id"]
                )
                self.assertEqual(
                    (message.state, message.error_code, message.attempt_count),
                    ("pending", "lost_race", 1),
                )
                again = {"raced": _execute(query)} if state == "dead" else {}
                with patch.dict(REFUSED, again):
                    self.env["interop.pump"].sudo()._run_inline()
                message.invalidate_recordset()
                self.assertEqual((message.state, message.attempt_count), (state, 2))
                outcomes = message.attempt_ids.sorted("number").mapped("outcome")
                self.assertEqual(outcomes, ["retry", state])
                status = 200 if state == "done" else 422
                self.assertEqual(self._post(envelope).status_code, status)

    def test_the_others_of_a_batch_are_applied(self):
        names = ["first", *REFUSED, "last"]
        items = [self._envelope(data={"name": name}) for name in names]
        body = json.dumps(items)
        self.env.flush_all()
        response = self.opener.post(
            f"{self.base_url()}{URL}:batch",
            data=body.encode(),
            headers=self._signed(body, "batch_1"),
        )
        self.env.invalidate_all()
        statuses = [item["status"] for item in response.json()["results"]]
        self.assertEqual(statuses, [200, *[422] * len(REFUSED), 200])
        self.assertIn("first", self._effects())
        self.assertIn("last", self._effects())

    def test_in_the_background_once_and_what_comes_later_is_applied(self):
        slow = self._create_in_interface(latency_tier="near_real_time")
        self.client = self._create_client(interface_ids=[(6, 0, slow.ids)])
        self.secret_text = self._add_key(self.client)
        self._activate_client(self.client)
        for name in (*REFUSED, "later"):
            response = self._post(
                self._envelope(data={"name": name}, ordering_key="one")
            )
            self.assertEqual(response.status_code, 202, response.text)
        self.env["interop.pump"].sudo()._run_inline()
        messages = self._messages().sorted("id")
        self.assertEqual(messages.mapped("state"), [*["dead"] * len(REFUSED), "done"])
        self.assertEqual(set(messages.mapped("attempt_count")), {1})
        self.assertEqual(set(messages[:-1].mapped("error_code")), {"content_refused"})
        self.assertIn("later", self._effects())

    def test_text_that_no_record_keeps_is_refused_at_the_door_with_every_place(self):
        data = {"name": "a\x00b", "city": "\x1f"}
        response = self._post(self._envelope(data=data))
        body = self._assert_problem(response, 422, "schema_violation")
        pointers = [item["pointer"] for item in body["errors"]]
        self.assertEqual(pointers, ["/data/name", "/data/city"])
        self.assertFalse(self._messages())

    def test_keys_that_no_index_has_room_for_are_shortened(self):
        values = stored_keys(self.env, "none", LETTERS, LETTERS)
        other = stored_keys(self.env, "none", LETTERS, LETTERS + "x")
        self.assertEqual(values["business_key"], LETTERS[:255])
        self.assertEqual(len(values["ordering_key"]), 255)
        self.assertNotEqual(values["ordering_key"], other["ordering_key"])
        short = stored_keys(self.env, "none", "A", "B")
        self.assertEqual((short["business_key"], short["ordering_key"]), ("A", "B"))

    def test_a_path_or_a_body_with_a_NUL_is_no_fault_of_ours(self):
        holder = self._create_client(
            accepts_token=True, accepts_signature=False, may_reconcile=True
        )
        token = holder.action_generate_token()["params"]["value"]
        self._activate_client(holder)
        self.env.flush_all()
        sent = {
            "Interop-Client": holder.code,
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
        }
        for text in ("\x00", "a\x00b", "é", "x" * 5000):
            url = f"{self.base_url()}{URL}/{quote(text)}"
            response = self.opener.get(url, headers=sent)
            self._assert_problem(response, 404, "not_found")
        for path, value in (
            ("/interop/v1/messages:reconcile", {"messages": [{"id": "a\x00"}]}),
            ("/interop/v1/messages:reconcile", {"messages": [], "facility": "\x00"}),
            (
                "/interop/v1/identifiers",
                {
                    "identifier": {"system": "\x00", "value": "\x00"},
                    "record": {"system": "x", "value": "\x00"},
                },
            ),
        ):
            response = self.opener.post(
                self.base_url() + path, data=json.dumps(value).encode(), headers=sent
            )
            self.assertIn(response.status_code, (400, 403, 422), response.text)
