"""One external identifier of one record."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestIdentifier(IdentifierCase):
    def test_the_raw_value_is_kept_and_the_spelling_compared(self):
        identifier = self._create_identifier(self.npi, "123-456 7893")
        self.assertEqual(identifier.value, "123-456 7893")
        self.assertEqual(identifier.value_normalized, "1234567893")
        self.assertFalse(identifier.check_failed)
        self.assertEqual(identifier.partner_id, self.partner)

    def test_warn_accepts_and_marks(self):
        self.npi.validation = "warn"
        self.assertTrue(self._create_identifier(self.npi, "1234567890").check_failed)

    def test_block_refuses(self):
        self.npi.validation = "block"
        with self.assertRaises(ValidationError):
            self._create_identifier(self.npi, "1234567890")

    def test_an_empty_value_is_refused(self):
        namespace = self._create_namespace(separator_rule="punctuation")
        with self.assertRaises(ValidationError):
            self._create_identifier(namespace, " - ")

    @mute_logger("odoo.sql_db")
    def test_one_active_row_per_value(self):
        other = self.partner.copy()
        first = self._create_identifier(self.npi, "1234567893")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._create_identifier(self.npi, "1234567893 ", other)
        first._set_retired()
        self._create_identifier(self.npi, "1234567893", other)

    @mute_logger("odoo.sql_db")
    def test_one_active_row_per_record_if_the_namespace_requires_it(self):
        self._create_identifier(self.npi, "1234567893")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._create_identifier(self.npi, "1245319599")
        many = self._create_namespace(one_active_per_record=False)
        self._create_identifier(many, "1")
        self._create_identifier(many, "2")

    def test_a_form_names_the_record(self):
        identifier = self.identifiers.create(
            {
                "namespace_id": self.npi.id,
                "value": "1234567893",
                "record_ref": f"res.partner,{self.partner.id}",
            }
        )
        self.assertEqual(identifier.partner_id, self.partner)
        self.assertEqual(identifier.record_ref, self.partner)

    def test_a_steward_adds_one_by_hand(self):
        steward = self._create_user("steward")
        form = Form(self.identifiers.with_user(steward))
        form.namespace_id = self.npi
        form.value = "1234567893"
        form.record_ref = f"res.partner,{self.partner.id}"
        self.assertEqual(form.save().partner_id, self.partner)

    def test_other_models_carry_identifiers_too(self):
        identifier = self._create_identifier(
            self._create_namespace(), "F1", self.facility
        )
        self.assertFalse(identifier.partner_id)
        self.assertEqual(identifier.record_ref, self.facility)

    def test_states_move_by_transition_only(self):
        identifier = self._create_identifier(self.npi, "1234567893")
        with self.assertRaises(AccessError):
            identifier.state = "retired"
        self._confirm(identifier.action_retire())
        self.assertEqual(identifier.state, "retired")
        self.assertTrue(identifier.period_end)
        self._confirm(identifier.action_reactivate())
        self.assertEqual(identifier.state, "active")
        self.assertFalse(identifier.period_end)
        self._confirm(identifier.action_enter_in_error())
        self.assertEqual(identifier.state, "entered_in_error")
        with self.assertRaises(UserError):
            self._confirm(identifier.action_reactivate())

    def _confirm(self, action, user=None, reason="A lost card"):
        """Fill in the dialog of a button as ``user`` and confirm it."""
        dialogs = self.env[action["res_model"]].with_user(user or self.env.user)
        form = Form(dialogs.with_context(**action["context"]))
        form.reason = reason
        return form.save().action_confirm()

    def test_each_change_records_user_time_and_reason(self):
        steward = self._create_user("steward")
        identifier = self._create_identifier(self.npi, "1234567893")
        self.assertFalse(identifier.state_at)
        with self.assertRaisesRegex(UserError, "without a reason"):
            self._confirm(identifier.action_retire(), steward, "  ")
        self._confirm(identifier.action_retire(), steward)
        self.assertEqual(identifier.state_by_id, steward)
        self.assertEqual(identifier.state_reason, "A lost card")
        self.assertTrue(identifier.state_at)
        self._confirm(identifier.action_reactivate(), steward, "Found again")
        self.assertEqual(identifier.state_reason, "Found again")
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", identifier._name), ("res_id", "=", identifier.id)]
        )
        self.assertEqual(
            trail.mapped("detail"), ["Active: Found again", "Retired: A lost card"]
        )
        self.assertEqual(set(trail.mapped("login")), {steward.login})
        for name, value in (("state_reason", "No"), ("state_by_id", self.env.uid)):
            with self.assertRaises(AccessError):
                identifier.with_user(steward).write({name: value})

    def test_a_reader_cannot_change_the_state(self):
        identifier = self._create_identifier(self.npi, "1234567893")
        for group in ("user", "operator", "auditor"):
            with self.assertRaises(AccessError):
                self._confirm(identifier.action_retire(), self._create_user(group))
        namespace = self._create_namespace(company_id=self.other_facility.id)
        foreign = self._create_identifier(namespace, "7")
        with self.assertRaises(AccessError):
            self._confirm(foreign.action_retire(), self._create_user("steward"))
        self.assertEqual((identifier | foreign).mapped("state"), ["active"] * 2)

    def test_history_is_never_deleted(self):
        identifier = self._create_identifier(self.npi, "1234567893")
        with self.assertRaises(ValidationError):
            identifier.unlink()

    def test_a_partner_with_identifiers_is_not_deleted(self):
        self._create_identifier(self.npi, "1234567893")._set_retired()
        with self.assertRaisesRegex(UserError, "Adam Careful.*Archive it"):
            self.partner.unlink()

    def test_values_of_people_are_masked_in_names(self):
        namespace = self._create_namespace(name="MRN", person_adjacent=True)
        self.assertEqual(
            self._create_identifier(namespace, "7654321").display_name, "MRN ••••21"
        )
        namespace = self._create_namespace(name="Ward")
        self.assertEqual(
            self._create_identifier(namespace, "W3").display_name, "Ward W3"
        )

    def test_guard_knows_the_indexes(self):
        names = self.env["interop.guard"]._guard_indexes()
        self.assertIn("interop_identifier_active_value_uniq", names)
        self.assertIn("interop_identifier_active_record_uniq", names)
        self.assertFalse(self.env["interop.guard"]._missing_indexes())
