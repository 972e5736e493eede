"""From an empty database to an applied message, in the browser, without Python."""

from odoo.tests import tagged

from odoo.addons.interop_rest.tests.common import RestHttpCase

from .common import InlinePumpMixin


@tagged("post_install", "-at_install")
class TestNoCodeIn(InlinePumpMixin, RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super(RestHttpCase, cls).setUpClass()  # without an existing client
        cls._set_up_interop()
        cls._list_model("res.partner", "create")
        cls.namespace = cls.env["interop.namespace"].create(
            {
                "name": "Laboratory Numbers",
                "code": "laboratory-numbers",
                "uri": "http://laboratory.example/contacts",
            }
        )

    def test_from_nothing_to_an_applied_message_without_python(self):
        self._create_named_user("interop_admin", "admin", "base.group_partner_manager")
        self.start_tour(
            "/odoo", "test_interop_no_code_in", login="interop_admin", timeout=300
        )
        partners = self.env["res.partner"].search([("name", "=", "Dr. Tour")])
        self.assertFalse(partners, "a dry run keeps nothing")

        # A second person approves. Then the laboratory may send.
        self.interface = self.env["interop.interface"].search(
            [("code", "=", "laboratory-contacts")]
        )
        self.contract = self.interface.contract_ids
        steward = self._create_user("steward", companies=self.facility)
        self.contract.with_user(steward).action_publish(
            self.contract.approval_fingerprint
        )
        self.interface.with_user(steward).action_approve(
            self.interface.approval_fingerprint
        )
        self.interface._set_active()
        cls = type(self)
        cls.system, cls.interface = self.interface.system_id, self.interface
        self.client = self._create_client()
        self.secret_text = self._add_key(self.client)
        self._activate_client(self.client)
        data = {"number": "L-1", "name": "Dr. Tour", "country": {"code": "SE"}}
        response = self._post(self._envelope(facility="MAIN-01", data=data))
        self.assertEqual(response.status_code, 200, response.text)
        partner = self.env["res.partner"].search([("name", "=", "Dr. Tour")])
        self.assertEqual(
            (partner.country_id.code, partner.company_id), ("SE", self.facility)
        )
        found = self.env["interop.identifier"]._resolve(
            [{"system": self.namespace.uri, "value": "L-1"}], self.facility
        )
        self.assertEqual(found, partner)
