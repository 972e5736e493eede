"""Kinds of records with identifiers, and the protected reference to the record."""

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_identifier import const, hooks

from .common import IdentifierCase

MATRIX = {
    None: "",
    "user": "r",
    "operator": "r",
    "admin": "rwcu",
    "steward": "r",
    "auditor": "r",
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


@tagged("post_install", "-at_install")
class TestIdentifierModel(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kinds = cls.env["interop.identifier.model"]
        cls.bank = cls.env["res.bank"].create({"name": "Mercy Bank"})
        cls.own = cls._create_namespace()

    def _add(self, name="res.bank", **values):
        model_id = self.env["ir.model"]._get_id(name)
        return self.kinds.create({"model_id": model_id, **values})

    def _triggers(self, table):
        self.env.cr.execute(
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgname = 'interop_identifier_of_deleted' AND tgrelid = %s::regclass",
            [table],
        )
        return self.env.cr.fetchone()[0]

    def _refused(self, query, *values):
        """Return the error of PostgreSQL for a statement."""
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ForeignKeyViolation) as caught,
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query, values)
        return str(caught.exception)

    def test_apps_declare_their_kinds(self):
        for name in ("res.partner", "res.company"):
            kind = self.kinds.search([("model", "=", name)])
            self.assertTrue(kind.declared)
            self.assertEqual(self._triggers(self.env[name]._table), 1)
            with self.assertRaisesRegex(UserError, "needs it"):
                kind.unlink()

    def test_usual_kinds_are_listed_with_their_app(self):
        present = [name for name in const.USUAL_KINDS if name in self.env]
        self.assertIn("product.product", present)
        for name in present:
            kind = self.kinds.search([("model", "=", name)])
            self.assertTrue(kind.declared)
            self.assertTrue(kind.has_page, "identifiers are on the form")
            self.assertEqual(self._triggers(self.env[name]._table), 1)

    def test_a_kind_cannot_point_at_another_table(self):
        kind = self._add().with_user(self._create_user("admin"))
        for vals in ({"table_name": "res_users"}, {"model": "res.users"}):
            with self.assertRaisesRegex(AccessError, "computed from the kind"):
                kind.write(vals)
            with self.assertRaisesRegex(AccessError, "computed from the kind"):
                self._add("res.country", **vals)
        self.assertEqual((kind.model, kind.table_name), ("res.bank", "res_bank"))

    def test_an_administrator_adds_a_kind_without_code(self):
        with self.assertRaisesRegex(ValidationError, "Kinds of Records"):
            self._link_bank()
        kind = self._add()
        row = self._link_bank()
        self.assertEqual(row.record_ref, self.bank)
        self.assertEqual(
            self.identifiers._resolve([self._wire(self.own, "B7")], self.facility),
            self.bank,
        )
        kind.invalidate_recordset()
        self.assertEqual(kind.identifier_count, 1)
        self.assertEqual(
            self.identifiers.search(kind.action_view_identifiers()["domain"]), row
        )
        with self.assertRaisesRegex(UserError, "records of this kind have"):
            kind.unlink()
        row._set_retired()
        self.assertIn("refer to it by", self._delete_bank())

    def _link_bank(self):
        steward = self._create_user("steward")
        return self.identifiers.with_user(steward).create(
            {
                "namespace_id": self.own.id,
                "value": "B7",
                "record_ref": f"res.bank,{self.bank.id}",
            }
        )

    def _delete_bank(self):
        return self._refused("DELETE FROM res_bank WHERE id = %s", self.bank.id)

    def test_merges_of_any_kind(self):
        self._add()
        other = self.bank.copy()
        row = self._create_identifier(self.own, "B7", other)
        merge = self.env["interop.identifier.merge"]._merge(self.bank, other)
        self.assertEqual(row.record_ref, self.bank)
        merge._unmerge("Two banks")
        self.assertEqual(row.record_ref, other)

    def test_the_reference_is_protected_from_both_ends(self):
        self._add()
        for res_id, model in ((0, "res.bank"), (self.bank.id, "res.users")):
            self._refused(
                "INSERT INTO interop_identifier (namespace_id, value, "
                "value_normalized, res_model, res_id, state) "
                "VALUES (%s, '1', '1', %s, %s, 'active')",
                self.own.id,
                model,
                res_id,
            )
        self.bank.unlink()  # nothing refers to it
        self.env.cr.execute(
            "SELECT FROM interop_identifier_anchor WHERE res_model = 'res.bank'"
        )
        self.assertFalse(self.env.cr.rowcount)

    def test_a_survivor_stays(self):
        self._add()
        other = self.bank.copy()
        self.env["interop.identifier.merge"]._merge(self.bank, other)
        self._delete_bank()
        other.unlink()  # the prior one may go

    def test_identifiers_are_deleted_with_the_record_if_the_list_allows(self):
        self._add(on_delete="cascade")
        row = self._create_identifier(self.own, "B7", self.bank)
        prior = self.bank.copy()
        merge = self.env["interop.identifier.merge"]._merge(self.bank, prior)
        self.bank.unlink()
        self.env.invalidate_all()
        self.assertFalse(row.exists())
        self.assertEqual(merge._survivor(prior), prior)

    def test_identifiers_are_deleted_with_an_uninstalled_app(self):
        kind = self._add()
        row = self._create_identifier(self.own, "B7", self.bank)
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM interop_identifier_model WHERE id = %s", [kind.id]
        )
        self.env.invalidate_all()
        self.assertFalse(row.exists())

    def test_triggers_are_restored_and_removed(self):
        kind = self._add()
        self.env.flush_all()
        self.env.cr.execute("DROP TRIGGER interop_identifier_of_deleted ON res_bank")
        self.kinds._sync()
        self.assertEqual(self._triggers("res_bank"), 1)
        self.kinds._sync()
        self.assertEqual(self._triggers("res_bank"), 1)
        views = kind.view_ids
        self.assertTrue(views)
        kind.unlink()
        self.assertEqual(self._triggers("res_bank"), 0)
        self.assertFalse(views.exists())

    def test_uninstalling_leaves_nothing_in_other_tables(self):
        self._add()
        hooks.uninstall_hook(self.env)
        self.assertEqual(self._triggers("res_bank"), 0)
        self.assertEqual(self._triggers("res_partner"), 0)
        self.bank.unlink()

    def test_kinds_that_are_refused(self):
        for name in ("base", "base.language.install", "interop.identifier"):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._add(name)
        kind = self._add()
        with self.assertRaises(UserError):
            kind.model_id = self.env["ir.model"]._get_id("res.users")

    def test_groups(self):
        for group, allowed in MATRIX.items():
            user = self._create_user(*([group] if group else []))
            for letter, operation in OPERATIONS.items():
                with self.subTest(group=group, operation=operation):
                    self.assertEqual(
                        self.kinds.with_user(user).has_access(operation),
                        letter in allowed,
                    )
        admin = self._create_user("admin")
        kind = self.kinds.with_user(admin).create(
            {"model_id": self.env["ir.model"]._get_id("res.bank")}
        )
        kind.unlink()
