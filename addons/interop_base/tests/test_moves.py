"""Upgrades with models and records that move to another addon."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_base.upgrade import Move, install, move


@tagged("post_install", "-at_install")
class TestMoves(TransactionCase):
    def _module_of(self, record, source="interop_base"):
        return (
            self.env["ir.model.data"]
            .search([("model", "=", record._name), ("res_id", "=", record.id)])
            .mapped("module")
        )

    def _move(self, **values):
        self.env.flush_all()
        count = move(
            self.env.cr, Move(source="interop_base", target="base_setup", **values)
        )
        self.env.invalidate_all()
        return count

    def test_a_model_moves_with_its_records(self):
        model = self.env["ir.model"]._get("interop.team")
        along = [
            *(model, *model.field_id.filtered(lambda field: field.name == "user_ids")),
            *(*model.access_ids, *model.view_ids),
            self.env.ref("interop_base.interop_team_action"),
        ]
        self.assertTrue(self._move(models=("interop.team",)))
        for record in along:
            with self.subTest(record._name):
                self.assertEqual(self._module_of(record), ["base_setup"])
        self.assertFalse(self._move(models=("interop.team",)), "A repeat does nothing.")

    def test_a_field_and_a_constraint_move_alone(self):
        field = self.env["ir.model.fields"]._get("interop.system", "kind")
        choices = field.selection_ids
        code = self.env["ir.model.fields"]._get("interop.system", "code")
        constraint = self.env["ir.model.constraint"].search(
            [("model.model", "=", "interop.system"), ("type", "=", "u")], limit=1
        )
        self._move(fields=("interop.system.kind",), constraints=(constraint.name,))
        self.assertEqual(self._module_of(field), ["base_setup"])
        self.assertEqual(set(self._module_of(choices[0])), {"base_setup"})
        self.assertEqual(self._module_of(code), ["interop_base"])
        self.assertEqual(constraint.module.name, "base_setup")
        self.assertEqual(self._module_of(constraint), ["base_setup"])

    def test_records_move_by_their_name(self):
        menu = self.env.ref("interop_base.interop_base_menu_root")
        self.assertEqual(self._move(records=("interop_base_menu_root", "not there")), 1)
        self.assertEqual(self._module_of(menu), ["base_setup"])

    def test_an_addon_and_its_dependencies_will_be_installed(self):
        addons = self.env["ir.module.module"].search([("state", "=", "uninstalled")])
        addon = addons.filtered(
            lambda each: (
                each.dependencies_id.depend_id & addons
                and not set(each.dependencies_id.depend_id.mapped("state"))
                - {"installed", "uninstalled"}
            )
        )[:1]
        needed = addon.dependencies_id.depend_id & addons
        install(self.env.cr, addon.name, "interop_base")
        self.env.invalidate_all()
        self.assertEqual({*(addon | needed).mapped("state")}, {"to install"})
        self.assertEqual(
            self.env.ref("base.module_interop_base").state,
            "installed",
        )
