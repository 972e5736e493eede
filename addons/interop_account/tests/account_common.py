"""Accounting tests with the integration installed."""

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class AccountCase(AccountTestInvoicingCommon):
    """Gives the user of accounting tests the right to administer the integration.

    Put a mixin with ``_set_up_interop`` before this class.
    """

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.quick_ref("base.group_system")
            | cls.quick_ref("interop_base.interop_base_group_admin")
            | cls.quick_ref("interop_base.interop_base_group_payload")
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()
        cls.facility = cls.company_data["company"]
