"""Receivers acknowledge what they got: accepted, or rejected with an owner to act."""

import json
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base.models.engine.engine_types import Lane
from odoo.addons.interop_base.models.log.message_batch import MessageBatch
from odoo.addons.interop_base.models.log.message_leases import MessageLeases

from .common import RestHttpCase


@tagged("post_install", "-at_install")
class TestReceipt(RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface._set_suspended()
        cls.out_contract = cls.contract
        cls.owner = cls._create_user("user")
        cls.out = cls._create_interface(
            system_id=cls.system.id,
            transport=False,
            activate=False,
            contract_ids=[(6, 0, cls.out_contract.ids)],
            exception_user_id=cls.owner.id,
        )
        cls.contract = cls.env.ref("interop_rest.interop_contract_receipt_ack")
        cls.interface = cls._create_in_interface()
        cls.client = cls._create_client()
        cls.secret_text = cls._add_key(cls.client)
        cls._activate_client(cls.client)

    def _sent(self, state="done", **values):
        """Return a message that left, in ``state``."""
        message = (
            self.env["interop.message"]
            .sudo()
            .create(
                {
                    "direction": "out",
                    "interface_id": self.out.id,
                    "system_id": self.out.system_id.id,
                    "contract_id": self.out_contract.id,
                    "company_id": self.facility.id,
                    "external_id": f"msg_out_{self._next()}",
                    "data_class": "none",
                    "lane": self.out._lane(),
                    **values,
                }
            )
        )
        if state == "done":
            message._set_done()
        elif state == "dead":
            message._set_dead("timeout", "timeout", "No answer.")
        elif state == "cancelled":
            message._set_cancelled("Given up.")
        return message

    def _ack(self, ref, status="accepted", errors=None, http=200, **envelope):
        data = {"ref_id": ref, "status": status}
        if errors:
            data["errors"] = errors
        response = self._post(self._envelope(data=data, **envelope))
        self.assertEqual(response.status_code, http, response.text)
        return self.env["interop.message"].search(
            [("client_id", "=", self.client.id)], limit=1
        )

    def _reject(self, sent, **values):
        errors = [{"code": "no_account", "path": "/data/partner"}]
        return self._ack(sent.external_id, "business_rejected", errors, **values)

    def test_the_later_of_two_receipts_counts_to_the_microsecond(self):
        """Case 4: ties go by sequence, and an equal one never wins."""
        noon = "2026-02-01T12:00:00"
        for first, second, wins in (
            ({"at": ".900Z"}, {"at": ".100Z"}, False),
            ({"at": ".100000Z"}, {"at": ".100001Z"}, True),
            ({"at": ".1000001Z"}, {"at": ".1000009Z"}, False),
            ({"at": "Z", "sequence": 8}, {"at": "Z", "sequence": 7}, False),
            ({"at": "Z", "sequence": 7}, {"at": "Z", "sequence": 8}, True),
            ({"at": "Z"}, {"at": "Z"}, False),
        ):
            with self.subTest(first=first, second=second):
                first, second = dict(first), dict(second)
                sent = self._sent()
                self._ack(sent.external_id, occurred_at=noon + first.pop("at"), **first)
                late = self._reject(
                    sent,
                    occurred_at=noon + second.pop("at"),
                    http=200,
                    **second,
                )
                self.assertEqual(late.state, "done" if wins else "skipped")
                status = "business_rejected" if wins else "accepted"
                self.assertEqual(sent.receipt_status, status)
                reason = late._status_body().get("reason")
                self.assertEqual(reason, None if wins else "stale")

    def test_a_receipt_counts_when_its_message_is_gone(self):
        sent = self._sent()
        ack = self._ack(sent.external_id, occurred_at="2026-02-01T12:00:00.900Z")
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM interop_message WHERE id = %s", [ack.id])
        self.env.invalidate_all()
        self._reject(sent, occurred_at="2026-02-01T12:00:00.100Z")
        self.assertEqual(sent.receipt_status, "accepted")

    def test_accepted_is_noted_and_links_both_ways(self):
        sent = self._sent()
        ack = self._ack(sent.external_id)
        self.assertEqual((ack.state, ack.resource_ref), ("done", sent))
        self.assertEqual((sent.state, sent.receipt_status), ("done", "accepted"))
        self.assertEqual(sent.receipt_message_id, ack)
        self.assertEqual(sent.receipt_at, ack.occurred_at)

    def test_a_business_rejection_is_a_failure_of_its_owner(self):
        sent = self._sent()
        ack = self._reject(sent)
        self.assertEqual(ack.state, "done")
        self.assertEqual(
            (sent.state, sent.error_kind, sent.error_class, sent.error_code),
            ("dead", "business", "business_rule", "receipt_business_rejected"),
        )
        self.assertEqual(sent.owner_user_id, self.owner)
        self.assertIn("no_account at /data/partner", sent.error_message)
        self.assertTrue(sent.cause)
        self.assertIn("resubmit", sent.next_step)
        mine = self.env["interop.message"].with_user(self.owner)
        self.assertIn(sent, mine.search([("state", "=", "dead")]))

    def test_a_technical_error_is_the_operators(self):
        sent = self._sent()
        self._ack(sent.external_id, "technical_error", [{"code": "db_down"}])
        self.assertEqual((sent.state, sent.error_kind), ("dead", "technical"))
        self.assertIn("db_down", sent.error_message)

    def test_accepted_settles_what_looked_lost(self):
        for state in ("dead", "pending"):
            sent = self._sent(state)
            self._ack(sent.external_id)
            self.assertEqual((sent.state, sent.error_class), ("done", False))
            self.assertFalse(sent.owner_user_id or sent.next_attempt_at)

    def test_the_later_one_counts(self):
        sent = self._sent()
        self._reject(sent)
        ack = self._ack(sent.external_id, occurred_at="2026-01-31T08:00:00Z")
        self.assertEqual((ack.state, sent.state), ("skipped", "dead"))
        ack = self._ack(sent.external_id, occurred_at="2026-01-31T09:00:00Z")
        self.assertEqual((ack.state, sent.state), ("done", "done"))

    def test_the_same_again_changes_nothing(self):
        sent = self._sent()
        first = self._reject(sent)
        self.assertEqual(self._reject(sent).state, "skipped")
        self.assertEqual(sent.receipt_message_id, first)

    def test_sent_again_it_may_be_rejected_again(self):
        sent = self._sent()
        self._reject(sent)
        sent._set_pending()
        sent._set_done()
        self._reject(sent)
        self.assertEqual(sent.state, "dead")

    def _waiting(self, key, lane):
        tries = {"attempt_count": 0, "try_count": 0}
        return self._sent("pending", ordering_key=key, lane=lane, **tries)

    def _endpoint(self, ordering):
        """Return an endpoint that keeps an order."""
        endpoints = self.env["interop.endpoint"]
        values = {
            "name": "Ordered",
            "code": f"ordered-{self._next()}",
            "system_id": self.out.system_id.id,
            "ordering": ordering,
        }
        if "url" in endpoints._fields:  # a transport that needs one is installed
            values["url"] = "https://receiver.example.com/hooks"
        return endpoints.create(values)

    def test_what_was_refused_after_delivery_holds_nothing_back(self):
        for state in ("done", "dead", "pending"):  # what we thought of it before
            for ordering in ("key", "strict"):
                with self.subTest(state=state, ordering=ordering):
                    lane = self._endpoint(ordering)._lane()
                    key = f"key-{self._next()}"
                    sent = self._sent(state, ordering_key=key, lane=lane)
                    later = self._waiting(key, lane)
                    self._reject(sent)
                    lanes = {lane: Lane(5, ordering)}
                    claims = MessageLeases(self.env).claim(lanes, self.out.ids, 60)
                    self.assertEqual([item.message_id for item in claims], later.ids)
                    (sent | later).invalidate_recordset()
                    later._set_done()
                    sent._set_cancelled("Given up.")

    def test_a_receipt_moves_a_message_as_everything_else_does(self):
        """The same columns and the same hook, from whatever state it was in."""
        names = ("lease_token", "lease_until", "next_attempt_at", "done_at")
        names += ("error_class", "error_pointer", "owner_user_id")
        model, calls = type(self.env["interop.message"]), []
        original = model._after_move

        def hook(messages, state):
            calls.append((messages.ids, state))
            return original(messages, state)

        for move, refused, before in (
            (lambda m: m._set_done(), False, "pending"),
            (lambda m: m._set_dead("business_rule", "x", "x"), True, "pending"),
            (None, False, "dead"),
            (None, True, "done"),
            (None, True, "dead"),
        ):
            with self.subTest(refused=refused, before=before):
                sent, state = self._sent(before), "dead" if refused else "done"
                with patch.object(model, "_after_move", hook):
                    calls.clear()
                    if move:
                        move(sent)
                    elif refused:
                        self._reject(sent)
                    else:
                        self._ack(sent.external_id)
                mine = [target for ids, target in calls if ids == sent.ids]
                self.assertEqual((sent.state, mine), (state, [state]))
                filled = {name for name in names if sent[name]}
                expected = {"error_class", "owner_user_id"} if refused else {"done_at"}
                self.assertEqual(filled, expected)

    def test_sent_again_it_takes_its_place_in_the_order_again(self):
        lane = self._endpoint("key")._lane()
        for send_again in (
            lambda message: message._set_pending(),
            lambda message: MessageBatch(self.env).send_again(message.ids),
        ):
            sent = self._sent(ordering_key="k", lane=lane)
            self._reject(sent)
            self.assertNotEqual(sent.lane, lane)
            later = self._waiting("k", lane)
            send_again(sent)
            self.assertEqual(sent.lane, lane)
            claims = MessageLeases(self.env).claim(
                {lane: Lane(5, "key")}, self.out.ids, 60
            )
            self.assertEqual([item.message_id for item in claims], sent.ids)
            (sent | later)._set_done()

    def test_unknown_and_foreign_messages(self):
        other = self._create_system(
            company_ids=[(6, 0, (self.facility | self.other_facility).ids)]
        )
        foreign = self._sent(system_id=other.id)
        elsewhere = self._sent(company_id=self.other_facility.id)
        for ref in ("msg_none", foreign.external_id, elsewhere.external_id):
            ack = self._ack(ref, http=422)
            self.assertEqual((ack.state, ack.error_code), ("dead", "unknown_message"))
            self.assertEqual(ack.owner_user_id, self.interface.exception_user_id)
        self.assertFalse((foreign | elsewhere).filtered("receipt_status"))

    def test_its_own_inbound_messages_are_not_acknowledged(self):
        sent = self._sent()
        ack = self._ack(sent.external_id)
        self.assertEqual(self._ack(ack.external_id, http=422).state, "dead")

    def test_given_up_messages_stay_given_up(self):
        sent = self._sent("cancelled")
        self.assertEqual(self._reject(sent).state, "skipped")
        self.assertEqual(sent.state, "cancelled")

    def test_while_it_is_on_its_way_the_sender_tries_again(self):
        sent = self._sent("pending")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_queue SET lease_token = 'other' WHERE id = %s", [sent.id]
        )
        self.env.invalidate_all()
        envelope = self._envelope(
            data={"ref_id": sent.external_id, "status": "accepted"}
        )
        response = self._post(envelope)
        self.assertEqual(response.status_code, 503)
        self.assertIn("Retry-After", response.headers)

    def test_texts_of_people_and_reasonless_rejections_are_refused(self):
        sent = self._sent()
        for errors in ([{"code": "Mr. Canary is dead"}], None):
            self._ack(sent.external_id, "business_rejected", errors, http=422)
            self.assertEqual(sent.state, "done")

    def test_examples_fit(self):
        self.assertEqual(len(self.contract.example_ids), 3)
        for example in self.contract.example_ids:
            self.assertFalse(self.contract._violations(json.loads(example.body)))
