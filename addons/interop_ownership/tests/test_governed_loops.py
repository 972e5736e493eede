"""Messages do not return to their origin; echoes stop; Odoo publishes its fields."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base.models.engine import origin

from .governed_common import GovernedCase


@tagged("post_install", "-at_install")
class TestLoops(GovernedCase):
    """Messages do not return to their origin; echoes stop; Odoo publishes its fields."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.replica = cls._create_contract()
        cls.ehr_out = cls._outbound(cls.ehr)
        cls.billing_out = cls._outbound(cls.billing)

    @classmethod
    def _outbound(cls, system, **values):
        return cls._create_interface(
            system_id=system.id, contract_ids=[(6, 0, cls.replica.ids)], **values
        )

    def _leaving(self, partner):
        """Return the interfaces on which messages about ``partner`` leave now."""
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        messages = self._message_of(partner).filtered(lambda m: m.direction == "out")
        interfaces = messages.interface_id
        self._set_columns(messages, res_id=None)
        return interfaces

    def test_fields_of_odoo_are_published_to_replicas(self):
        self._create_rule("city", contract_id=self.replica.id)
        partner = self._create_partner(city="Lund")
        self.assertEqual(self._leaving(partner), self.ehr_out | self.billing_out)
        partner.phone = "1"
        self.assertFalse(self._leaving(partner))
        partner.city = "Lund"
        self.assertFalse(self._leaving(partner))
        partner.city = "Malmö"
        self.assertEqual(self._leaving(partner), self.ehr_out | self.billing_out)

    def test_not_published_where_another_system_decides(self):
        rule = self._create_rule("city", contract_id=self.replica.id)
        rule.write(
            {"authority": "system", "system_id": self.ehr.id, "contract_id": False}
        )
        partner = self._create_partner(city="Lund")
        partner.city = "Malmö"
        self.assertFalse(self._leaving(partner))

    def test_a_change_from_a_system_is_not_sent_back_to_it(self):
        self._create_rule("city", contract_id=self.replica.id, policy="flag")
        partner = self._create_partner(city="Lund")
        self._leaving(partner)
        self._send(self.ehr_in, partner, city="Malmö")
        event = self.env["interop.event"].search([("res_id", "=", partner.id)])
        self.assertEqual(event.origin_system_id, self.ehr)
        self.assertEqual(self._leaving(partner), self.billing_out)

    def test_a_confirmation_that_is_wanted_goes_back(self):
        with self._refused(UserError, "sending back"):
            self.ehr_out.send_back = True  # not what was approved
        confirmations = self._outbound(self.ehr, send_back=True)
        self._create_rule("city", contract_id=self.replica.id, policy="flag")
        partner = self._create_partner(city="Lund")
        self._leaving(partner)
        self._send(self.ehr_in, partner, city="Malmö")
        self.assertEqual(self._leaving(partner), confirmations | self.billing_out)

    def test_publications_of_a_handler_know_their_origin(self):
        contract = self._create_contract()
        replica = self.replica.message_type

        def handle(handler, message, data):
            partner = handler.env["res.partner"].sudo().browse(data["id"])
            partner.env["interop.event"]._publish(replica, partner)
            return partner

        self._create_handler(contract.message_type, _apply=handle)
        inbound = self._create_interface(
            system_id=self.billing.id,
            direction="in",
            contract_ids=[(6, 0, contract.ids)],
        )
        partner = self._create_partner()
        message = self._receive(inbound, {"id": partner.id})
        message.with_context(origin_system_id=self.ehr.id)._apply_now()
        self.assertEqual(message.state, "done")
        self.assertEqual(self._leaving(partner), self.ehr_out)
        self.env["interop.event"]._publish(replica, partner)
        self.assertEqual(self._leaving(partner), self.ehr_out | self.billing_out)

    def test_two_systems_that_echo_each_other_settle(self):
        self._create_rule("city", contract_id=self.replica.id, policy="flag")
        partner = self._create_partner(city="Lund")
        self._leaving(partner)
        inbound = {self.ehr: self.ehr_in, self.billing: self.billing_in}
        self._send(self.ehr_in, partner, city="Malmö")
        rounds = 0
        leaving = self._leaving(partner)
        while leaving and rounds < 5:
            rounds += 1
            for interface in leaving:  # each replica sends back the values that it got
                self._send(inbound[interface.system_id], partner, city=partner.city)
            leaving = self._leaving(partner)
        self.assertEqual(rounds, 1)
        self.assertEqual(partner.city, "Malmö")

    def test_combined_updates_of_several_origins_go_to_everybody(self):
        self.replica.invalidate_recordset()
        coalescing = self._create_contract(coalesce=True)
        interface = self._create_interface(
            system_id=self.ehr.id, contract_ids=[(6, 0, coalescing.ids)]
        )
        partner = self._create_partner()
        message = self._receive(self.ehr_in, {})
        with origin.applying(message):
            self.env["interop.event"]._publish(coalescing.message_type, partner)
        self.env["interop.event"]._publish(coalescing.message_type, partner)
        self.assertEqual(self._leaving(partner), interface)
