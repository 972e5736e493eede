"""After a decision messages continue in order, also if one of them asks again."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase

from .case_common import NATIONAL, SENDER, CaseMixin


@tagged("post_install", "-at_install")
class TestIdentityOrder(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()
        cls._identify(cls.ada, cls.own, "A-1")
        cls._identify(cls.king, cls.national, "N-20")

    def _finished(self, *messages):
        """Return the states; check that what is done was done in this order."""
        attempts = [
            message.attempt_ids.filtered(lambda item: item.outcome == "done").ids
            for message in messages
            if message.state == "done"
        ]
        self.assertEqual(attempts, sorted(attempts))
        return [message.state for message in messages]

    def test_messages_behind_a_second_question_of_their_key_wait(self):
        asks_twice = self._send(
            ("MERCY", "A-1"), (NATIONAL, "N-20"), name="First", ordering_key="k"
        )
        behind = self._send((SENDER, "A-1"), name="Second", ordering_key="k")
        other = self._send(("MERCY", "B-1"), name="Other", ordering_key="o")
        self.assertEqual(
            self._finished(asks_twice, behind, other), ["parked", "pending", "parked"]
        )
        authority = self._case(asks_twice)
        self.assertEqual(self._case(other), authority)
        self._decide(authority, "namespace", namespace_id=self.own.id)
        self.assertEqual(other.state, "done", "nothing to wait for")
        self.assertEqual(self._finished(asks_twice, behind), ["parked", "pending"])
        pair = self._case(asks_twice)
        self.assertEqual(pair.kind, "duplicate")
        self.assertNotEqual(pair, authority)
        side = "left" if pair.left_id == self.ada.id else "right"
        self._decide(pair, "same", survivor=side)
        self.assertEqual(self._finished(asks_twice, behind), ["done", "done"])
        self.assertEqual(self.ada.name, "Second", "the last word is the last message's")

    def test_messages_of_one_question_continue_in_order(self):
        for key in ("k", None):
            messages = [
                self._send(
                    (f"LAB-{key}", "A-1"), name=f"{key} {number}", ordering_key=key
                )
                for number in range(5)
            ]
            case = self._case(messages[0])
            self._decide(case, "namespace", namespace_id=self.own.id)
            self.assertEqual(self._finished(*messages), ["done"] * 5)
            self.assertEqual(self.ada.name, f"{key} 4")

    def test_a_rejected_message_keeps_its_place_until_its_owner_closes_it(self):
        first = self._send(("MERCY", "A-1"), name="First", ordering_key="k")
        second = self._send((SENDER, "A-1"), name="Second", ordering_key="k")
        self._decide(self._case(first), "rejected", reason="Unknown sender code")
        self.assertEqual(self._finished(first, second), ["dead", "pending"])
        first._close("Told to the laboratory")
        self._run()
        self.assertEqual(self._finished(first, second), ["cancelled", "done"])

    def test_promise_8_no_value_of_a_message_is_in_the_queue(self):
        self._set_columns(self.interface, unknown_policy="park")
        self._send((SENDER, "CANARY-4711"))
        self._identify(self.ada, self.national, "N-10")
        self._send((SENDER, "CANARY-4712"), (NATIONAL, "N-10"))
        self.assertEqual(self.cases.search_count([("state", "=", "open")]), 2)
        for table in ("interop_identity_case", "mail_activity", "mail_message"):
            self.env.flush_all()
            self.env.cr.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%CANARY%'"
            )
            self.assertEqual(self.env.cr.fetchone()[0], 0, table)
