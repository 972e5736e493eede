"""An older statement about an identifier does not undo a newer one."""

from datetime import datetime, timedelta

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tests.fakes import EngineCase

from .case_common import NATIONAL, SENDER, CaseMixin

EARLY, LATE = "2024-01-01T08:00:00Z", "2024-02-01T08:00:00Z"


@tagged("post_install", "-at_install")
class TestStale(CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()

    def _tell(self, *wires, occurred_at):
        """Receive a message about identifiers as they travel."""
        data = {"name": "Ada", "identifiers": list(wires)}
        at = datetime.fromisoformat(occurred_at).replace(tzinfo=None)
        message = self._receive(self.interface, data, occurred_at=at)
        self._run()
        self.assertEqual(message.state, "done", message.error_code)
        return message

    def _wire(self, uri=SENDER, value="A-1", **members):
        return {"system": uri, "value": value, **members}

    def _row(self, value):
        return self.env["interop.identifier"].search([("value", "=", value)])

    def _outcomes(self, message):
        return {
            item["field"]: (item["outcome"], item.get("reason"))
            for item in message.field_report or []
            if item["object"] == "interop.identifier"
        }

    def test_use_and_period_of_an_older_message_are_ignored_and_reported(self):
        end = {"end": "2030-06-30"}
        self._tell(self._wire(use="official", period=end), occurred_at=LATE)
        row = self._row("A-1")
        message = self._tell(
            self._wire(use="temp", period={"end": "2029-01-01"}), occurred_at=EARLY
        )
        self.assertEqual(row.use, "official")
        self.assertEqual(row.period_end, datetime(2030, 7, 1))
        stale = ("ignored", "stale")
        self.assertEqual(self._outcomes(message), {"use": stale, "period_end": stale})
        self.assertTrue(message.has_field_notes)

    def test_a_newer_message_counts(self):
        self._tell(self._wire(use="temp"), occurred_at=EARLY)
        message = self._tell(self._wire(use="official"), occurred_at=LATE)
        row = self._row("A-1")
        self.assertEqual(
            (row.use, row.stated_at), ("official", datetime(2024, 2, 1, 8))
        )
        self.assertEqual(self._outcomes(message), {"use": ("applied", None)})
        again = self._tell(self._wire(use="official"), occurred_at=LATE)
        self.assertFalse(self._outcomes(again))

    def test_a_clock_that_runs_ahead_does_not_silence_its_system(self):
        self._tell(self._wire(use="temp"), occurred_at="2999-01-01T00:00:00Z")
        row = self._row("A-1")
        self.assertLessEqual(row.stated_at, clock.now())
        now = clock.isoformat(clock.now() + timedelta(seconds=1))
        self._tell(self._wire(use="official"), occurred_at=now)
        self.assertEqual(row.use, "official")

    def test_a_statement_of_a_user_is_as_of_now(self):
        self._tell(self._wire(use="temp"), occurred_at=EARLY)
        row = self._row("A-1")
        row.with_user(self.steward).use = "official"
        message = self._tell(self._wire(use="old"), occurred_at=LATE)
        self.assertEqual(row.use, "official")
        self.assertEqual(self._outcomes(message), {"use": ("ignored", "stale")})

    def test_values_of_other_senders_are_reported_as_ignored(self):
        own = self._namespace("Lab", "http://lab.example", system_id=self._lab().id)
        self._identify(self.ada, own, "L-1")
        message = self._tell(
            self._wire("http://lab.example", "L-1", use="old"), occurred_at=LATE
        )
        self.assertFalse(self._row("L-1").use)
        self.assertEqual(self._outcomes(message), {"use": ("ignored", "not_owner")})

    def _lab(self):
        return self._create_system()

    def test_a_late_number_does_not_replace_the_present_one(self):
        self._tell(self._wire(), self._wire(NATIONAL, "N-2"), occurred_at=LATE)
        self._tell(self._wire(), self._wire(NATIONAL, "N-1"), occurred_at=EARLY)
        new, old = self._row("N-2"), self._row("N-1")
        self.assertEqual((new.state, old.state), ("active", "retired"))
        self.assertEqual(old.period_end, datetime(2024, 2, 1, 8))
        self.assertEqual(old.res_id, new.res_id)

    def test_a_number_that_was_confirmed_is_not_replaced_by_an_earlier_one(self):
        """Stated in January and again in February: one from between arrives late."""
        for at in (EARLY, LATE):
            self._tell(self._wire(), self._wire(NATIONAL, "N-1"), occurred_at=at)
        between = "2024-01-15T08:00:00Z"
        self._tell(self._wire(), self._wire(NATIONAL, "N-2"), occurred_at=between)
        present, late = self._row("N-1"), self._row("N-2")
        self.assertEqual((present.state, late.state), ("active", "retired"))
        self.assertEqual(present.stated_at, datetime(2024, 2, 1, 8))

    def test_an_older_or_other_sender_confirms_nothing(self):
        own = self._namespace("Lab", "http://lab.example", system_id=self._lab().id)
        row = self._identify(self.ada, own, "L-1")
        self._tell(self._wire(), self._wire(NATIONAL, "N-1"), occurred_at=LATE)
        self._tell(self._wire(), self._wire(NATIONAL, "N-1"), occurred_at=EARLY)
        self.assertEqual(self._row("N-1").stated_at, datetime(2024, 2, 1, 8))
        self._tell(self._wire("http://lab.example", "L-1"), occurred_at=LATE)
        self.assertFalse(row.stated)

    def test_a_late_second_number_of_the_sender_s_own_is_the_alias(self):
        first = self._tell(
            self._wire(value="A-2"), self._wire(NATIONAL, "N-1"), occurred_at=LATE
        )
        data = {
            "name": "Ada",
            "identifiers": [self._wire(), self._wire(NATIONAL, "N-1")],
        }
        at = datetime.fromisoformat(EARLY).replace(tzinfo=None)
        message = self._receive(self.interface, data, occurred_at=at)
        self._run()
        self._decide(self._case(message), "same")
        self.assertEqual(message.resource_ref, first.resource_ref)
        self.assertEqual(self._row("A-2").state, "active")
        self.assertEqual(self._row("A-1").state, "merged")
