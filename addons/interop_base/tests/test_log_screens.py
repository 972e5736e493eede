"""The screens of the log tell the truth: what waits and why, what was found, who did it."""

import re
from datetime import timedelta

from lxml import etree, html

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged

from .. import clock
from .common import InteropMixin
from .fakes import EngineCase

GROUPS = ("user", "operator", "admin", "steward", "auditor")
# What an empty list must not say: that there is nothing at all.
CLAIMS = re.compile(
    r"\b(yet|nothing|nobody|no one)\b|^no (?!.* match(es)?\b)", re.IGNORECASE
)


@tagged("post_install", "-at_install")
class TestStops(EngineCase):
    """B10 and B11: who stopped what, when and why, on everything that stands still."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("user")
        both = cls.facility | cls.other_facility
        cls.system = cls._create_system(
            company_ids=[(6, 0, both.ids)], facility_code_ids=[]
        )
        cls.interface = cls._create_interface(
            system_id=cls.system.id,
            company_ids=[(6, 0, both.ids)],
            exception_user_id=cls.clerk.id,
        )

    def _seen(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.interface.with_user(self.clerk)

    def test_b10_stop_of_the_system_shows_on_its_interfaces_and_messages(self):
        message = self._publish(self.interface)
        self.assertEqual(self._seen().hold_level, "none")
        self.assertEqual(self.interface.color, 10)
        self.system._set_stopped("Wrong numbers are sent")
        for text in (
            self._seen().hold_text,
            message.with_user(self.clerk).waiting_reason,
        ):
            self.assertIn(f"stopped “{self.system.name}” on", text)
            self.assertIn(self.env.user.name, text)
            self.assertIn("Wrong numbers are sent", text)
        self.assertEqual((self._seen().hold_level, self.interface.color), ("all", 1))
        self.assertTrue(message.is_held)
        found = self.env["interop.interface"].search(
            [("system_id.interop_stopped_at", "!=", False)]
        )
        self.assertIn(self.interface, found)
        self.system._set_resumed()
        self.assertEqual(self._seen().hold_level, "none")

    def test_b10_stop_of_one_facility_is_told_to_who_knows_it(self):
        here, there = (
            self._publish(self.interface),
            self._publish(self.interface, company=self.other_facility),
        )
        self.other_facility._set_stopped("Moving house")
        self.assertEqual(self._seen().hold_level, "none", "not the clerk's facility")
        self.env.invalidate_all()
        self.assertEqual(self.interface.hold_level, "part")
        self.assertIn("Moving house", self.interface.hold_text)
        self.assertIn("Moving house", there.waiting_reason)
        self.assertFalse(here.is_held)
        self.facility._set_stopped("Moving house, too")
        self.env.invalidate_all()
        self.assertEqual(self.interface.hold_level, "all")

    def test_b10_other_environment_and_copies(self):
        message = self._publish(self.interface)
        self.system.environment = "production"
        self.assertEqual(self._seen().hold_level, "all")
        self.assertIn("“Production”, but this server is “Test”", self._seen().hold_text)
        self.assertIn("“Production”", message.waiting_reason)
        self.system.environment = "test"
        self.env["ir.config_parameter"].set_param("interop_base.database", "other")
        self.assertIn("looks like a copy", self._seen().hold_text)
        self.assertIn("looks like a copy", message.waiting_reason)

    def test_b10_stop_of_the_interface_keeps_its_own_banner(self):
        message = self._publish(self.interface)
        self.interface._set_stopped("Check the amounts")
        self.assertEqual(self._seen().hold_level, "all")
        self.assertFalse(self._seen().hold_text)
        self.assertIn("Check the amounts", message.waiting_reason)

    def test_b10_forms_lists_and_cards_have_it(self):
        model = self.env["interop.interface"].with_user(self.clerk)
        for kind in ("form", "list", "kanban"):
            arch = etree.fromstring(model.get_view(view_type=kind)["arch"])
            for name in ("hold_level", "hold_text"):
                self.assertTrue(arch.xpath(f"//field[@name='{name}']"), (kind, name))
        self.system._set_stopped("Stopped")
        form = Form(self._seen())
        self.assertIn("Stopped", form.hold_text)

    def test_b11_a_waiting_message_says_why_and_until_when(self):
        message = self._publish(self.interface)
        self.assertEqual(
            message.waiting_reason, "The message waits for the next free worker."
        )
        self.assertFalse(message.waiting_until, "due now: no next try in the past")
        later = clock.now().replace(microsecond=0) + timedelta(minutes=5)
        self._set_columns(message, attempt_count=1, next_attempt_at=later)
        self.assertIn("last attempt failed", message.waiting_reason)
        self.assertEqual(message.waiting_until, later)
        self.interface._set_suspended()
        self.env.invalidate_all()
        self.assertIn("not active (Suspended)", message.waiting_reason)
        self.assertFalse(message.waiting_until, "until a person resumes it")
        form = Form(message.with_user(self.clerk))
        self.assertIn("Suspended", form.waiting_reason)

    def test_b11_finished_messages_wait_for_nothing(self):
        message = self._publish(self.interface)
        message._set_done()
        self.assertFalse(message.waiting_reason or message.waiting_until)
        failed = self._publish(self.interface)
        failed._set_dead("connect", "refused", "No connection")
        self.assertIn("The message failed", failed.waiting_reason)
        self.assertFalse(failed.is_held)

    def test_b24_a_decision_is_no_failure(self):
        for state in ("dead", "parked", "parked", "pending"):
            message = self._publish(self.interface)
            if state == "dead":
                message._set_dead("connect", "refused", "No connection")
            elif state == "parked":
                message._set_parked("unknown_identifier", "unknown", "Who?")
        self._seen()
        self.assertEqual(
            (
                self.interface.failed_count,
                self.interface.parked_count,
                self.interface.waiting_count,
            ),
            (1, 2, 1),
        )

    def test_b21_no_share_in_time_without_messages(self):
        draft = self._create_interface(activate=False, objective_seconds=60)
        self.assertEqual((draft.attainment, draft.attainment_count), (0.0, 0))
        arch = self.env["interop.interface"].get_view(view_type="form")["arch"]
        for node in etree.fromstring(arch).xpath("//field[@name='attainment']"):
            holder = node.xpath("ancestor::*[@invisible][1]")[0]
            self.assertIn("not attainment_count", holder.get("invisible"))

    def test_b16_filter_of_records_that_one_may_not_read(self):
        interface = self._create_interface(activate=False, filter_domain="[]")
        admin = self._create_user("admin")
        self.assertTrue(interface.with_user(admin).filter_model_readable)
        secret_model = self.env["ir.model"]._get("ir.config_parameter")
        interface.contract_ids = self._create_contract(model_id=secret_model.id)
        self.env.invalidate_all()
        seen = interface.with_user(admin)
        self.assertEqual(seen.filter_model, "ir.config_parameter")
        self.assertFalse(seen.filter_model_readable)
        form = Form(seen)
        form.filter_domain = "[('key', '=', 'x')]"
        form.save()
        self.assertEqual(interface.filter_domain, "[('key', '=', 'x')]")


@tagged("post_install", "-at_install")
class TestSearch(EngineCase):
    """B13: one field finds a message by whatever a person has at hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._create_user("operator")
        cls.auditor = cls._create_user("auditor")
        cls.interface = cls._create_interface(data_class="personal")

    def _first_field(self, model):
        """Return what the web client searches when one types and presses Enter."""
        arch = etree.fromstring(model.get_view(view_type="search")["arch"])
        return arch.xpath("//field")[0].get("name")

    def _find(self, text, model="interop.message", user=None):
        model = self.env[model].with_user(user or self.operator)
        name = self._first_field(model)
        self.assertEqual(name, "search_all")
        return model.search([(name, "ilike", text)])

    def test_b13_messages_by_id_name_number_and_correlation(self):
        message = self._publish(self.interface, name="Ada Unmistakable")
        other = self._publish(self.interface, name="Somebody Else")
        self._set_columns(message, correlation_id="corr-of-ada")
        number = self._create_interface()
        keyed = self._publish(number, name="INV/2026/00042")
        for text, expected in (
            (message.external_id, message),
            (f"  {message.external_id} ", message),
            ("corr-of-ada", message),
            ("unmistakable", message),
            ("INV/2026/00042", keyed),
            ("INV/2026", keyed),
            ("no such thing at all", message.browse()),
        ):
            found = self._find(text)
            self.assertEqual(found & (message | other | keyed), expected, text)

    def test_b13_names_are_searched_under_the_rights_of_the_user(self):
        message = self._publish(self.interface, name="Ada Unmistakable")
        self.assertIn(message, self._find("unmistakable"))
        elsewhere = self._create_user("operator", companies=self.other_facility)
        self.assertFalse(self._find("unmistakable", user=elsewhere))
        self.assertFalse(self._find(message.external_id, user=elsewhere))

    def test_b13_audit_trail(self):
        message = self._publish(self.interface, name="Ada Unmistakable")
        message._set_dead("connect", "refused", "No connection")
        message.with_user(self.operator).action_cancel()
        self.interface._set_stopped("Because of the amounts")
        trail = "interop.audit.event"
        about = [("res_model", "=", "interop.message"), ("res_id", "=", message.id)]
        cancelled = self.env[trail].search(about)
        stopped = self.env[trail].search(
            [("action", "=", "stopped"), ("res_id", "=", self.interface.id)]
        )
        self.assertTrue(cancelled and stopped)
        for text, expected in (
            (message.external_id, cancelled),
            (str(message.id), cancelled),
            (self.operator.login, cancelled),
            (self.interface.name, stopped),
            (self.interface.code, stopped),
            ("the amounts", stopped),
        ):
            found = self._find(text, trail, self.auditor)
            self.assertEqual(found & (cancelled | stopped), expected, text)
        self.assertFalse(self._find("no such thing at all", trail, self.auditor))

    def test_b13_an_empty_result_claims_nothing(self):
        actions = self.env["ir.actions.act_window"].search([("help", "!=", False)])
        checked = 0
        for action in actions:
            name = action.get_external_id()[action.id]
            if not name.startswith("interop_"):
                continue
            titles = html.fromstring(action.help).xpath(
                "//p[contains(@class, 'o_view_nocontent')]"
            )
            for title in titles:
                text = " ".join(title.text_content().split())
                self.assertFalse(CLAIMS.search(text), (name, text))
                checked += 1
        self.assertGreater(checked, 15)


