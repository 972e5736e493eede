"""The newer statement counts, to the microsecond; equal never wins (case 4)."""

from odoo.tests import tagged

from .common import NPI, CareCase
from .person_common import PersonCase

NOON = "2026-02-01T12:00:00"
# first and second statement in the order of their arrival, and whether the second counts
ORDERS = (
    ({"at": ".900Z"}, {"at": ".100Z"}, False),
    ({"at": ".100Z"}, {"at": ".900Z"}, True),
    ({"at": ".000001Z"}, {"at": ".000002Z"}, True),
    ({"at": ".0000011Z"}, {"at": ".0000019Z"}, False),
    ({"at": "Z", "sequence": 8}, {"at": "Z", "sequence": 7}, False),
    ({"at": "Z", "sequence": 7}, {"at": "Z", "sequence": 8}, True),
    ({"at": "Z", "sequence": 7}, {"at": "Z", "sequence": 7}, False),
    ({"at": "Z"}, {"at": "Z"}, False),
    ({"at": "Z", "sequence": 7}, {"at": "Z"}, False),
    ({"at": "Z"}, {"at": "Z", "sequence": 7}, False),
)


def stamped(envelope, at, **members):
    """Return an envelope with a time and a place in the stream of its sender."""
    return {**envelope, "occurred_at": NOON + at, **members}


class OrderMixin:
    """Sends two messages in each of the orders."""

    def _in_each_order(self):
        for first, second, wins in ORDERS:
            with self.subTest(first=first, second=second):
                yield first, second, wins

    def _outcomes(self, response):
        """Return ``{field: reason}`` of ignored fields, as reported to the sender."""
        fields = response.json().get("fields", ())
        return {
            item["field"]: item.get("reason")
            for item in fields
            if item["outcome"] == "ignored"
        }


@tagged("post_install", "-at_install")
class TestOrderOfPeople(OrderMixin, PersonCase):
    def _number(self):
        return self._wire(self.mrn, f"P-{self._next()}")

    def test_statements_about_a_person(self):
        for first, second, wins in self._in_each_order():
            one = self._number()
            for city, stamp in (("First", first), ("Second", second)):
                envelope = self._person(one, kind="registered", address={"city": city})
                response = self._send(stamped(envelope, **stamp))
            self.assertEqual(self._who(one).city, "Second" if wins else "First")
            stale = self._outcomes(response)
            self.assertEqual(stale.get("city"), None if wins else "stale")

    def test_one_message_states_its_fields_as_one(self):
        self._send(self._person(self._number(), address={"city": "X", "lines": ["Y"]}))
        self.assertNotIn("stale", str(self._last().field_report))

    def test_numbers(self):
        for first, second, wins in self._in_each_order():
            one = self._number()
            numbers = [self._wire(self.national, f"N-{self._next()}") for _n in "12"]
            for number, stamp in zip(numbers, (first, second), strict=True):
                response = self._send(stamped(self._person(one, number), **stamp))
            states = [
                self.env["interop.identifier"]
                .search([("value", "=", number["value"])])
                .state
                for number in numbers
            ]
            expected = ["retired", "active"] if wins else ["active", "retired"]
            self.assertEqual(states, expected)
            stale = self._outcomes(response)
            self.assertEqual(stale.get("state"), None if wins else "stale")

    def test_use_of_a_number(self):
        for first, second, wins in self._in_each_order():
            one = self._number()
            for use, stamp in (("temp", first), ("official", second)):
                response = self._send(
                    stamped(self._person({**one, "use": use}), **stamp)
                )
            row = self.env["interop.identifier"].search([("value", "=", one["value"])])
            self.assertEqual(row.use, "official" if wins else "temp")
            stale = self._outcomes(response)
            self.assertEqual(stale.get("use"), None if wins else "stale")

    def _known_to_both(self):
        one, other = self._number(), self._wire(self.anne_mrn, f"A-{self._next()}")
        national = self._wire(self.national, f"N-{self._next()}")
        self._send(self._person(one, national))
        response = self._at_anne(self._person(other, national))
        self.assertEqual(response.status_code, 200, response.text)
        return self._who(one), one

    def test_leaving_and_coming_back(self):
        for first, second, wins in self._in_each_order():
            person, one = self._known_to_both()
            leave = self._person(one, kind="updated", active=False)
            self._send(stamped(leave, **first))
            self.assertNotIn(self.facility, person._interop_known_at())
            response = self._send(stamped(self._person(one), **second))
            self.assertEqual(self.facility in person._interop_known_at(), wins)
            reason = response.json().get("reason")
            self.assertEqual(reason, None if wins else "stale")

    def test_coming_and_leaving(self):
        for first, second, wins in self._in_each_order():
            person, one = self._known_to_both()
            self._send(stamped(self._person(one), **first))
            leave = self._person(one, kind="updated", active=False)
            response = self._send(stamped(leave, **second))
            self.assertEqual(self.facility not in person._interop_known_at(), wins)
            self.assertTrue(person.active)
            stale = self._outcomes(response)
            self.assertEqual(stale.get("active"), None if wins else "stale")

    def test_statements_removed_by_retention_still_count(self):
        person, one = self._known_to_both()
        leave = self._person(one, kind="updated", active=False)
        self._send(stamped(leave, ".900Z"))
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM interop_message WHERE id = %s", [self._last().id]
        )
        self.env.invalidate_all()
        self._send(stamped(self._person(one), ".100Z"))
        self.assertNotIn(self.facility, person._interop_known_at())

    def test_older_messages_do_not_archive_a_person_of_one_facility(self):
        one = self._number()
        self._send(stamped(self._person(one), ".900Z"))
        leave = self._person(one, kind="updated", active=False)
        response = self._send(stamped(leave, ".100Z"))
        self.assertTrue(self._who(one).active)
        self.assertEqual(self._outcomes(response)["active"], "stale")
        self._send(stamped({**leave, "id": "msg_newer"}, ".901Z"))
        self.assertFalse(self._who(one).active)


