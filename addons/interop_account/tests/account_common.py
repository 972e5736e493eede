"""Accounting with the integration beside it."""

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class AccountCase(AccountTestInvoicingCommon):
    """The user of accounting tests may administer the integration; put a mixin with
    ``_set_up_interop`` before this class."""

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
