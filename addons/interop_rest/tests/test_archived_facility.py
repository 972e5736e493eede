"""A client that is only for a facility stays so when that is archived."""

from odoo.tests import tagged

from .common import RestHttpCase


@tagged("post_install", "-at_install")
class TestArchivedFacility(RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.other_facility
        cls.system.write(
            {
                "company_ids": [(4, cls.other.id)],
                "facility_code_ids": [
                    (0, 0, {"company_id": cls.other.id, "code": "CLOSING"})
                ],
            }
        )
        both = cls.facility | cls.other
        cls.wide = cls._create_in_interface(
            system_id=cls.system.id, company_ids=[(6, 0, both.ids)]
        )
        cls.scoped = cls._create_client(
            interface_ids=[(6, 0, cls.wide.ids)], company_ids=[(6, 0, cls.other.ids)]
        )
        cls.scoped_key = cls._add_key(cls.scoped)
        cls._activate_client(cls.scoped)

    def _try(self, facility):
        return self._post(
            self._envelope(facility=facility),
            secret=self.scoped_key,
            client=self.scoped.code,
        )

    def test_it_is_not_let_into_the_other_facilities(self):
        self._assert_problem(self._try("MERCY"), 403, "facility_not_allowed")
        self.other.active = False
        self.assertFalse(self.scoped._serves(self.facility))
        self._assert_problem(self._try("MERCY"), 403, "facility_not_allowed")
        self.assertFalse(self._messages(self.scoped))

    def test_its_service_user_gets_no_other_facility(self):
        self.other.active = False
        self.scoped._sync_service_user()
        self.assertNotIn(self.facility, self.scoped.user_id.company_ids)

    def test_it_can_be_suspended_all_the_same(self):
        self.other.active = False
        self.scoped._set_suspended()
        self.assertEqual(self.scoped.state, "suspended")
        self.assertNotIn(self.facility, self.scoped.user_id.company_ids)
