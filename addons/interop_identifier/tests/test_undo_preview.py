"""B8: undoing a merge shows, field by field, restored and remaining values."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase

from .case_common import CaseMixin


@tagged("post_install", "-at_install")
class TestUndoPreview(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()

    def _merged_case(self):
        """Return a case decided as the same whose message has been applied since."""
        message = self._ambiguous(name="Adam Careful")
        case = self._case(message)
        side = "left" if case.left_id == self.ada.id else "right"
        self._decide(case, "same", survivor=side)
        self.assertEqual((message.state, self.ada.name), ("done", "Adam Careful"))
        return case, message

    def _wizard(self, case):
        action = case.action_unmerge()
        wizards = self.env[action["res_model"]].with_user(self.steward)
        return wizards.with_context(**action["context"]).create({"reason": "Two men"})

    def _note(self, message, *names):
        """Report the values that the message wrote, as governed models do."""
        message.sudo()._note_fields(
            [
                {
                    "object": "res.partner",
                    "id": self.ada.id,
                    "field": name,
                    "outcome": "applied",
                }
                for name in names
            ]
        )

    def test_b8_both_lists_before_undoing(self):
        case, message = self._merged_case()
        self._note(message, "name")
        wizard = self._wizard(case)
        text = str(wizard.effects)
        back, stays = text.split("Stays unchanged")
        self.assertIn("National N-20: Record", back)
        self.assertIn(
            f"Adam Careful (#{self.ada.id}) → Ada King (#{self.king.id})", back
        )
        self.assertIn(f"Adam Careful (#{self.ada.id}): Name", stays)
        self.assertIn("It stays “Adam Careful”", stays)
        self.assertIn(message.external_id, stays)
        self.assertEqual(
            (wizard.survivor_name, wizard.merged_name),
            (f"Ada Byron (#{self.ada.id})", f"Ada King (#{self.king.id})"),
        )
        self.assertEqual(self.ada.name, "Adam Careful", "nothing is done yet")

    def test_b8_the_report_lists_remaining_values(self):
        case, message = self._merged_case()
        self._note(message, "name")
        wizard = self._wizard(case)
        wizard.action_unmerge()
        merge = case.merge_id
        self.assertEqual(merge.state, "undone")
        self.assertIn(f"#{self.ada.id} Name", merge.restore_report)
        self.assertNotIn("Careful", merge.restore_report, "no values: kept permanently")
        self.assertEqual(self._known(self.king).value, "N-20")

    def test_b8_provenance_counts_without_its_message(self):
        case, _message = self._merged_case()
        self.env.cr.execute(
            """INSERT INTO interop_provenance (res_model, res_id, field_name, system_id,
                                               message_ref, set_at, stated)
               VALUES ('res.partner', %s, 'phone', %s, 'msg_gone',
                       now() AT TIME ZONE 'UTC' + interval '1 hour', '{}')""",
            [self.ada.id, self.sender.id],
        )
        text = str(self._wizard(case).effects)
        self.assertIn("msg_gone", text)
        self.assertIn("Phone", text)

    def test_b8_message_and_system_of_another_facility_are_not_named(self):
        case, _message = self._merged_case()
        theirs = self._create_system(
            name="Secret Lab", company_ids=[(6, 0, self.other_facility.ids)]
        )
        self.env.cr.execute(
            """INSERT INTO interop_provenance (res_model, res_id, field_name, system_id,
                                               company_id, message_ref, set_at, stated)
               VALUES ('res.partner', %s, 'phone', %s, %s, 'msg_theirs',
                       now() AT TIME ZONE 'UTC' + interval '1 hour', '{}')""",
            [self.ada.id, theirs.id, self.other_facility.id],
        )
        text = str(self._wizard(case).effects)
        self.assertIn("Phone", text)
        self.assertIn("A system of another facility", text)
        self.assertNotIn("Secret Lab", text)
        self.assertNotIn("msg_theirs", text)

    def test_b8_changed_since_and_added_since(self):
        case, _message = self._merged_case()
        moved = self._known(self.ada).filtered(lambda row: row.value == "N-20")
        moved._set_retired(reason="Card lost")
        self.env.flush_all()
        added = self._identify(self.ada, self._namespace("Other", "urn:o"), "O-1")
        self.env.cr.execute(
            "UPDATE interop_identifier SET create_date = create_date + interval '1 day'"
            " WHERE id = %s",
            [added.id],
        )
        self.env.invalidate_all()
        stays = str(self._wizard(case).effects).split("Stays unchanged")[1]
        self.assertIn("O-1", stays)
        self.assertIn("added after the merge", stays)

    def test_b8_changes_of_other_facilities_are_counted(self):
        theirs = self._namespace(
            "Theirs", "urn:theirs", company_id=self.other_facility.id
        )
        self._identify(self.king, theirs, "T-1")
        case, _message = self._merged_case()
        text = str(self._wizard(case).effects)
        self.assertNotIn("T-1", text)
        self.assertIn("change(s) of other facilities", text)

    def test_b8_no_content_is_trusted_as_markup(self):
        case, message = self._merged_case()
        self._note(message, "name")
        self.ada.name = "<script>alert(1)</script>"
        self.assertNotIn("<script>", str(self._wizard(case).effects))
