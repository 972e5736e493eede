"""Events: inside the business transaction, snapshotted, turned into messages."""

import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import InteropCase


@tagged("post_install", "-at_install")
class TestPromise1Atomic(InteropCase):
    """Promise 1: rolled back → no message; committed → exactly one per subscription."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract()
        cls.interface = cls._create_interface(
            contract_ids=[(6, 0, cls.contract.ids)], activate=False, transport=False
        )
        # Without a transport addon nothing could be activated: capture is what counts.
        cls._capture(cls.interface)

    @classmethod
    def _capture(cls, interface):
        interface._transition({"state": "active"})
        cls.env.registry.clear_cache()

    def _partner(self, **values):
        return self.env["res.partner"].create(
            {"name": "Dr. Ada", "company_id": self.facility.id, **values}
        )

    def _publish(self, records):
        self.env["interop.event"]._publish(self.contract.message_type, records)

    def _events(self):
        return self.env["interop.event"].search(
            [("contract_id", "=", self.contract.id)]
        )

    def test_promise_1_committed_makes_exactly_one_message_per_subscription(self):
        second = self._create_interface(
            contract_ids=[(6, 0, self.contract.ids)], activate=False, transport=False
        )
        self._capture(second)
        partner = self._partner()
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        messages = self._message_of(partner)
        self.assertEqual(messages.interface_id, self.interface | second)
        self.assertEqual(len(messages), 2)
        self.assertFalse(self._events())

    def test_promise_1_rolled_back_savepoint_leaves_nothing(self):
        partner = self._partner()
        for flush in (True, False):
            with (
                self.assertRaises(ZeroDivisionError),
                self.env.cr.savepoint(flush=flush),
            ):
                self._publish(partner)
                raise ZeroDivisionError
        self._commit()
        self.env["interop.materializer"]._materialize()
        self.assertFalse(self._message_of(partner))

    def test_promise_1_savepoint_that_succeeds_keeps_earlier_and_later_events(self):
        before, inside, after = (self._partner(name=name) for name in "abc")
        self._publish(before)
        with self.env.cr.savepoint():
            self._publish(inside)
        self._publish(after)
        self._commit()
        self.env["interop.materializer"]._materialize()
        for partner in (before, inside, after):
            self.assertEqual(len(self._message_of(partner)), 1)

    def test_promise_1_import_and_its_test_button(self):
        model = self.env["base_import.import"]
        self.patch(
            type(self.env["res.partner"]),
            "create",
            self._publishing_create(type(self.env["res.partner"]).create),
        )
        options = {"quoting": '"', "separator": ",", "has_headers": True}
        for dryrun, expected in ((True, 0), (False, 2)):
            wizard = model.create(
                {
                    "res_model": "res.partner",
                    "file": b"name,company_id\nOne,Mercy Hospital\nTwo,Mercy Hospital\n",
                    "file_type": "text/csv",
                    "file_name": "partners.csv",
                }
            )
            fields_ = ["name", "company_id"]
            result = wizard.execute_import(fields_, fields_, options, dryrun=dryrun)
            self.assertFalse(result["messages"])
            self._commit()
            self.env["interop.materializer"]._materialize()
            found = self.env["interop.message"].search(
                [("interface_id", "=", self.interface.id)]
            )
            self.assertEqual(len(found), expected)

    def _publishing_create(self, original):
        contract_type = self.contract.message_type

        def create(records, vals_list):
            created = original(records, vals_list)
            created.env["interop.event"]._publish(contract_type, created)
            return created

        return create

    def test_only_mapped_fields_leave(self):
        partner = self._partner(city="Lund", email="secret@example.org")
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        envelope = json.loads(self._message_of(partner)._payload_bytes())
        self.assertEqual(envelope["data"], {"name": "Dr. Ada", "city": "Lund"})
        self.assertEqual(envelope["facility"], "MERCY")
        self.assertEqual(envelope["sequence"], 1)

    def test_other_facility_is_not_captured(self):
        partner = self._partner(company_id=self.other_facility.id)
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        self.assertFalse(self._message_of(partner))
        self.assertFalse(self._events())

    def test_filter_is_honored(self):
        self.interface._transition({"filter_domain": "[('city', '=', 'Lund')]"})
        lund, oslo = self._partner(city="Lund"), self._partner(city="Oslo")
        self._publish(lund | oslo)
        self._commit()
        self.env["interop.materializer"]._materialize()
        self.assertEqual(len(self._message_of(lund)), 1)
        self.assertFalse(self._message_of(oslo))

    def test_failing_build_never_blocks_the_business_and_has_an_owner(self):
        self.interface.mapping_ids.line_ids.filtered(
            lambda line: line.path == "city"
        ).required = True
        self._accept(self.interface)
        partner = self._partner(city=False)
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        message = self._message_of(partner)
        self.assertEqual(message.state, "dead")
        self.assertEqual(message.error_class, "schema")
        self.assertEqual(message.owner_user_id, self.interface.exception_user_id)

    def test_violation_of_the_contract_makes_a_dead_message_without_content(self):
        self.interface.mapping_ids.line_ids.filtered(
            lambda line: line.path == "name"
        ).unlink()
        self._accept(self.interface)
        partner = self._partner()
        self._publish(partner)
        self._commit()
        # The business does not pay for checking it: that is for the pump.
        self.assertEqual(self._events().state, "ready")
        self.env["interop.materializer"]._materialize()
        message = self._message_of(partner)
        self.assertEqual((message.state, message.error_class), ("dead", "schema"))
        self.assertTrue(message.owner_user_id or message.owner_team_id)
        self.assertFalse(message.payload_id)

    def test_resubmission_is_a_new_message_linked_to_its_parent(self):
        line = self.interface.mapping_ids.line_ids.filtered(
            lambda line: line.path == "city"
        )
        line.required = True
        self._accept(self.interface)
        partner = self._partner(city=False)
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        failed = self._message_of(partner)
        partner.city = "Lund"
        failed.action_retry()
        self._commit()
        self.env["interop.materializer"]._materialize()
        again = self._message_of(partner) - failed
        self.assertEqual(again.parent_id, failed)
        self.assertEqual(again.state, "pending")
        self.assertEqual(failed.state, "cancelled")

    def test_what_the_receiver_refused_is_resubmitted_from_the_corrected_record(self):
        partner = self._partner(city="Oslo")
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        refused = self._message_of(partner)
        refused._set_dead("business_rule", "http_422", "The receiver answered 422.")
        self.assertIn("resubmit", refused.next_step)
        partner.city = "Lund"
        refused.action_resubmit()
        self._commit()
        self.env["interop.materializer"]._materialize()
        again = self._message_of(partner) - refused
        self.assertEqual(again.parent_id, refused)
        self.assertNotEqual(again.external_id, refused.external_id)
        self.assertEqual(json.loads(again._payload_bytes())["data"]["city"], "Lund")
        with self.assertRaises(UserError):
            refused.action_resubmit()

    def test_publishing_costs_one_statement_per_call(self):
        partners = self.env["res.partner"].create(
            [{"name": str(i), "company_id": self.facility.id} for i in range(100)]
        )
        self._publish(partners[:1])  # warm caches
        self._commit()
        with self.assertQueryCount(1, flush=False):
            self._publish(partners)

    def test_snapshot_of_many_records_is_a_handful_of_statements(self):
        partners = self.env["res.partner"].create(
            [{"name": str(i), "company_id": self.facility.id} for i in range(100)]
        )
        self._publish(partners[:1])
        self._commit()
        self._publish(partners)
        with self.assertQueryCount(15):
            self._commit()

    def test_nobody_subscribes_costs_no_statement(self):
        partners = self._partner()
        self.env["interop.event"]._publish("nobody.cares", partners)
        with self.assertQueryCount(0):
            self.env["interop.event"]._publish("nobody.cares", partners)

    def test_combined_updates_make_one_message_with_the_last_content(self):
        contract = self._create_contract(coalesce=True)
        interface = self._create_interface(
            contract_ids=[(6, 0, contract.ids)], activate=False, transport=False
        )
        self._capture(interface)
        partner = self._partner(city="Lund")
        for city in ("Lund", "Oslo"):
            partner.city = city
            self.env["interop.event"]._publish(contract.message_type, partner)
            with self.env.cr.savepoint():
                pass  # a flushing savepoint snapshots; the next update has to win
        self._commit()
        self.env["interop.materializer"]._materialize()
        message = self._message_of(partner)
        self.assertEqual(len(message), 1)
        self.assertEqual(json.loads(message._payload_bytes())["data"]["city"], "Oslo")

    def test_sequence_has_no_gaps_and_no_repeats(self):
        for _batch in range(3):
            self._publish(
                self.env["res.partner"].create(
                    [{"name": n, "company_id": self.facility.id} for n in "xyz"]
                )
            )
            self._commit()
            self.env["interop.materializer"]._materialize()
        messages = self.env["interop.message"].search(
            [("interface_id", "=", self.interface.id)], order="id"
        )
        self.assertEqual(messages.mapped("sequence"), list(range(1, 10)))
