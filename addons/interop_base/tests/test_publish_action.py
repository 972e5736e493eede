"""The server action Publish Message: menus, scheduled actions, and its checks."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .test_publish import PublishCase


@tagged("post_install", "-at_install")
class TestPublishAction(PublishCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.env["ir.model"]._get("res.partner")
        cls.action = cls._action()

    @classmethod
    def _action(cls, **values):
        return cls.env["ir.actions.server"].create(
            {
                "name": "Tell the others",
                "model_id": cls.model.id,
                "state": "interop_publish",
                "interop_contract_id": cls.contract.id,
                **values,
            }
        )

    def _run(self, records, user=None):
        action = self.action.with_context(
            active_model=records._name, active_ids=records.ids, active_id=records[:1].id
        )
        return action.with_user(user or self.env.user).run()

    def test_publishes_the_records_of_the_menu(self):
        partners = self._partners(3)
        self.action.create_action()
        self._run(partners)
        self.assertEqual(self._messages().mapped("res_id"), partners.ids)

    def test_one_record_as_behind_a_button(self):
        partner = self._partners(1)
        self._run(partner)
        self.assertEqual(self._messages().res_id, partner.id)

    def test_many_records_are_one_publication(self):
        partners = self._partners(200)
        self._run(partners[:1])
        before = self.env.cr.sql_log_count
        self._run(partners[1:])
        self.assertLess(self.env.cr.sql_log_count - before, 20)

    def test_runs_for_users_without_access_to_the_catalogue(self):
        clerk = self._create_user("base.group_partner_manager")
        partner = self._partners(1)
        self._run(partner, clerk)
        self.assertEqual(self._messages().res_id, partner.id)

    def test_does_not_run_on_records_that_the_user_may_not_change(self):
        clerk = self._create_user()
        with self.assertRaises(AccessError):
            self._run(self._partners(1), clerk)

    def test_the_name_describes_the_action(self):
        self.assertEqual(
            self.action._generate_action_name(),
            f"Publish {self.contract.message_type}",
        )

    def test_as_scheduled_action_it_publishes_the_records_of_its_domain(self):
        partners = self._partners(2, ref="TODAY")
        self._partners(1, ref="OTHER")
        cron = self.env["ir.cron"].create(
            {
                "name": "Every day",
                "model_id": self.model.id,
                "state": "interop_publish",
                "interop_contract_id": self.contract.id,
                "interop_domain": "[('ref', '=', 'TODAY'), "
                "('create_date', '<=', context_today() + relativedelta(days=1))]",
                "interval_number": 1,
                "interval_type": "days",
            }
        )
        self.assertEqual(cron.allowed_states, ["code", "interop_publish"])
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(set(self._messages().mapped("res_id")), set(partners.ids))

    def test_without_records_and_domain_it_says_so(self):
        with self.assertRaisesRegex(Exception, "no records"):
            self.action.run()

    def test_set_ups_that_cannot_work_are_refused(self):
        company = self.env["ir.model"]._get_id("res.company")
        for message, values in (
            ("Choose the contract", {"interop_contract_id": False}),
            ("is about", {"model_id": company}),
            ("is not valid", {"interop_domain": "[('nope', '=', 1)]"}),
            ("is not valid", {"interop_domain": "[oops"}),
            ("scheduled action", {"usage": "ir_cron"}),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self._action(**values)

    def test_inside_a_multi_action(self):
        parent = self.env["ir.actions.server"].create(
            {
                "name": "Both",
                "model_id": self.model.id,
                "state": "multi",
                "child_ids": [(6, 0, self.action.ids)],
            }
        )
        partner = self._partners(1)
        parent.with_context(
            active_model="res.partner", active_id=partner.id, active_ids=partner.ids
        ).run()
        self.assertEqual(self._messages().res_id, partner.id)

    def test_a_failing_mapping_never_stops_the_action(self):
        self.interface.mapping_ids.line_ids.write({"required": True})
        self._accept(self.interface)
        partner = self._partners(1, city=False)
        self._run(partner)
        self.assertEqual(self._messages().state, "dead")

    def test_repeated_runs_in_one_transaction_are_one_message(self):
        partner = self._partners(1, city="Lund")
        self._run(partner)
        partner.city = "Oslo"
        self._run(partner)
        self.assertEqual(len(self._messages()), 1)
