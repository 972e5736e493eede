"""Where default accounts belong is at hand for new partners, as long as it is true."""

from odoo import Command
from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_rest.tests.common import RecallMixin


@tagged("post_install", "-at_install")
class TestRecallForAccounts(RecallMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        cls.account = cls.env["account.account"].create(
            {
                "name": "Patients",
                "code": "120001",
                "account_type": "asset_receivable",
                "reconcile": True,
                "company_ids": [Command.set(cls.facility.ids)],
            }
        )
        cls.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            cls.account.id,
            company_id=cls.facility.id,
        )

    def _known(self):
        """Look as a new request does; return the account as Odoo compares it."""
        return self.account.with_user(self._fresh().user_id).sudo()

    def test_their_facilities_are_at_hand(self):
        self._known()
        account_sudo = self._known()
        with self.assertQueryCount(0, flush=False):
            self.assertEqual(account_sudo.company_ids.ids, self.facility.ids)

    def test_a_change_counts_at_once(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self._fresh()
        self.env.cr.execute(
            """UPDATE account_account_res_company_rel SET res_company_id = %s
                WHERE account_account_id = %s""",
            [other.id, self.account.id],
        )
        self.assertEqual(self._known().company_ids, other)
        self.env.cr.execute(
            "DELETE FROM account_account_res_company_rel WHERE account_account_id = %s",
            [self.account.id],
        )
        self.assertFalse(self._known().company_ids)

    def test_another_default_is_read_when_it_is_used(self):
        self._fresh()
        other = self.account.copy({"code": "120002"})
        self.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            other.id,
            company_id=self.facility.id,
        )
        self._fresh()
        partner = (
            self.env["res.partner"].with_company(self.facility).create({"name": "Ada"})
        )
        self.assertEqual(partner.property_account_receivable_id, other)
