"""The steward's queue in a real browser."""

from odoo.tests import HttpCase, tagged

from odoo.addons.interop_base.tests.common import InteropMixin

from .case_common import CaseMixin


@tagged("post_install", "-at_install")
class TestIdentityTours(CaseMixin, InteropMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()
        cls._set_up_engine()
        cls._free_inbound()
        cls._set_up_cases()
        cls.steward.write({"login": "interop_steward", "password": "interop_steward"})
        cls.ada.city, cls.king.city = "London", "Horsley"

    def test_a_steward_resolves_a_duplicate_and_the_message_is_applied(self):
        message = self._ambiguous(name="Ada Lovelace")
        self.assertEqual(message.state, "parked")
        self.start_tour("/odoo", "interop_identity_queue", login="interop_steward")
        self._run()
        self.assertEqual((message.state, message.resource_ref), ("done", self.ada))
        self.assertEqual(self.ada.name, "Ada Lovelace")
        case = message.identity_case_id
        self.assertEqual(case.decided_by_id, self.steward)
        self.assertEqual(case.merge_id.survivor_ref, self.ada)

    def test_a_steward_decides_different_and_takes_it_back(self):
        case = self._ambiguous().identity_case_id
        self.start_tour(
            "/odoo/interop-identity-cases",
            "interop_identity_apart",
            login="interop_steward",
        )
        self.assertEqual(
            (case.state, case.decision, case.answer_id),
            ("undone", "different", self.king.id),
        )

    def test_b8_undo_says_what_stays(self):
        """The second dialog lists each field that a message wrote since."""
        message = self._ambiguous(name="Ada Lovelace")
        case = self._case(message)
        side = "left" if case.left_id == self.ada.id else "right"
        self._decide(case, "same", survivor=side)
        message.sudo()._note_fields(
            [
                {
                    "object": "res.partner",
                    "id": self.ada.id,
                    "field": "name",
                    "outcome": "applied",
                }
            ]
        )
        self.start_tour(
            "/odoo/interop-identity-cases",
            "interop_identity_undo",
            login="interop_steward",
        )
        self.assertEqual(case.merge_id.state, "undone")
        self.assertIn("Name", case.merge_id.restore_report)
