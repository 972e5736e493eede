"""The page with identifiers on the forms of every kind."""

import importlib.util
from pathlib import Path
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.tests.common import InteropMixin

from .common import IdentifierCase

MIGRATION = Path(__file__).parents[1] / "migrations/19.0.1.1.0/end-pages.py"


@tagged("post_install", "-at_install")
class TestIdentifierPage(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kinds = cls.env["interop.identifier.model"]

    def _add(self, name, **values):
        model_id = self.env["ir.model"]._get_id(name)
        return self.kinds.create({"model_id": model_id, **values})

    def _pages(self, model, *groups, view=None):
        """Return the pages with identifiers on a form, as a user of ``groups`` gets
        it."""
        user = self._create_user(*groups)
        form = self.env[model].with_user(user).get_view(view and view.id, "form")
        arch = etree.fromstring(form["arch"])
        return arch.xpath("//page[widget[@name='interop_identifiers']]")

    def test_every_declared_kind_has_a_page(self):
        for kind in self.kinds.search([("model", "!=", False)]):
            if kind.declared:
                self.assertTrue(kind.has_page, kind.model)
        for model, view in (
            ("res.partner", "base.view_partner_form"),
            ("res.company", "base.view_company_form"),
        ):
            user = self._create_user("user")
            form = self.env[model].with_user(user)
            arch = etree.fromstring(
                form.get_view(self.env.ref(view).id, "form")["arch"]
            )
            self.assertTrue(arch.xpath("//page/widget[@name='interop_identifiers']"))

    def test_only_readers_of_identifiers_see_the_page(self):
        kind = self._add("res.country.group")
        for group, shown in (
            ("steward", True),
            ("user", True),
            ("auditor", True),
            (None, False),
        ):
            with self.subTest(group=group):
                pages = self._pages("res.country.group", *([group] if group else []))
                self.assertEqual(len(pages), int(shown))
        kind.has_page = False
        self.assertFalse(kind.view_ids)
        self.assertFalse(self._pages("res.country.group", "user"))
        kind.has_page = True
        self.assertTrue(self._pages("res.country.group", "user"))

    def test_an_integration_administrator_needs_no_right_on_views(self):
        kinds = self.kinds.with_user(self._create_user("admin"))
        model_id = self.env["ir.model"]._get_id("res.country.group")
        kind = kinds.create({"model_id": model_id})
        names = ("model_id", "on_delete", "has_page", "declared", "identifier_count")
        found = kinds.web_search_read([], {name: {} for name in names})["records"]
        self.assertTrue(all(item["has_page"] for item in found if item["declared"]))
        kind.has_page = False
        self.assertFalse(self._pages("res.country.group", "user"))
        kind.has_page = True
        self.assertTrue(self._pages("res.country.group", "user"))
        kind.unlink()
        self.assertFalse(self._pages("res.country.group", "user"))

    def test_a_form_without_a_notebook_gets_one(self):
        self._add("res.bank")
        (page,) = self._pages("res.bank", "user")
        self.assertEqual(page.getparent().tag, "notebook")

    def test_a_restricted_notebook_is_not_used(self):
        form = self.env["ir.ui.view"].create(
            {
                "name": "warehouse-like",
                "model": "res.country.group",
                "type": "form",
                "priority": 1,
                "arch": "<form><sheet><field name='name'/>"
                "<notebook groups='base.group_no_one'><page/></notebook>"
                "</sheet></form>",
            }
        )
        self._add("res.country.group")
        self.assertTrue(self._pages("res.country.group", "user", view=form))

    def test_derived_forms_show_the_page_once(self):
        kind = self._add("res.country.group")
        base = kind.view_ids.inherit_id
        kind.has_page = False
        copy = self.env["ir.ui.view"].create(
            {
                "name": "made from it",
                "model": "res.country.group",
                "mode": "primary",
                "priority": 99,
                "inherit_id": base.id,
                "arch": "<form position='attributes'/>",
            }
        )
        kind.has_page = True
        for view in (base, copy):
            self.assertEqual(
                len(self._pages("res.country.group", "user", view=view)), 1
            )

    def test_products_and_their_variants(self):
        manager = ("user", "product.group_product_manager")
        (page,) = self._pages("product.template", *manager)
        (widget,) = page.xpath("widget")
        self.assertEqual(widget.get("model"), "product.product")
        self.assertTrue(page.xpath(f"field[@name='{widget.get('records')}']"))
        for view in (
            "product.product_normal_form_view",
            "product.product_variant_easy_edit_view",
        ):
            (page,) = self._pages("product.product", *manager, view=self.env.ref(view))
            self.assertFalse(page.xpath("widget/@model"))

    def test_a_form_with_an_own_page_keeps_it(self):
        kind = self.kinds.search([("model", "=", "res.partner")])
        with self.assertRaisesRegex(UserError, "always shows"):
            kind.has_page = False

    def test_a_broken_form_does_not_prevent_the_start(self):
        kind = self._add("res.country.group", has_page=False)
        with (
            mute_logger("odoo.addons.base.models.ir_ui_view"),
            self.assertLogs("odoo.addons.interop_identifier", "WARNING"),
            patch.object(
                type(kind), "_page_arch", lambda *_args: "<field name='no_such'/>"
            ),
        ):
            kind._offer_page()
        self.assertFalse(kind.has_page)
        kind._offer_page()
        self.assertTrue(kind.view_ids)

    def test_an_upgrade_turns_buttons_into_pages(self):
        kept = self._add("res.country.group", has_page=False)
        without = self._add("res.bank", has_page=False)
        action = self.env["ir.actions.act_window"].create(
            {"name": "Identifiers", "res_model": "interop.identifier"}
        )
        button = self.env["ir.ui.view"].create(
            {
                "name": "button",
                "model": "res.country.group",
                "inherit_id": self.kinds._default_form("res.country.group").id,
                "arch": f"<xpath expr='//sheet' position='inside'>"
                f"<button type='action' name='{action.id}'/></xpath>",
            }
        )
        spec = importlib.util.spec_from_file_location("end_pages", MIGRATION)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = [(kept.id, button.id, action.id), (without.id, None, None)]
        module.replace_buttons(self.env, rows)
        self.assertFalse(button.exists() or action.exists())
        self.assertTrue(kept.has_page)
        self.assertFalse(without.has_page)


@tagged("post_install", "-at_install")
class TestIdentifierPageTour(InteropMixin, HttpCase):
    def test_a_steward_reads_and_adds_a_product_s_number(self):
        self._set_up_interop()
        steward = self._create_user("steward", "user", "product.group_product_manager")
        steward.write({"login": "interop_page", "password": "interop_page"})
        namespace = self.env["interop.namespace"].create(
            {"name": "Wholesaler", "code": "wholesaler", "uri": "urn:oid:1.2.77"}
        )
        self.env["interop.namespace"].create(
            {"name": "Pharmacy", "code": "pharmacy", "uri": "urn:oid:1.2.78"}
        )
        template = self.env["product.template"].create({"name": "Gauze"})
        product = template.product_variant_id
        self.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": "W-4711",
                "res_model": "product.product",
                "res_id": product.id,
            }
        )
        # As most menus do, this one names the views, a list of products among them.
        action = self.env["ir.actions.act_window"].create(
            {
                "name": "Products with their own list",
                "res_model": "product.template",
                "view_mode": "list,form",
                "view_id": self.env.ref("product.product_template_tree_view").id,
            }
        )
        self.start_tour(
            f"/odoo/action-{action.id}/{template.id}",
            "interop_identifiers_page",
            login="interop_page",
        )
        added = self.env["interop.identifier"].search([("value", "=", "P-1")])
        self.assertEqual(added.record_ref, product)
