"""Rights of service users shrink with what they are needed for, and not before."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineMixin

from .mapping_common import MappingInCase


@tagged("post_install", "-at_install")
class TestRights(EngineMixin, MappingInCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_engine()
        cls.entry = cls.env["interop.mapping.model"]._allowed("res.partner")
        cls.own = cls.env.ref("interop_base.interop_rest_group_client")
        cls.user = cls.client.user_id
        # Other addons let every service user make partners.
        plain = cls.env["res.users"].create(
            {
                "name": "Plain",
                "login": "plain-service-user",
                "group_ids": [(6, 0, cls.own.ids)],
            }
        )
        cls.anyway = cls.env["res.partner"].with_user(plain).has_access("create")

    def _assert_rights(self, granted):
        if granted:
            self.assertIn(self.entry.group_id, self.user.group_ids)
        else:
            self.assertEqual(self.user.group_ids, self.own)
        partners = self.env["res.partner"].with_user(self.user)
        self.assertEqual(partners.has_access("create"), granted or self.anyway)

    def _accept(self):
        """Have a message accepted for later, and return it."""
        self.interface.latency_tier = "near_real_time"
        self._send(status=202)
        return self._last()

    def test_an_interface_gives_rights_while_it_is_active(self):
        self._assert_rights(True)
        self.interface._set_suspended()
        self._assert_rights(False)
        self.interface._set_active()
        self._assert_rights(True)
        self.interface._set_deprecated()
        self._assert_rights(False)
        self.interface._set_retired()
        self._assert_rights(False)

    def test_an_interface_that_leaves_the_client_takes_its_rights_along(self):
        other = self._create_in_interface(
            contract_ids=[
                (6, 0, self.env.ref("interop_rest.interop_contract_receipt_ack").ids)
            ]
        )
        self.client._set_suspended()
        self.client._set_requested()
        self._assert_rights(False)
        self.client.interface_ids = other
        self._activate_client(self.client)
        self._assert_rights(False)

    def test_a_facility_goes_with_its_interface(self):
        self.system.company_ids |= self.other_facility
        self.interface._set_suspended()
        self.interface._set_draft()
        self.interface.company_ids |= self.other_facility
        self._activate_elsewhere(self.interface)
        self.assertEqual(self.user.company_ids, self.facility | self.other_facility)
        self.interface._set_suspended()
        self.assertEqual(len(self.user.company_ids), 1)
        self.assertIn(self.user.company_id, self.user.company_ids)

    def test_a_client_that_is_refused_has_no_rights(self):
        self.client._set_suspended()
        self._assert_rights(False)
        self.client._set_active()
        self._assert_rights(True)
        self.client._set_revoked()
        self._assert_rights(False)

    def test_what_was_accepted_before_is_applied(self):
        message = self._accept()
        self.client._set_revoked()
        self._assert_rights(True)
        self._run()
        self.assertEqual(message.state, "done")
        self.assertEqual(self._found().name, "Ward 3")
        self.env["interop.client"]._cron_remind()
        self._assert_rights(False)

    def test_also_what_is_tried_again_long_after(self):
        self.entry._set_draft()
        message = self._accept()
        self._run()
        self.assertEqual(message.state, "dead")
        self.client._set_revoked()
        self.entry.with_user(self._create_user("steward")).action_approve(
            self.entry.approval_fingerprint
        )
        self._assert_rights(False)
        message._set_pending()
        self._run()
        self.assertEqual((message.state, message.error_code), ("done", False))
        self.env["interop.client"]._cron_remind()
        self._assert_rights(False)

    def test_rights_for_what_waits_come_back_with_the_interface(self):
        message = self._accept()
        self.client._set_suspended()
        self.interface._set_suspended()
        self._assert_rights(False)
        self.interface._set_active()
        self._assert_rights(True)
        self._run()
        self.assertEqual(message.state, "done")
