"""From the identifiers of a message to one record, without guessing."""

from datetime import datetime, timedelta

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import (
    BusinessError,
    OwnershipError,
    PossibleDuplicate,
    TechnicalError,
    UnknownIdentifier,
)
from odoo.addons.interop_identifier.models.identifier_links import IdentifierLinks
from odoo.addons.interop_identifier.models.identity_resolver import IdentityResolver

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestResolve(IdentifierCase):
    def setUp(self):
        super().setUp()
        self.own = self._create_namespace(company_id=self.facility.id)
        self.other = self.partner.copy()

    def _resolve(self, *wires, **options):
        return self.identifiers._resolve(list(wires), self.facility, **options)

    def test_one_of_several_is_enough(self):
        self._create_identifier(self.npi, "1234567893")
        found = self._resolve(
            self._wire(self.own, "7"), self._wire(self.npi, "12345 67893")
        )
        self.assertEqual(found, self.partner)

    def test_none(self):
        self.assertIsNone(self._resolve(self._wire(self.own, "7")))
        self.assertIsNone(self._resolve())

    def test_two_records_are_a_conflict(self):
        self._create_identifier(self.npi, "1234567893")
        self._create_identifier(self.own, "7", self.other)
        with self.assertRaises(PossibleDuplicate) as caught:
            self._resolve(self._wire(self.own, "7"), self._wire(self.npi, "1234567893"))
        self.assertTrue(caught.exception.parks)
        self.assertNotIn("1234567893", str(caught.exception))

    def test_another_kind_of_record_is_a_conflict(self):
        self._create_identifier(self.own, "7", self.facility)
        with self.assertRaises(PossibleDuplicate):
            self._resolve(self._wire(self.own, "7"), model="res.partner")

    def test_merged_ones_find_the_survivor(self):
        self._create_identifier(self.own, "7")._set_merged()
        self.assertEqual(self._resolve(self._wire(self.own, "7")), self.partner)

    def test_retired_and_withdrawn_identifiers_find_nothing(self):
        self._create_identifier(self.own, "7")._set_retired()
        self.assertIsNone(self._resolve(self._wire(self.own, "7")))
        self._create_identifier(self.own, "8")._set_entered_in_error()
        self.assertIsNone(self._resolve(self._wire(self.own, "8")))

    def test_a_late_message_finds_the_former_holder_of_the_number(self):
        first = self._create_identifier(self.own, "7")
        first._set_retired()
        first.period_end = datetime(2020, 1, 1)
        self._create_identifier(self.own, "7", self.other)
        wire = self._wire(self.own, "7")
        self.assertEqual(self._resolve(wire, at=datetime(2019, 1, 1)), self.partner)
        self.assertEqual(self._resolve(wire, at=datetime(2021, 1, 1)), self.other)
        self.assertEqual(self._resolve(wire), self.other)

    def test_a_stated_end_outlives_retirement(self):
        past, future = datetime(2024, 1, 2), datetime(2099, 1, 1)
        ended = self._create_identifier(self.own, "7", period_end=past)
        later = self._create_identifier(self.npi, "1234567893", period_start=future)
        (ended | later)._set_retired()
        self.assertEqual(ended.period_end, past)
        self.assertEqual(later.period_end, future, "it never was good")
        self._create_identifier(self.own, "7", self.other)
        wire = [self._wire(self.own, "7")]
        for at, record in (("2024-01-01", self.partner), ("2024-06-01", self.other)):
            at = datetime.fromisoformat(at)
            self.assertEqual(
                self.identifiers._resolve(wire, self.facility, at=at), record
            )

    def test_an_active_one_counts_even_outside_its_period(self):
        self._create_identifier(
            self.own, "7", period_start=clock.now() + timedelta(days=10)
        )
        self.assertEqual(self._resolve(self._wire(self.own, "7")), self.partner)

    def test_errors_of_the_namespace_come_through(self):
        with self.assertRaises(UnknownIdentifier):
            self._resolve({"system": "http://nobody.example", "value": "1"})
        with self.assertRaises(OwnershipError):
            self.identifiers._resolve([self._wire(self.own, "7")], self.other_facility)

    def test_invalid_values_and_periods_are_refused(self):
        for wire in (
            self._wire(self.own, "  "),
            self._wire(self.own, "x" * 256),
            self._wire(self.own, "7", period={"start": "soon"}),
            self._wire(
                self.own, "7", period={"start": "2024-02-01", "end": "2024-01-01"}
            ),
        ):
            with self.assertRaises(BusinessError) as caught:
                self._resolve(wire)
            self.assertEqual(caught.exception.code, "identifier_invalid")
            self.assertEqual(caught.exception.pointer, "/data/identifiers/0")

    def test_many_at_once(self):
        self._create_identifier(self.npi, "1234567893")
        self._create_identifier(self.own, "7", self.other)
        lists = [
            [self._wire(self.npi, "1234567893")],
            [self._wire(self.own, "8")],
            [self._wire(self.own, "7"), self._wire(self.npi, "1234567893")],
            [{"system": "http://nobody.example", "value": "1"}],
            [self._wire(self.own, "7")],
        ]
        one, none, two, unknown, other = IdentityResolver(
            self.identifiers
        ).resolve_many(lists, self.facility, model="res.partner")
        self.assertEqual((one, none, other), (self.partner, None, self.other))
        self.assertIsInstance(two, PossibleDuplicate)
        self.assertIsInstance(unknown, UnknownIdentifier)
        with self.assertQueryCount(2):  # the look-up and the facilities above
            self.env.invalidate_all()
            IdentityResolver(self.identifiers).resolve_many(
                [[self._wire(self.own, str(n))] for n in range(100)], self.facility
            )

    def test_a_changed_spelling_counts_at_once(self):
        wire = self._wire(self.own, "a1")
        self.assertIsNone(self._resolve(wire))
        self.own.case_rule = "upper"
        self._create_identifier(self.own, "A1")
        self.assertEqual(self._resolve(wire), self.partner)

    # --- linking

    def test_link_creates_once(self):
        wires = [
            self._wire(self.npi, "1234567893", use="official"),
            self._wire(
                self.own, "7", period={"start": "2024-01-01", "end": "2030-12-31"}
            ),
        ]
        created = self.identifiers._link(self.partner, wires, self._message())
        self.assertEqual(len(created), 2)
        by_value = {row.value: row for row in created}
        self.assertEqual(by_value["1234567893"].use, "official")
        self.assertEqual(by_value["7"].period_end, datetime(2031, 1, 1))
        self.assertEqual(by_value["7"].company_id, self.facility)
        self.assertTrue(by_value["7"].single)
        self.assertEqual(by_value["7"].create_uid, self.env.user)
        self.assertFalse(self.identifiers._link(self.partner, wires, self._message()))
        self.assertEqual(self._resolve(*wires), self.partner)

    def test_link_marks_values_that_fail_the_check(self):
        created = self.identifiers._link(
            self.partner, [self._wire(self.npi, "1234567890")], self._message()
        )
        self.assertTrue(created.check_failed)
        self.npi.validation = "block"
        with self.assertRaises(BusinessError) as caught:
            self.identifiers._link(
                self.other, [self._wire(self.npi, "1234567891")], self._message()
            )
        self.assertEqual(caught.exception.code, "identifier_invalid")

    def test_a_new_number_retires_the_old_where_only_one_is_allowed(self):
        old = self._create_identifier(self.own, "7")
        self.identifiers._link(
            self.partner, [self._wire(self.own, "8")], self._message()
        )
        self.assertEqual((old.state, old.state_by_id), ("retired", self.env.user))
        self.assertTrue(old.state_at)
        self.assertIn("new number", old.state_reason)

    def test_of_two_new_numbers_in_one_message_the_later_one_stays(self):
        single = self._create_namespace()
        wires = [self._wire(single, "A-1"), self._wire(single, "A-2")]
        created = self.identifiers._link(self.partner, wires, self._message())
        self.assertEqual(created.mapped("state"), ["retired", "active"])

    def test_a_number_used_again_retires_the_other_of_the_same_message(self):
        single = self._create_namespace()
        for value in ("A-1", "A-2"):
            self.identifiers._link(
                self.partner, [self._wire(single, value)], self._message()
            )
        wires = [self._wire(single, "A-3"), self._wire(single, "A-1")]
        self.identifiers._link(self.partner, wires, self._message())
        rows = self.identifiers.search([("namespace_id", "=", single.id)])
        states = {row.value: row.state for row in rows}
        self.assertEqual(states, {"A-1": "active", "A-2": "retired", "A-3": "retired"})

    def test_a_new_row_is_known_as_the_database_has_it(self):
        wire = self._wire(
            self._create_namespace(company_id=self.facility.id),
            "a 1",
            use="official",
            period={"start": "2020-01-01", "end": "2031-05-06T07:08:09Z"},
        )
        created = self.identifiers._link(self.partner, [wire], self._message())
        names = [
            name
            for name, field in created._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        known = {name: created[name] for name in names}
        created.invalidate_recordset(flush=False)
        self.assertEqual(known, {name: created[name] for name in names})

    def test_linking_a_new_number_asks_three_questions(self):
        """The record's survivor, the holder of the value, and whether the value is
        free."""
        namespace = self._create_namespace()
        self.identifiers._link(
            self.partner, [self._wire(namespace, "A-1")], self._message()
        )
        other = self.env["res.partner"].create({"name": "Eve Careful"})
        message = self._message()
        message.mapped("company_id"), message.mapped("system_id")
        self.env.flush_all()
        with self.assertQueryCount(3):
            self.identifiers._link(other, [self._wire(namespace, "A-9")], message)

    def test_a_second_number_of_its_own_source_is_a_second_record(self):
        self.own.system_id = self.system
        old = self._create_identifier(self.own, "7")
        with self.assertRaises(PossibleDuplicate):
            self.identifiers._link(
                self.partner, [self._wire(self.own, "8")], self._message()
            )
        self.assertEqual(old.state, "active")

    def test_link_keeps_several_where_they_are_allowed(self):
        self.own.one_active_per_record = False
        old = self._create_identifier(self.own, "7")
        self.identifiers._link(
            self.partner, [self._wire(self.own, "8")], self._message()
        )
        self.assertEqual(old.state, "active")

    def test_link_never_takes_a_number_away(self):
        self._create_identifier(self.own, "7", self.other)
        with self.assertRaises(PossibleDuplicate):
            self.identifiers._link(
                self.partner, [self._wire(self.own, "7")], self._message()
            )

    def test_link_updates_use_and_period(self):
        row = self._create_identifier(self.own, "7")
        wire = self._wire(self.own, "7", use="old", period={"end": "2024-01-01"})
        self.identifiers._link(self.partner, [wire], self._message())
        self.assertEqual((row.use, row.period_end), ("old", datetime(2024, 1, 2)))

    def test_only_the_source_system_states_the_period_of_a_number(self):
        row = self._create_identifier(self.own, "7")
        wire = self._wire(
            self.own,
            "7",
            use="old",
            period={"start": "2020-01-01", "end": "2020-02-01"},
        )
        self.own.system_id = self._create_system()
        self.assertFalse(self.identifiers._link(self.partner, [wire], self._message()))
        self.assertFalse(row.period_end or row.period_start or row.use)
        self.own.system_id = self.system
        self.identifiers._link(self.partner, [wire], self._message())
        self.assertEqual((row.use, str(row.period_end)), ("old", "2020-02-02 00:00:00"))

    def test_only_the_source_system_adds_numbers(self):
        self.own.system_id = self._create_system()
        wires = [self._wire(self.own, "7")]
        with self.assertRaises(OwnershipError) as caught:
            self.identifiers._link(self.partner, wires, self._message())
        self.assertEqual(caught.exception.code, "namespace_not_owned")
        own_message = self._message(system=self.own.system_id)
        self.assertTrue(self.identifiers._link(self.partner, wires, own_message))
        # Naming a stored number does not add one.
        self.assertFalse(self.identifiers._link(self.partner, wires, self._message()))

    def test_a_number_taken_by_a_hidden_transaction_is_retried_and_not_logged(self):
        """As when another transaction has just committed the same value."""
        self._create_identifier(self.own, "777-canary", self.other)
        self.env.flush_all()
        named = self.identifiers._parse(
            [self._wire(self.own, "777-canary")], self.facility
        )
        with (
            self.assertNoLogs("odoo.sql_db", "ERROR"),
            self.assertRaises(TechnicalError) as caught,
        ):
            IdentifierLinks(self.identifiers, self._message()).insert(
                self.partner, named[0]
            )
        self.assertEqual(caught.exception.code, "identifier_taken")
        self.assertNotIn("canary", str(caught.exception))

    def test_each_facility_sends_its_own_numbers(self):
        self._create_identifier(self.npi, "1234567893", use="official")
        self._create_identifier(self.own, "7")
        self._create_identifier(self._create_namespace(), "8")._set_retired()
        mine = self.identifiers._wire(self.partner, self.facility)
        self.assertEqual(sorted(item["value"] for item in mine), ["1234567893", "7"])
        theirs = self.identifiers._wire(self.partner, self.other_facility)
        self.assertEqual(
            theirs,
            [
                {
                    "system": self.npi.uri,
                    "value": "1234567893",
                    "type": "NPI",
                    "use": "official",
                }
            ],
        )
        self.assertEqual(
            self.identifiers._wire_many(self.partner | self.other, self.facility),
            {self.partner.id: mine, self.other.id: []},
        )