@tagged("post_install", "-at_install")
class TestNames(EngineCase):
    """B14, B17, B19 and what a form may show at all (B5)."""

    def _models(self):
        names = self.env["ir.ui.view"].search([("type", "=", "form")]).mapped("model")
        return [
            self.env[name]
            for name in sorted(set(filter(None, names)))
            if name.startswith("interop.") and name in self.env
        ]

    def test_b5_no_form_shows_lists_that_its_reader_may_not_read(self):
        checked = 0
        for group in GROUPS:
            user = self._create_user(group)
            for model in self._models():
                seen = model.with_user(user)
                if not seen.has_access("read"):
                    continue
                arch = etree.fromstring(seen.get_view(view_type="form")["arch"])
                for node in arch.xpath("//field[not(ancestor::field)]"):
                    field = seen._fields[node.get("name")]
                    if field.type not in ("one2many", "many2many"):
                        continue
                    rows = self.env[field.comodel_name].with_user(user)
                    place = (group, model._name, field.name)
                    self.assertTrue(rows.has_access("read"), place)
                    checked += 1
        self.assertGreater(checked, 50)

    def test_b6_who_works_in_one_of_two_facilities(self):
        """Facilities that are not chosen in the switcher are not readable."""
        both = self.facility | self.other_facility
        system = self._create_system(
            company_ids=[(6, 0, both.ids)], facility_code_ids=[]
        )
        interface = self._create_interface(
            system_id=system.id, company_ids=[(6, 0, both.ids)]
        )
        for group in GROUPS:
            user = self._create_user(group, companies=both)
            context = {"allowed_company_ids": self.facility.ids}
            self.env.invalidate_all()
            self.assertEqual(len(user.company_ids), 2)  # in the cache, as in a request
            seen = interface.with_user(user).with_context(**context)
            if group == "user":
                interface.exception_user_id = user
            self.assertEqual(Form(seen).hold_level, "none", group)
            rules = self.env["interop.ownership"].with_user(user)
            facilities = rules.with_context(**context).matrix_data()["facilities"]
            self.assertEqual({item["id"] for item in facilities}, set(both.ids), group)

    def test_b14_tile_of_activities_opens_what_it_counts(self):
        """Odoo opens the default search of the model with these filters."""
        filters = {
            "filter_activities_my",
            "activities_overdue",
            "activities_today",
            "activities_upcoming_all",
        }
        checked = 0
        for name, model in self.env.items():
            if not name.startswith("interop.") or model._abstract:
                continue
            if "activity_ids" not in model._fields:
                continue
            arch = etree.fromstring(model.get_view(view_type="search")["arch"])
            found = {node.get("name") for node in arch.xpath("//filter")}
            self.assertLessEqual(filters, found, name)
            checked += 1
        self.assertGreater(checked, 3)
        interface, other = self._create_interface(), self._create_interface()
        user = self._create_user("steward")
        interface.activity_schedule("mail.mail_activity_data_todo", user_id=user.id)
        model = self.env["interop.interface"].with_user(user)
        found = model.search([("my_activity_date_deadline", "=", clock.now().date())])
        self.assertEqual(found & (interface | other), interface)

    def test_b17_names_of_new_records_and_of_audit_lines(self):
        self.assertFalse(self.env["interop.contract"].new({}).display_name)
        self.assertFalse(self.env["interop.mapping"].new({}).display_name)
        for model in self._models():
            if not model._transient:
                name = model.new({}).display_name or ""
                self.assertNotIn("False", name, model._name)
                self.assertNotRegex(name, r"^interop\.", model._name)
        system = self._create_system()
        system._set_stopped("Why")
        line = self.env["interop.audit.event"].search([], limit=1)
        self.assertEqual(line.display_name, f"Emergency Stop: {system.name}")

    def test_b17_columns_have_labels_in_words(self):
        for model in ("interop.client", "interop.dead.letter.cause"):
            if model in self.env:
                label = self.env[model]._fields["message_count"].string
                self.assertEqual(label, "Messages")

    def test_b19_after_resubmit_the_form_leads_to_the_new_message(self):
        message = self._publish(self._create_interface())
        message._set_dead("business_rule", "x", "x")
        self.assertFalse(message.is_resubmitted)
        message.action_resubmit()
        self._commit()
        self.env.invalidate_all()
        self.assertTrue(message.is_resubmitted, "said before the message is there")
        answer = message.action_view_resubmission()
        self.assertIn("being built", answer["params"]["message"])
        self.env["interop.materializer"].sudo()._materialize()
        self.env.invalidate_all()
        self.assertEqual(message.resubmission_id, message.child_ids)
        action = message.action_view_resubmission()
        self.assertEqual(action["res_id"], message.child_ids.id)
        other = self._publish(self._create_interface())
        other.action_cancel()
        self.assertFalse(other.is_resubmitted)


