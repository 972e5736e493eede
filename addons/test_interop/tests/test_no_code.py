"""From an empty database to a verified delivery, in the browser, without Python."""

import time

from standardwebhooks import Webhook

from odoo.tests import HttpCase, tagged

from .common import InlinePumpMixin

FIVE_MINUTES = 300


@tagged("post_install", "-at_install")
class TestNoCode(InlinePumpMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_interop()
        cls.partner = cls.env["res.partner"].create(
            {
                "name": "Tour Hospital",
                "country_id": cls.env.ref("base.se").id,
                "company_id": cls.facility.id,
                "phone": "+46 40 123456",
            }
        )

    def test_from_nothing_to_a_verified_delivery_without_python(self):
        self._create_named_user("interop_admin", "admin", "base.group_partner_manager")
        receiver = self._start_receiver()
        started = time.monotonic()
        self.start_tour(
            "/odoo",
            "test_interop_no_code",
            login="interop_admin",
            timeout=FIVE_MINUTES,
            cookies={"interop_receiver": receiver.url},
        )
        self.assertLess(time.monotonic() - started, FIVE_MINUTES)
        endpoint = self.env["interop.endpoint"].search(
            [("code", "=", "no-code-endpoint")]
        )
        (request,) = receiver.requests
        # An independent implementation accepts the signature.
        webhook = Webhook(endpoint.secret_ids._get_value())
        body = webhook.verify(request.body, dict(request.headers))
        self.assertEqual(body["type"], "interop.test")

        # The configured flow works: after approval it sends only the mapped fields.
        interface = endpoint.interface_ids
        steward = self._create_user("steward", companies=self.facility)
        interface.contract_ids.with_user(steward).action_publish(
            interface.contract_ids.approval_fingerprint
        )
        interface.with_user(steward).action_approve(interface.approval_fingerprint)
        interface._set_active()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Tell the others",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "interop_publish",
                "interop_contract_id": interface.contract_ids.id,
            }
        )
        action.with_context(
            active_model="res.partner",
            active_id=self.partner.id,
            active_ids=self.partner.ids,
        ).run()
        self._commit()
        self.env["interop.pump"]._arm_after_commit()
        request = receiver.requests[-1]
        body = webhook.verify(request.body, dict(request.headers))
        self.assertEqual(body["type"], "contact.changed")
        self.assertEqual(
            body["data"], {"name": "Tour Hospital", "country": {"code": "SE"}}
        )
