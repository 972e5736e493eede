"""Names, addresses, dates of birth and languages of messages (cases 7, 8, 10, 44)."""

import unicodedata
from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from ..tools.birth import latest_birth_date
from .person_common import PersonCase

BLANK = ("\xa0", "\u3000", "\u200b", "\ufeff", "\xad", " \u2060\t", "\u3164")


@tagged("post_install", "-at_install")
class TestText(PersonCase):
    def setUp(self):
        super().setUp()
        self.one = self._wire(self.mrn, "P-1001")
        self._send(self._person(self.one, address={"city": "Lund"}))
        self.person = self._who(self.one)

    def _refused(self, pointer, **data):
        response = self._post(self._person(self.one, **data))
        problem = self._assert_problem(response, 422, "schema_violation")
        pointers = [item["pointer"] for item in problem["errors"]]
        self.assertIn(pointer, pointers)

    def test_a_name_that_shows_nothing_is_empty(self):
        """Case 7."""
        for blank in BLANK:
            for name, pointer in (
                ({"text": blank}, "/data/name/text"),
                ({"family": blank}, "/data/name/family"),
                ({"given": ["Eve", blank]}, "/data/name/given/1"),
            ):
                with self.subTest(blank=ascii(blank), pointer=pointer):
                    self._refused(pointer, name=name)
        self._refused("/data/address/city", address={"city": "\xa0"})
        self.assertEqual(self.person.name, "Eve Everywoman")

    def test_decomposed_text_is_found(self):
        """Case 8."""
        typed = {"name": "Zoë Müller", "city": "Malmö", "street": "Ålgatan 1"}
        sent = {key: unicodedata.normalize("NFD", text) for key, text in typed.items()}
        self._send(
            self._person(
                self.one,
                name={"text": sent["name"]},
                address={"lines": [sent["street"]], "city": sent["city"]},
            )
        )
        for field, text in typed.items():
            self.assertEqual(self.person[field], text)
            self.assertIn(self.person, self.person.search([(field, "=", text)]))

    def test_line_ends_and_edges_of_a_text_of_one_line(self):
        """Case 12, for texts that are not identifiers."""
        lines = ["\t12 Main St\r\nApt 4\n"]
        self._send(
            self._person(
                self.one, name={"text": "\ufeffEve\n"}, address={"lines": lines}
            )
        )
        self.assertEqual(self.person.name, "Eve")
        self.assertEqual(self.person.street, "12 Main St Apt 4")

    def test_a_birth_date_in_the_future_is_refused(self):
        """Case 10."""
        latest = latest_birth_date(clock.now())
        for day in (latest + timedelta(days=1), latest.replace(year=9999)):
            self._refused("/data/birth_date", birth_date=day.isoformat())
            with self.assertRaises(ValidationError):
                self.person.interop_birth_date = day
        self._send(self._person(self.one, birth_date=latest.isoformat()))
        self.assertEqual(self.person.interop_birth_date, latest)

    def test_the_answer_reports_a_language_that_is_not_installed(self):
        """Case 44."""
        response = self._send(self._person(self.one, language="ja"))
        told = [
            (item["field"], item["outcome"], item["reason"])
            for item in response.json()["fields"]
            if item["outcome"] == "ignored"
        ]
        self.assertEqual(told, [("lang", "ignored", "unknown_value")])
        self.assertTrue(self._last().has_field_notes)
        self.assertIn("This value is not set up", self._last().field_report_html)
        self._send(self._person(self.one, language="en-GB"))
        self.assertFalse(self._last().has_field_notes)

    def test_the_answer_reports_that_one_of_two_telephones_is_kept(self):
        """Case 44: the kind."""
        phones = [{"system": "phone", "value": f"+1 555 010{n}"} for n in "01"]
        response = self._send(self._person(self.one, telecom=phones))
        self.assertEqual(self.person.phone, "+1 555 0100")
        ignored = [i for i in response.json()["fields"] if i["outcome"] == "ignored"]
        self.assertEqual(
            [(item["field"], item["reason"]) for item in ignored],
            [("telecom", "only_first")],
        )
