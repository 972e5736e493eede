"""``location.upserted``, over the real route."""

from odoo.tests import tagged

from .common import CareCase


@tagged("post_install", "-at_install")
class TestLocation(CareCase):
    def test_a_location_belongs_to_its_facility_and_parent(self):
        self._send(self._location("A", type={"code": "bu", "display": "Building"}))
        parent = {"system": self.places.uri, "value": "A"}
        self._send(self._location("A-1", parent=parent, status="active"))
        building, ward = (
            self._found(self.places.uri, number) for number in ("A", "A-1")
        )
        self.assertEqual(ward.parent_id, building)
        self.assertEqual((ward.company_id, building.company_id), (self.facility,) * 2)
        self.assertTrue(ward.interop_is_location)
        self.assertEqual(building.interop_location_type, "Building")
        self.assertEqual(ward.type, "other")

    def test_status(self):
        self._send(self._location("A"))
        place = self._found(self.places.uri, "A")
        for status, active in (
            ("suspended", True),
            ("inactive", False),
            ("active", True),
        ):
            self._send(self._location("A", status=status))
            self.assertEqual(place.active, active)

    def test_an_unknown_parent_waits_for_a_person(self):
        parent = {"system": self.places.uri, "value": "L-404"}
        response = self._post(self._location("A", parent=parent))
        self._assert_problem(response, 422, "unknown_identifier")
        self.assertIsNone(self._found(self.places.uri, "A"))

    def test_a_provider_is_no_parent(self):
        self._send(self._provider())
        parent = {"system": self.own.uri, "value": "MP-42"}
        response = self._post(self._location("A", parent=parent))
        self._assert_problem(response, 422, "unknown_identifier")

    def test_promise_9_locations_of_another_facility_are_out_of_reach(self):
        shared = self.env["interop.namespace"].create(
            {"name": "Everywhere", "code": "everywhere", "uri": "urn:everywhere"}
        )
        theirs = self.env["res.partner"].create(
            {
                "name": "Their ward",
                "interop_is_location": True,
                "company_id": self.other_facility.id,
            }
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": shared.id,
                "value": "W",
                "res_model": "res.partner",
                "res_id": theirs.id,
            }
        )
        response = self._post(
            self._location("W", identifiers=[{"system": shared.uri, "value": "W"}])
        )
        self._assert_problem(response, 422, "business_rule")
        self.assertEqual(theirs.name, "Their ward")
        self.assertEqual(theirs.company_id, self.other_facility)