@tagged("post_install", "-at_install")
class TestOrderOfProvidersAndPlaces(OrderMixin, CareCase):
    def test_roles_and_the_rest_of_a_provider(self):
        for first, second, wins in self._in_each_order():
            number = {"system": self.own.uri, "value": f"MP-{self._next()}"}
            for code, stamp in (("first", first), ("second", second)):
                envelope = self._provider(
                    identifiers=[number], roles=[{"code": code}], address={"city": code}
                )
                response = self._send(stamped(envelope, **stamp))
            provider = self._found(self.own.uri, number["value"])
            expected = "second" if wins else "first"
            self.assertEqual(provider.interop_role_ids.mapped("code"), [expected])
            self.assertEqual(provider.city, expected)
            stale = self._outcomes(response)
            for field in ("interop_role_ids", "city"):
                self.assertEqual(stale.get(field), None if wins else "stale")

    def test_an_empty_list_of_roles_is_a_statement(self):
        number = {"system": NPI, "value": "1234567893"}
        for at, roles in (
            (".100Z", [{"code": "a"}]),
            (".900Z", []),
            (".500Z", [{"code": "b"}]),
        ):
            self._send(stamped(self._provider(identifiers=[number], roles=roles), at))
        self.assertFalse(self._found(NPI, "1234567893").interop_role_ids)

    def test_a_place(self):
        for first, second, wins in self._in_each_order():
            number = f"W-{self._next()}"
            for city, stamp in (("First", first), ("Second", second)):
                envelope = self._location(number, address={"city": city})
                response = self._send(stamped(envelope, **stamp))
            place = self._found(self.places.uri, number)
            self.assertEqual(place.city, "Second" if wins else "First")
            stale = self._outcomes(response)
            self.assertEqual(stale.get("city"), None if wins else "stale")