@tagged("post_install", "-at_install")
class TestRefusedContent(InteropMixin, HttpCase):
    """B20: a refused look at content is on record, and no button leads to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()

    def test_b20_refused_look_is_recorded(self):
        interface = self._create_interface(
            activate=False, transport=False, data_class="personal"
        )
        message = self.env["interop.message"].create(
            {
                "direction": "out",
                "interface_id": interface.id,
                "system_id": interface.system_id.id,
                "contract_id": interface.contract_ids.id,
                "company_id": self.facility.id,
                "external_id": "msg_refused",
                "data_class": "personal",
                "lane": interface._lane(),
            }
        )
        admin = self._create_user("admin")
        viewer = self._create_user("user", "payload")
        self.assertFalse(message.with_user(admin).may_view_payload)
        self.assertTrue(message.with_user(viewer).sudo(False).may_view_payload)
        refused = False
        try:  # not within a savepoint: here the other cursor shares the transaction
            message.with_user(admin).action_view_payload()
        except AccessError:
            refused = True
        self.assertTrue(refused)
        line = self.env["interop.audit.event"].search(
            [("action", "=", "refused"), ("res_id", "=", message.id)]
        )
        self.assertEqual((line.login, line.res_name), (admin.login, "msg_refused"))
        arch = self.env["interop.message"].get_view(view_type="form")["arch"]
        (button,) = etree.fromstring(arch).xpath(
            "//button[@name='action_view_payload']"
        )
        self.assertIn("not may_view_payload", button.get("invisible"))
