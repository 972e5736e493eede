"""Systems of record inside Odoo: protection, override, display on the form."""

from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from lxml import etree

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine import origin

from .. import vetted
from .governed_common import GovernedCase


class EditCase(GovernedCase):
    """A clerk and a steward of the facility who both may edit contacts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("user", "base.group_partner_manager")
        cls.steward = cls._create_user("steward", "base.group_partner_manager")
        cls.partner = cls._create_partner(city="Lund")

    def _owned(self, user=None, **rule):
        """Make the EHR the system of record for the city and let it send the city."""
        self._create_rule("city", "zip", **{"system": self.ehr, **rule})
        self._send(self.ehr_in, self.partner, city="Malmö")
        return self.partner.with_user(user or self.clerk)


@tagged("post_install", "-at_install")
class TestProtection(EditCase):
    """Edits by users."""

    def test_protected_once_the_system_has_sent_the_record(self):
        self._create_rule("city", system=self.ehr)
        mine = self.partner.with_user(self.clerk)
        mine.city = "Free"  # the EHR has not sent this contact
        self._send(self.ehr_in, self.partner, city="Malmö")
        with self._refused(UserError, "EHR Mercy is the system of record for City"):
            mine.city = "Mine"
        with self._refused(UserError, "City"):
            mine.sudo().city = "Code that the user calls"
        mine.write({"city": "Malmö", "phone": "1"})  # nothing protected changes
        self.assertEqual((mine.city, mine.phone), ("Malmö", "1"))

    def test_each_level_of_protection(self):
        rule = self._create_rule("city", system=self.ehr, protection="always")
        mine = self.partner.with_user(self.clerk)
        with self._refused(UserError):
            mine.city = "Mine"
        rule.protection = "none"
        self._send(self.ehr_in, self.partner, city="Malmö")
        mine.city = "Mine"
        self.assertEqual(mine.city, "Mine")
        rule.protection = "known"
        with self._refused(UserError):
            mine.city = "Mine again"
        rule.active = False
        mine.city = "Nobody decides"

    def test_new_records_are_entered_freely(self):
        self._create_rule("city", "street", system=self.ehr, protection="always")
        contacts = self.env["res.partner"].with_user(self.clerk)
        company = contacts.create(
            {"name": "Parent", "is_company": True, "street": "S", "city": "Lund"}
        )
        child = contacts.create({"name": "Child", "parent_id": company.id})
        self.assertEqual(child.city, "Lund")  # core copies the address after creating

    def test_a_forged_context_opens_nothing(self):
        mine = self._owned()
        keys = (
            "interop_applying",
            "interop_vetted",
            "interop_origin",
            "interop_override",
            "install_mode",
            "import_file",
            "tracking_disable",
        )
        forged = dict.fromkeys(keys, True)
        with self._refused(UserError):
            mine.with_context(**forged).city = "Forged"
        with self._refused(UserError):
            mine.with_context(uid=SUPERUSER_ID, su=True).city = "Forged"
        self.assertEqual(mine.city, "Malmö")

    def test_the_state_of_another_cursor_opens_nothing(self):
        mine = self._owned()
        message = self._receive(self.ehr_in, {})
        with origin.applying(message), vetted.vetted(mine, {"city"}):
            self.assertEqual(origin.origin_system_id(mine.env), self.ehr.id)
            self.assertTrue(vetted.is_vetted(mine, {"city"}))
            other = SimpleNamespace(cr=object())
            self.assertIsNone(origin.current(other))
            elsewhere = SimpleNamespace(env=other, _name=mine._name, ids=mine.ids)
            self.assertFalse(vetted.is_vetted(elsewhere, {"city"}))
        self.assertIsNone(origin.origin_system_id(mine.env))
        self.assertFalse(vetted.is_vetted(mine, {"city"}))
        with self._refused(UserError):
            mine.city = "Afterwards"

    def test_choosing_another_facility_opens_nothing(self):
        user = self._create_user(
            "user",
            "base.group_partner_manager",
            companies=self.facility | self.other_facility,
        )
        self.partner.company_id = False
        mercy = self._create_system(name="Mercy's Own")
        self._create_rule("city", system=mercy, company_id=self.facility.id)
        self._send(self._inbound(mercy), self.partner, city="Malmö")
        mine = self.partner.with_user(user)
        with self._refused(UserError):
            mine.with_company(self.other_facility).with_context(
                allowed_company_ids=self.other_facility.ids
            ).city = "There"
        # A user of the other facility cannot edit either; the owner's name is hidden.
        outsider = self._create_user(
            "user", "base.group_partner_manager", companies=self.other_facility
        )
        with self._refused(UserError, "A system of another facility"):
            mine.with_user(outsider).city = "Outsider"

    def test_the_engine_writes_in_the_name_of_its_service_user(self):
        self._create_rule("city", system=self.ehr, protection="always")
        clerk = self.clerk
        with patch.object(
            type(self.env["interop.message"]), "_service_user", lambda message: clerk
        ):
            message = self._send(self.ehr_in, self.partner, city="From the EHR")
        self.assertEqual((message.state, self.partner.city), ("done", "From the EHR"))
        with self._refused(UserError):
            self.partner.with_user(clerk).city = "By hand"


@tagged("post_install", "-at_install")
class TestOverride(EditCase):
    """An override needs a group and a reason, expires, and is audited."""

    def _unlock(self, user, reason="Typing error, EHR is told"):
        wizard = self.env["interop.override.wizard"].with_user(user)
        return wizard.create(
            {"res_model": "res.partner", "res_id": self.partner.id, "reason": reason}
        ).action_override()

    def _audit(self):
        return self.env["interop.audit.event"].search(
            [("action", "=", "overrode"), ("res_id", "=", self.partner.id)]
        )

    def test_a_steward_overrides_with_a_reason_and_it_is_recorded(self):
        mine = self._owned(self.steward)
        with self._refused(UserError):
            mine.city = "Not yet"
        self._unlock(self.steward)
        mine.city = "Corrected"
        self.assertEqual(mine.city, "Corrected")
        edit, grant = self._audit()
        self.assertEqual(edit.login, self.steward.login)
        self.assertEqual(edit.detail, "City: Typing error, EHR is told")
        self.assertIn("Typing error", grant.detail)
        self.assertEqual(self._source(self.partner, "city").user_id, self.steward)
        with self._refused(UserError, msg="only who gave the reason may edit"):
            mine.with_user(self.clerk).city = "Free rider"

    def test_the_override_ends(self):
        mine = self._owned(self.steward)
        self._unlock(self.steward)
        later = clock.now() + timedelta(minutes=16)
        with patch.object(clock, "now", lambda: later), self._refused(UserError):
            mine.city = "Too late"
        override = self.env["interop.ownership.override"].search([])
        with patch.object(clock, "now", lambda: later):
            self.env["interop.ownership.override"]._gc_expired()
        self.assertFalse(override.exists())

    def test_group_and_reason_are_needed(self):
        self._owned()
        for group in ("user", "operator", "admin", "auditor"):
            user = self._create_user(group, "base.group_partner_manager")
            with self._refused(AccessError, msg=group):
                self._unlock(user)
            with self._refused(AccessError, msg=group):
                self.partner.with_user(user).action_interop_override()
            with self._refused(AccessError, msg=group):
                self.env["interop.ownership.override"].with_user(user)._grant(
                    self.partner.with_user(user), "reason"
                )
        with self._refused(UserError, "reason"):
            self._unlock(self.steward, reason="  ")
        self.assertEqual(
            self.partner.with_user(self.steward).action_interop_override()["res_model"],
            "interop.override.wizard",
        )

    def test_an_override_cannot_be_created_by_hand(self):
        values = {
            "user_id": self.clerk.id,
            "res_model": "res.partner",
            "res_id": self.partner.id,
            "reason": "Forged",
            "expires_at": clock.now() + timedelta(days=365),
        }
        overrides = self.env["interop.ownership.override"]
        for group in ("user", "operator", "admin", "steward", "auditor"):
            user = self._create_user(group)
            with self._refused(AccessError, msg=group):
                overrides.with_user(user).create(values)

    def test_only_governed_objects_have_overrides(self):
        wizard = self.env["interop.override.wizard"].with_user(self.steward)
        for model in ("res.users", "res.country"):
            record = self.env[model].search([], limit=1)
            with self._refused(UserError, "are not governed", msg=model):
                wizard.create(
                    {"res_model": model, "res_id": record.id, "reason": "Because"}
                ).action_override()

    def test_an_override_needs_write_access_to_the_record(self):
        self._owned()
        steward = self._create_user("steward")  # no right to edit contacts
        with self._refused(AccessError):
            self._unlock(steward)


@tagged("post_install", "-at_install")
class TestForm(EditCase):
    """The banner and the locked fields of a form."""

    def test_the_banner_shows_the_owner_and_the_time(self):
        mine = self._owned()
        (note, other) = mine.interop_owned_fields
        self.assertEqual((note["name"], note["label"]), ("city", "City"))
        self.assertEqual((note["owner"], note["source"]), ("EHR Mercy", "EHR Mercy"))
        moment = self._source(self.partner, "city").set_at
        self.assertEqual(note["at"][:19], moment.isoformat()[:19])
        self.assertTrue(note["own"] and note["locked"])
        self.assertEqual((other["name"], other["source"]), ("zip", ""))
        self.assertEqual(mine.interop_locked_fields, ",city,zip,")
        outsider = self._create_partner()
        self.assertFalse(outsider.interop_owned_fields)
        self.assertFalse(outsider.interop_locked_fields)

    def test_an_open_override_unlocks_the_form(self):
        mine = self._owned(self.steward)
        self.env["interop.ownership.override"].with_user(self.steward)._grant(
            mine, "reason"
        )
        mine.invalidate_recordset()
        self.assertFalse(mine.interop_locked_fields)
        self.assertFalse(mine.interop_owned_fields[0]["locked"])

    def test_the_view_follows_the_rules(self):
        contacts = self.env["res.partner"].with_user(self.clerk)
        before = etree.fromstring(contacts.get_view(view_type="form")["arch"])
        if not self.env["interop.ownership"]._foreign_fields("res.partner"):
            self.assertFalse(before.xpath("//field[@name='interop_owned_fields']"))
        self._owned()
        arch = etree.fromstring(contacts.get_view(view_type="form")["arch"])
        self.assertEqual(len(arch.xpath("//field[@name='interop_owned_fields']")), 1)
        cities = arch.xpath("//field[@name='city'][not(ancestor::field)]")
        self.assertTrue(cities)
        for node in cities:
            self.assertIn("',city,' in interop_locked_fields", node.get("readonly"))
        with Form(self.partner.with_user(self.clerk)) as form:
            with self.assertRaisesRegex(AssertionError, "readonly"):
                form.city = "By hand"
            form.phone = "1"
        with Form(contacts) as form:
            form.name = "New"
            form.city = "Free"

    def test_one_query_for_many_records(self):
        self._owned()
        partners = self.partner
        for _number in range(4):
            partners |= self._create_partner()
        self.env.flush_all()

        def cost(records):
            records.invalidate_recordset()
            records.mapped("company_id")
            start = self.env.cr.sql_log_count
            records.mapped("interop_owned_fields")
            return self.env.cr.sql_log_count - start

        cost(partners)  # fills the caches of rules and names
        self.assertEqual(cost(partners), cost(self.partner))
