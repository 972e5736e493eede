"""What an upgrade does to what was there before."""

from odoo.modules.migration import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path

from .common import RestMixin


@tagged("post_install", "-at_install")
class TestMigrations(RestMixin, TransactionCase):
    def test_who_was_approved_before_was_not_approved_to_reconcile(self):
        self._set_up_rest()
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE interop_client DROP COLUMN may_reconcile")
        path = "interop_rest/migrations/19.0.1.1.0/pre-may-reconcile.py"
        load_script(file_path(path), "pre_may_reconcile").migrate(self.env.cr, "")
        # What Odoo does next with a column that has a default.
        self.env["interop.client"]._init_column("may_reconcile")
        self.env.invalidate_all()
        self.assertFalse(self.client.may_reconcile)
        self.assertTrue(self._create_client().may_reconcile)
