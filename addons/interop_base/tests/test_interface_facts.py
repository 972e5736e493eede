"""Interfaces: the values that they may have, and emergency stops."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestInterfaceFacts(EngineCase):
    def test_code_is_immutable_unique_and_well_formed(self):
        interface = self._create_interface(activate=False)
        for record in (interface, interface.system_id):
            with self._refused(UserError, "cannot be changed"):
                record.code = "other"
            record.write({"code": record.code, "name": "Same code"})
        for code in ("", "UPPER", "with space", "-dash", "x" * 64, "ä", "a\n"):
            with self._refused(ValidationError, "not valid", msg=code):
                self._create_system(code=code)

    def test_governed_fields_are_locked_after_approval(self):
        interface = self._create_interface()
        other = self._create_system()
        changes = {
            "system_id": other.id,
            "direction": "in",
            "transport": False,
            "contract_ids": [Command.clear()],
            "company_ids": [Command.clear()],
            "data_class": "personal",
            "filter_domain": "[('city', '=', 'Lund')]",
        }
        for state in ("approved", "active", "suspended", "deprecated", "retired"):
            interface._transition({"state": state})
            for name, value in changes.items():
                with self._refused(
                    UserError, "change an approved value", msg=(state, name)
                ):
                    interface.write({name: value})
        interface.write(
            {"data_class": interface.data_class, "purpose": "Words may change"}
        )
        interface._transition({"state": "suspended"})
        interface._set_draft()
        self.assertFalse(interface.approved_by_id)
        interface.write({"filter_domain": changes["filter_domain"]})
        with self._refused(UserError, "cannot become"):
            interface._set_active()

    def test_facilities_must_belong_to_the_system_and_to_the_user(self):
        interface = self._create_interface(activate=False)
        both = self.facility | self.other_facility
        with self._refused(ValidationError, "does not serve"):
            interface.company_ids = both
        interface.system_id.company_ids = both
        admin = self._create_user("admin")
        with self._refused(AccessError):
            interface.with_user(admin).company_ids = both
        interface.company_ids = both
        with self._refused(ValidationError, "does not serve"):
            interface.system_id.company_ids = self.facility

    def test_system_with_interfaces_in_use_cannot_be_archived(self):
        interface = self._create_interface()
        with self._refused(ValidationError, "in use"):
            interface.system_id.active = False

    def test_interface_is_at_least_as_strict_as_its_contracts(self):
        contract = self._create_contract(data_class="personal")
        with self._refused(ValidationError, "Raise the data class of the interface"):
            self._create_interface(activate=False, contract_ids=[(6, 0, contract.ids)])

    def test_filter_is_checked_on_save(self):
        interface = self._create_interface(activate=False)
        for text in ("[('nope', '=', 1)]", "[('name'", "__import__('os')", "[1]", "7"):
            with self._refused(ValidationError, "filter", msg=text):
                interface.filter_domain = text
        interface.filter_domain = "[('city', '=', 'Lund')]"

    def test_changes_of_governed_fields_are_tracked(self):
        interface = self._create_interface(activate=False)
        self.env.flush_all()
        self.cr.precommit.run()
        interface.write(
            {"purpose": "Billing", "data_class": "personal", "objective_seconds": 5}
        )
        self.env.flush_all()
        self.cr.precommit.run()
        names = interface.message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertLessEqual({"purpose", "data_class", "objective_seconds"}, set(names))

    def test_mapping_lets_nothing_leave_that_its_author_may_not_read(self):
        model = self.env["ir.model"]._get_id("interop.secret")
        contract = self._create_contract(model_id=model)
        with self._refused(ValidationError):
            self._create_interface(activate=False, contract_ids=[(6, 0, contract.ids)])
        mapping = self.env["interop.mapping"].create(
            {
                "interface_id": self._create_interface(activate=False).id,
                "contract_id": contract.id,
            }
        )
        admin = self._create_user("admin")
        line = {"mapping_id": mapping.id, "path": "key", "field_path": "ciphertext"}
        for env in (self.env(su=True), self.env(user=admin)):
            with self._refused(ValidationError, "may not read this field"):
                env["interop.mapping.line"].create(line)
        users = self._create_contract(
            model_id=self.env["ir.model"]._get_id("res.users")
        )
        mapping.contract_id = users
        group_field = next(
            name
            for name, field in self.env["res.users"]._fields.items()
            if field.groups == "base.group_system" and field.type in ("char", "boolean")
        )
        with self._refused(ValidationError, "may not read this field"):
            self.env(user=admin)["interop.mapping.line"].create(
                {**line, "field_path": group_field}
            )

    def test_attainment_is_the_share_done_within_the_objective(self):
        interface = self._create_interface(objective_seconds=60)
        self.assertEqual((interface.attainment, interface.attainment_count), (0.0, 0))
        ages = (10, 59, 61, 600)
        for seconds in ages:
            message = self._publish(interface)
            message._set_done()
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE interop_message SET occurred_at ="
                " done_at - make_interval(secs => %s) WHERE id = %s",
                [seconds, message.id],
            )
        self._publish(interface)  # still waiting: counts neither way
        self._publish(interface)._set_dead("connect", "refused", "No connection")
        interface.invalidate_recordset()
        self.assertEqual(interface.attainment, 40.0)
        interface.objective_seconds = 601
        self.env.flush_all()
        interface.invalidate_recordset()
        self.assertEqual(interface.attainment, 80.0)


@tagged("post_install", "-at_install")
class TestEmergencyStop(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._create_user(
            "operator", companies=cls.facility | cls.other_facility
        )

    def _stop(self, records, reason="Wrong doses"):
        action = records.action_emergency_stop()
        wizard = (
            self.env["interop.stop.wizard"]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({"reason": reason})
        )
        wizard.action_stop()

    def test_stop_of_interface_system_or_facility_keeps_messages_back(self):
        interface = self._create_interface()
        for record in (interface, interface.system_id, self.facility):
            message = self._publish(interface)
            self._stop(record)
            self.assertEqual(record.interop_stopped_by_id, self.operator)
            self.assertEqual(record.interop_stop_reason, "Wrong doses")
            self._run()
            self.assertEqual(message.state, "pending", record._name)
            self.assertIsNone(
                self.env["interop.pump"].sudo()._next_due(),
                "nothing wakes the pump for what is stopped",
            )
            record.with_user(self.operator).action_lift_stop()
            self._run()
            self.assertEqual(message.state, "done", record._name)
            lines = self.env["interop.audit.event"].search(
                [("res_model", "=", record._name), ("res_id", "=", record.id)]
            )
            self.assertLessEqual({"stopped", "resumed"}, set(lines.mapped("action")))
            self.assertIn("Wrong doses", lines.mapped("detail"))

    def test_stop_of_a_facility_leaves_the_others_running(self):
        both = self.facility | self.other_facility
        interface = self._create_interface(
            system_id=self._create_system(company_ids=[(6, 0, both.ids)]).id,
            company_ids=[(6, 0, both.ids)],
        )
        stopped = self._publish(interface)
        running = self._publish(interface, company=self.other_facility)
        self._stop(self.facility)
        self._run()
        self.assertEqual((stopped.state, running.state), ("pending", "done"))

    def test_stopped_interface_still_captures(self):
        interface = self._create_interface()
        self._stop(interface)
        self.assertEqual(self._publish(interface).state, "pending")

    def test_suspended_interface_captures_and_moves_nothing(self):
        interface = self._create_interface()
        interface._set_suspended()
        message = self._publish(interface)
        self._run()
        self.assertEqual(message.state, "pending")
        interface._set_active()
        self._run()
        self.assertEqual(message.state, "done")

    def test_stop_needs_an_operator_a_reason_and_sight_of_the_record(self):
        interface = self._create_interface()
        for group in ("user", "steward", "auditor"):
            user = self._create_user(group)
            with self._refused(AccessError, msg=group):
                self.env["interop.stop.wizard"].with_user(user).create(
                    {
                        "res_model": "interop.interface",
                        "res_ids": str(interface.id),
                        "reason": "x",
                    }
                ).action_stop()
        foreign = self._create_user("operator", companies=self.other_facility)
        wizard = self.env["interop.stop.wizard"].with_user(foreign)
        values = {"res_model": "interop.interface", "res_ids": str(interface.id)}
        with self._refused(AccessError):
            wizard.create({**values, "reason": "x"}).action_stop()
        with self._refused(UserError, "cannot be stopped"):
            wizard.create(
                {**values, "res_model": "res.partner", "reason": "x"}
            ).action_stop()
        self.assertFalse(interface.interop_stopped_at)

    def test_second_stop_keeps_the_user_of_the_first(self):
        interface = self._create_interface()
        self._stop(interface, "First")
        self._stop(interface, "Second")
        self.assertEqual(interface.interop_stop_reason, "First")
