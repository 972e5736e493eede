"""What an upgrade does to what was there before."""

from odoo.modules.migration import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path

from .common import RestMixin


@tagged("post_install", "-at_install")
class TestMigrations(RestMixin, TransactionCase):
    def _migrate(self, name):
        path = file_path(f"interop_rest/migrations/19.0.1.1.0/{name}.py")
        load_script(path, name.replace("-", "_")).migrate(self.env.cr, "")
        self.env.invalidate_all()

    def test_who_was_approved_before_was_not_approved_to_reconcile(self):
        self._set_up_rest()
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE interop_client DROP COLUMN may_reconcile")
        self._migrate("pre-may-reconcile")
        # What Odoo does next with a column that has a default.
        self.env["interop.client"]._init_column("may_reconcile")
        self.env.invalidate_all()
        self.assertFalse(self.client.may_reconcile)
        self.assertTrue(self._create_client().may_reconcile)

    def test_service_users_lose_what_they_had_of_interfaces_that_ended(self):
        self._set_up_rest()
        user = self.client.user_id
        own = self.env.ref("interop_base.interop_rest_group_client")
        granted = user.group_ids - own
        self.assertTrue(granted)
        self.interface._set_suspended()
        user.group_ids |= granted  # as it was left before
        self.env.flush_all()
        self._migrate("post-service-users")
        self.assertEqual(user.group_ids, own)
