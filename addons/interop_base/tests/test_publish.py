"""Publishing: by any user, in any place, and its cost."""

import json
from datetime import datetime

from odoo.tests import tagged

from .common import InteropCase


class PublishCase(InteropCase):
    """One interface per facility about partners, by a mapping of name and city."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract()
        cls.system = cls._create_system(
            company_ids=[(6, 0, (cls.facility | cls.other_facility).ids)]
        )
        cls.interface = cls._capture(cls.facility)
        cls.other_interface = cls._capture(cls.other_facility)

    @classmethod
    def _capture(cls, facility, contract=None, **values):
        """Create an interface that captures, whatever transport there is."""
        interface = cls._create_interface(
            system_id=cls.system.id,
            contract_ids=[(6, 0, (contract or cls.contract).ids)],
            company_ids=[(6, 0, facility.ids)],
            activate=False,
            transport=False,
            **values,
        )
        interface._transition({"state": "active"})
        cls.env.registry.clear_cache()
        return interface

    @classmethod
    def _partners(cls, count, facility=None, **values):
        company = cls.facility if facility is None else facility
        return cls.env["res.partner"].create(
            [
                {"name": f"Partner {n}", "company_id": company.id, **values}
                for n in range(count)
            ]
        )

    def _publish(self, records, **values):
        events = records.env["interop.event"]
        return events._publish(self.contract.message_type, records, **values)

    def _messages(self):
        self._commit()
        while self.env["interop.materializer"]._materialize():
            pass
        return self.env["interop.message"].search(
            [("contract_id", "=", self.contract.id)], order="id"
        )

    def _events(self):
        return self.env["interop.event"].search(
            [("contract_id", "=", self.contract.id)]
        )


@tagged("post_install", "-at_install")
class TestPublishAnywhere(PublishCase):
    def test_records_of_several_facilities_in_one_call_stay_apart(self):
        ours, theirs = self._partners(2), self._partners(2, self.other_facility)
        self._publish(ours | theirs)
        for message in self._messages():
            mine = message.interface_id == self.interface
            self.assertEqual(message.res_id in ours.ids, mine)
            facility = self.facility if mine else self.other_facility
            self.assertEqual(message.company_id, facility)
        self.assertEqual(len(self._messages()), 4)

    def test_a_clerk_without_any_right_to_the_catalogue_publishes(self):
        clerk = self._create_user()
        partner = self._partners(1).with_user(clerk)
        self._publish(partner)
        self.assertEqual(self._messages().interface_id, self.interface)

    def test_the_facility_of_the_record_wins_over_the_context(self):
        clerk = self._create_user(companies=self.facility | self.other_facility)
        partner = self._partners(1).with_user(clerk)
        switched = partner.with_context(allowed_company_ids=self.other_facility.ids)
        self._publish(switched.sudo())
        self.assertEqual(self._messages().company_id, self.facility)

    def test_a_record_without_facility_leaves_from_where_the_user_works(self):
        clerk = self._create_user(companies=self.facility | self.other_facility)
        shared = self._partners(1, self.env["res.company"]).with_user(clerk)
        self._publish(
            shared.with_context(allowed_company_ids=self.other_facility.ids).sudo()
        )
        self.assertEqual(self._messages().interface_id, self.other_interface)

    def test_a_forged_context_does_not_move_a_record_to_another_facility(self):
        clerk = self._create_user(companies=self.facility)
        shared = self._partners(1, self.env["res.company"]).with_user(clerk)
        forged = shared.with_context(allowed_company_ids=self.other_facility.ids)
        self._publish(forged.sudo())
        self.assertEqual(self._messages().interface_id, self.interface)

    def test_with_company_of_a_job_is_believed(self):
        shared = self._partners(1, self.env["res.company"])
        self._publish(shared.sudo().with_company(self.other_facility))
        self.assertEqual(self._messages().interface_id, self.other_interface)

    def test_forged_context_changes_nothing_in_the_content(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        partner = self._partners(1, city="Lund")
        forged = partner.with_context(
            lang="fr_FR",
            active_test=True,
            default_name="forged",
            interop_skip=True,
            tracking_disable=True,
            bin_size=True,
            show_address=True,
        )
        forged.active = False
        self._publish(forged)
        envelope = json.loads(self._messages()._payload_bytes())
        self.assertEqual(envelope["data"], {"name": "Partner 0", "city": "Lund"})

    def test_occurred_at_may_be_given(self):
        moment = datetime(2026, 1, 31, 8, 30)
        self._publish(self._partners(1), occurred_at=moment)
        self.assertEqual(self._messages().occurred_at, moment)

    def test_new_and_no_records_publish_nothing(self):
        self.assertEqual(self._publish(self.env["res.partner"]), 0)
        self._publish(self.env["res.partner"].new({"name": "Not saved"}))
        self.assertFalse(self._events())

    def test_a_record_deleted_later_in_the_transaction_leaves_nothing(self):
        partner = self._partners(1)
        self._publish(partner)
        partner.unlink()
        self.assertFalse(self._messages())
        self.assertFalse(self._events())

    def test_what_leaves_is_what_was_true_at_commit(self):
        partner = self._partners(1, city="Lund")
        self._publish(partner)
        partner.city = "Oslo"
        self._commit()
        partner.city = "Rome"
        envelope = json.loads(self._messages()._payload_bytes())
        self.assertEqual(envelope["data"]["city"], "Oslo")

    def test_every_version_that_an_interface_carries_is_published(self):
        second = self.contract.copy()
        second._set_published()
        self._capture(self.facility, second)
        partner = self._partners(1)
        self._publish(partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        versions = self._message_of(partner).contract_id.mapped("version")
        self.assertEqual(sorted(versions), [1, 2])


@tagged("post_install", "-at_install")
class TestCoalesce(PublishCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(coalesce=True)
        cls.interface = cls._capture(cls.facility, cls.contract)
        cls.other_interface = cls._capture(cls.other_facility, cls.contract)

    def test_several_calls_several_records_one_message_each(self):
        partners = self._partners(3)
        self._publish(partners[:2])
        self._publish(partners)
        self._publish(partners[1:])
        self.assertEqual(len(self._messages()), 3)

    def test_a_rolled_back_update_leaves_the_earlier_one(self):
        partner = self._partners(1, city="Lund")
        self._publish(partner)
        for flush in (True, False):
            with (
                self.assertRaises(ZeroDivisionError),
                self.env.cr.savepoint(flush=flush),
            ):
                partner.city = "Oslo"
                partner.flush_recordset()
                self._publish(partner)
                raise ZeroDivisionError
            partner.invalidate_recordset(flush=False)
        message = self._messages()
        self.assertEqual(len(message), 1)
        self.assertEqual(json.loads(message._payload_bytes())["data"]["city"], "Lund")

    def test_no_content_of_a_superseded_update_is_left_behind(self):
        partner = self._partners(1)
        before = self._payloads()
        for city in ("Lund", "Oslo", "Rome"):
            partner.city = city
            self._publish(partner)
            self._commit()
        self.assertEqual(self._payloads() - before, 1)

    def _payloads(self):
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        return self.env.cr.fetchone()[0]

    def test_a_contract_that_does_not_combine_sends_each(self):
        contract = self._create_contract()
        self._capture(self.facility, contract)
        partner = self._partners(1)
        for _update in range(2):
            self.env["interop.event"]._publish(contract.message_type, partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        self.assertEqual(len(self._message_of(partner)), 2)

    def test_order_of_first_publication_is_kept(self):
        first, second = self._partners(2)
        self._publish(first)
        self._publish(second)
        self._publish(first)
        self.assertEqual(self._messages().mapped("res_id"), [first.id, second.id])


@tagged("post_install", "-at_install")
class TestPublishInSavepoints(PublishCase):
    """Odoo runs the hooks of a commit whenever a savepoint begins or ends."""

    def _contents(self):
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        return self.env.cr.fetchone()[0]

    def test_what_a_plain_savepoint_took_back_leaves_nothing(self):
        """The ORM does not hear of it: the transaction still knows of rows that are gone."""
        kept, before = self._partners(1, city="Lund"), self._contents()
        self._publish(kept)
        savepoint = self.env.cr.savepoint(flush=False)
        gone = self._partners(1)
        gone.flush_recordset()
        self._publish(gone)
        self._publish(kept)
        savepoint.close(rollback=True)
        self.env.invalidate_all(flush=False)
        messages = self._messages()
        self.assertEqual(messages.mapped("res_id"), kept.ids)
        self.assertEqual(json.loads(messages._payload_bytes())["data"]["city"], "Lund")
        self.assertEqual(self._contents() - before, 1)

    def test_a_row_that_was_taken_back_and_published_again_leaves_once(self):
        partner = self._partners(1)
        for city in ("Lund", "Oslo"):
            with (
                self.assertRaises(ZeroDivisionError),
                self.env.cr.savepoint(flush=False),
            ):
                self._publish(partner)
                raise ZeroDivisionError
            partner.city = city
            partner.flush_recordset()
        self._publish(partner)
        messages = self._messages()
        self.assertEqual(len(messages), 1)
        self.assertEqual(json.loads(messages._payload_bytes())["data"]["city"], "Oslo")

    def test_records_that_are_deleted_after_the_savepoint_leave_as_they_were(self):
        contract = self._create_contract()
        self._capture(self.facility, contract)
        partner = self._partners(1, city="Lund")
        with self.env.cr.savepoint():
            self.env["interop.event"]._publish(contract.message_type, partner)
        partner.unlink()
        self._commit()
        self.env["interop.materializer"]._materialize()
        message = self.env["interop.message"].search(
            [("contract_id", "=", contract.id)]
        )
        self.assertEqual(json.loads(message._payload_bytes())["data"]["city"], "Lund")

    def test_one_that_cannot_be_built_keeps_no_savepoint_from_ending(self):
        required = self._create_contract()
        interface = self._create_interface(
            system_id=self.system.id,
            contract_ids=[(6, 0, required.ids)],
            company_ids=[(6, 0, self.facility.ids)],
            activate=False,
            transport=False,
        )
        interface.mapping_ids.line_ids.write({"required": True})
        interface._transition({"state": "active"})
        self.env.registry.clear_cache()
        complete, empty = self._partners(1, city="Lund"), self._partners(1, city=False)
        for partner in empty, complete:
            with self.env.cr.savepoint():
                self.env["interop.event"]._publish(required.message_type, partner)
        self._commit()
        self.env["interop.materializer"]._materialize()
        messages = self.env["interop.message"].search(
            [("contract_id", "=", required.id)]
        )
        states = {message.res_id: message.state for message in messages}
        self.assertEqual(states, {complete.id: "pending", empty.id: "dead"})

    def test_a_published_record_costs_a_savepoint_four_statements(self):
        """INSERT of the event, the savepoint of the build, and one that writes content."""
        partners = self._partners(4)
        self.env.flush_all()

        def statements(publish):
            before = self.env.cr.sql_log_count
            for partner in partners:
                with self.env.cr.savepoint():
                    if publish:
                        self._publish(partner)
            return self.env.cr.sql_log_count - before

        statements(True)  # warms caches
        self.assertLessEqual(statements(True) - statements(False), 4 * len(partners))


@tagged("post_install", "-at_install")
class TestPublishCost(PublishCase):
    """A thousand records in one go take a handful of statements."""

    def _statements(self, work):
        before = self.env.cr.sql_log_count
        work()
        return self.env.cr.sql_log_count - before

    def _publish_and_commit(self, partners):
        self._publish(partners)
        self._commit()

    def test_a_thousand_records_take_as_many_statements_as_ten(self):
        many, few = self._partners(1000), self._partners(10)
        self._publish_and_commit(self._partners(1))  # warm caches
        self.env.flush_all()
        for_few = self._statements(lambda: self._publish_and_commit(few))
        for_many = self._statements(lambda: self._publish_and_commit(many))
        self.assertLessEqual(for_few, 14)
        self.assertLessEqual(for_many, for_few + 2)
        self.assertEqual(len(self._messages()), 1000 + 10 + 1)

    def test_three_interfaces_cost_no_statement_more_than_two(self):
        contract = self._create_contract()
        partners = self._partners(100)
        publish = self.env["interop.event"]._publish
        self._capture(self.facility, contract)
        counts = []
        for _number in range(3):
            publish(contract.message_type, partners[:1])
            self._commit()
            counts.append(
                self._statements(
                    lambda: (publish(contract.message_type, partners), self._commit())
                )
            )
            self._capture(self.facility, contract)
        self.assertLessEqual(counts[2] - counts[1], 2)

    def test_without_a_subscriber_it_costs_nothing(self):
        partners = self._partners(1000)
        self._commit()
        publish = self.env["interop.event"]._publish
        publish("nobody.cares", partners)  # warm the cache
        self.assertEqual(self._statements(lambda: publish("nobody.cares", partners)), 0)
