"""Each screen opens for all users with a menu entry for it."""

from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import InteropCase

GROUPS = ("user", "operator", "admin", "steward", "auditor")


@tagged("post_install", "-at_install")
class TestScreens(InteropCase):
    """A menu entry that ends in an access error is worse than none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        interface = cls._create_interface(
            activate=False, transport=False, filter_domain="[]"
        )
        cls.owner = cls._create_user("user")
        interface.exception_user_id = cls.owner
        partner = cls.env["res.partner"].create({"name": "Screen Partner"})
        message = cls.env["interop.message"].create(
            {
                "direction": "out",
                "interface_id": interface.id,
                "system_id": interface.system_id.id,
                "contract_id": interface.contract_ids.id,
                "company_id": cls.facility.id,
                "external_id": "msg_screen",
                "data_class": "none",
                "lane": interface._lane(),
                "res_model": partner._name,
                "res_id": partner.id,
            }
        )
        message._set_dead("business_rule", "business_rule", "Told so.")
        cls.message = message
        cls.env["interop.team"].create({"name": "Screen Team"})
        cls.env["interop.value.map"].create(
            {
                "name": "Screen Map",
                "code": "screen-map",
                "line_ids": [(0, 0, {"internal": "a", "external": "b"})],
            }
        )
        name_field = cls.env["ir.model.fields"]._get("res.partner", "name")
        cls.env["interop.ownership"].create(
            {
                "name": "Screen Rule",
                "model_id": name_field.model_id.id,
                "field_ids": [(6, 0, name_field.ids)],
                "company_id": cls.facility.id,
            }
        )
        secrets = cls.env["interop.secret"]
        secrets._create_value(
            {
                "name": "Screen Secret",
                "system_id": interface.system_id.id,
                "kind": "ed25519_private",
            },
            secrets._generate_plaintext("ed25519_private"),
        )

    def _actions(self, user):
        """Return ``[(menu, window action)]`` that ``user`` finds in the app."""
        menus = self.env["ir.ui.menu"].with_user(user)
        visible = menus.browse(menus._visible_menu_ids())
        root = self.env.ref("interop_base.interop_base_menu_root")
        inside = visible.filtered(
            lambda menu: menu.parent_path.startswith(root.parent_path)
        )
        actions = [(menu, menu.sudo().action) for menu in inside]
        return [
            (menu, action)
            for menu, action in actions
            if action and action._name == "ir.actions.act_window"
        ]

    def _specification(self, model, view_id):
        """Return what the web client asks for: every field of the list."""
        arch = model.get_view(view_id, "list")["arch"]
        names = etree.fromstring(arch).xpath("/list/field/@name")
        return {
            name: {"fields": {"display_name": {}}}
            if model._fields[name].relational
            else {}
            for name in names
        }

    def _open(self, user, action):
        """Open the list of an action as ``user`` and the form of its first line."""
        model = self.env[action.res_model].with_user(user)
        views = {kind: view_id for view_id, kind in action.views}
        for kind, view_id in views.items():
            model.get_view(view_id, kind)
        if action.search_view_id:
            model.get_view(action.search_view_id.id, "search")
        if "list" not in views:  # a dialog
            Form(model)
            return 0
        found = model.web_search_read(
            [], self._specification(model, views["list"]), limit=80
        )
        if found["records"] and "form" in views:
            Form(model.browse(found["records"][0]["id"]))
        return len(found["records"])

    def test_every_menu_entry_opens(self):
        for group in GROUPS:
            user = self._create_user(group)
            opened = 0
            for menu, action in self._actions(user):
                if action.res_model == "res.config.settings":
                    continue
                with self.subTest(group=group, menu=menu.name):
                    self._open(user, action)
                    opened += 1
            self.assertGreater(opened, 6, group)

    def test_menu_entries_need_the_right_to_read(self):
        for group in GROUPS:
            user = self._create_user(group)
            for menu, action in self._actions(user):
                with self.subTest(group=group, menu=menu.name):
                    model = self.env[action.res_model].with_user(user)
                    self.assertTrue(model.has_access("read"))

    def test_settings_open_for_an_administrator_of_both(self):
        user = self._create_user("admin", "base.group_system")
        menu_names = {menu.name for menu, _action in self._actions(user)}
        self.assertIn("Settings", menu_names)
        settings = Form(self.env["res.config.settings"].with_user(user))
        self.assertEqual(settings.interop_environment, "test")
        self.assertFalse(settings.interop_problems)

    def test_default_filters_find_the_failed_message(self):
        """The filters of the search view are domains that the model understands."""
        model = self.env["interop.message"].with_user(self.owner)
        arch = etree.fromstring(model.get_view(view_type="search")["arch"])
        domains = {
            node.get("name"): node.get("domain")
            for node in arch.xpath("//filter[@domain]")
        }
        found = {}
        for name, text in domains.items():
            domain = safe_eval(text, {"uid": self.owner.id})
            found[name] = self.message in model.search(domain)
        for name in ("waiting_for_me", "failed", "today", "outbound", "business"):
            self.assertTrue(found[name], name)
        for name in ("needs_decision", "waiting", "done", "inbound", "technical"):
            self.assertFalse(found[name], name)

    def test_every_grouping_of_the_log_works(self):
        model = self.env["interop.message"].with_user(self.owner)
        arch = etree.fromstring(model.get_view(view_type="search")["arch"])
        contexts = arch.xpath("//filter[contains(@context, 'group_by')]/@context")
        self.assertGreater(len(contexts), 8)
        for context in contexts:
            group_by = safe_eval(context)["group_by"]
            with self.subTest(group_by=group_by):
                groups = model.formatted_read_group([], [group_by], ["__count"])
                self.assertEqual(sum(group["__count"] for group in groups), 1)

    def test_a_cause_shows_its_error(self):
        model = self.env["interop.message"].with_user(self.owner)
        (group,) = model.formatted_read_group([], ["cause"], ["__count"])
        self.assertEqual(group["cause"], f"Told so. · {self.message.cause[-4:]}")
        self.assertEqual(model.search(group["__extra_domain"]), self.message)
        opened = model.web_read_group([], ["cause"], ["__count"], auto_unfold=True)
        self.assertEqual(opened["groups"][0]["__records"], [{"id": self.message.id}])

    def test_the_log_reads_records_in_batches(self):
        """Showing many messages costs as many queries as showing a few."""
        model = self.env["interop.message"]
        specification = self._specification(model, False)
        partners = self.env["res.partner"].create(
            [{"name": f"Batch {number}"} for number in range(20)]
        )
        for number, partner in enumerate(partners):
            self.message.copy(
                {"external_id": f"msg_batch_{number}", "res_id": partner.id}
            )

        def queries(limit):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            model.web_search_read([], specification, limit=limit)
            return self.env.cr.sql_log_count - before

        queries(20)
        self.assertLessEqual(queries(20), queries(2) + 2)
