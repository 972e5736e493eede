"""A hospital information system that posts charges."""

import json

from odoo.addons.interop_account.tests.account_common import AccountCase
from odoo.addons.interop_base.models.log.message_search import stored_keys
from odoo.addons.interop_rest.tests.common import RestMixin


class ChargeCase(RestMixin, AccountCase):
    """A hospital information system that posts charges of one facility."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.posted = cls.env.ref(
            "interop_account_charge.interop_contract_charge_posted"
        )
        cls.contract = cls.posted
        cls.reversed = cls.env.ref(
            "interop_account_charge.interop_contract_charge_reversed"
        )
        cls.system = cls._create_system()
        cls.interface = cls._charges(cls.system)
        cls.client = cls._create_client()
        cls._add_key(cls.client)
        cls._activate_client(cls.client)
        cls.charges = cls._namespace("charges", one_active_per_record=False)
        cls.accounts = cls._namespace("accounts")
        cls.items = cls._namespace("items")
        cls._identify(cls.partner_a, cls.accounts, "ACC-1")
        cls.product_a.default_code = "ROOM"
        cls.product_a.list_price = 350

    @classmethod
    def _charges(cls, system, **values):
        return cls._create_in_interface(
            system_id=system.id,
            contract_ids=[(6, 0, (cls.posted | cls.reversed).ids)],
            data_class="patient_adjacent",
            **values,
        )

    @classmethod
    def _namespace(cls, name, **values):
        return cls.env["interop.namespace"].create(
            {
                "name": name,
                "code": f"his-{name}-{cls._next()}",
                "uri": f"http://his.example/{name}",
                **values,
            }
        )

    @classmethod
    def _identify(cls, record, namespace, value):
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "record_ref": f"{record._name},{record.id}",
            }
        )

    def _charge(self, number="CH-1", **data):
        return {
            "identifiers": [{"system": self.charges.uri, "value": number}],
            "account": {
                "identifiers": [{"system": self.accounts.uri, "value": "ACC-1"}]
            },
            "code": {"code": "ROOM"},
            "quantity": "2",
            "service_date": "2026-01-31",
            **data,
        }

    def _take(self, contract, data, client=None, company=None):
        """Apply one message of ``client`` as the pump would, and return it."""
        self.assertFalse(contract._violations(data))
        client = client or self.client
        company = company or self.facility
        number = self._next()
        key = data["identifiers"][0]["value"]
        messages = self.env["interop.message"].sudo()
        interface = client.interface_ids[:1]
        (payload_id,) = (
            self.env["interop.payload"]
            .sudo()
            ._store_many(
                [
                    (
                        company.id,
                        interface.data_class,
                        json.dumps({"data": data}).encode(),
                    )
                ]
            )
        )
        message = messages.create(
            {
                "direction": "in",
                "client_id": client.id,
                "interface_id": interface.id,
                "system_id": client.system_id.id,
                "contract_id": contract.id,
                "company_id": company.id,
                "external_id": f"msg_{number}",
                "data_class": interface.data_class,
                "lane": interface._lane(),
                "payload_id": payload_id,
                **stored_keys(messages.env, interface.data_class, key, key),
            }
        )
        return message._apply_now()

    def _post(self, number="CH-1", client=None, **data):
        return self._take(self.posted, self._charge(number, **data), client)

    def _reverse(self, number="CH-1", client=None):
        identifiers = [{"system": self.charges.uri, "value": number}]
        return self._take(self.reversed, {"identifiers": identifiers}, client)

    def _line(self, message):
        self.assertEqual(message.state, "done", message.error_message)
        return self.env[message.res_model].browse(message.res_id)

    def _failed(self, message, state, code):
        self.assertEqual(
            (message.state, message.error_code), (state, code), message.error_message
        )
        self.assertEqual(message.owner_user_id, self.interface.exception_user_id)
