"""Messages list the identifiers of their receiver first."""

import json

from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase


@tagged("post_install", "-at_install")
class TestWireOrder(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        contract = cls._create_contract(
            schema=json.dumps({"type": "object"}),
            example_ids=[(0, 0, {"name": "One", "body": "{}"})],
        )
        cls._create_handler(
            contract.message_type, _build=cls._build, _subject=cls._subject
        )
        cls.first, cls.second = (
            cls._create_interface(contract_ids=[(6, 0, contract.ids)])
            for _number in range(2)
        )
        cls.namespaces = {
            name: cls.env["interop.namespace"].create(
                {"name": name, "code": f"{name}-{cls._next()}", "uri": f"urn:{name}"}
            )
            for name in ("common", "second", "named", "first")
        }
        cls.namespaces["first"].system_id = cls.first.system_id
        cls.namespaces["second"].system_id = cls.second.system_id
        cls.namespaces["named"].alias_ids = [
            (0, 0, {"name": "NAMED", "system_id": cls.first.system_id.id})
        ]

    @staticmethod
    def _subject(handler, record):
        return handler.env["interop.identifier"]._wire(record, handler.env.company)

    @staticmethod
    def _build(handler, record):
        wires = handler.env["interop.identifier"]._wire(record, handler.env.company)
        return {"customer": {"identifiers": wires}}

    def _sent(self, interface, partner):
        """Return the systems of the identifiers: ``(in subject, in data)``."""
        message = self._message_of(partner).filtered(
            lambda item: item.interface_id == interface
        )
        envelope = json.loads(message._payload_bytes())
        return [
            [wire["system"].removeprefix("urn:") for wire in wires]
            for wires in (
                envelope["subject"],
                envelope["data"]["customer"]["identifiers"],
            )
        ]

    def test_own_numbers_first_then_those_with_an_alias(self):
        partner = self.env["res.partner"].create(
            {"name": "Ada", "company_id": self.facility.id}
        )
        for namespace in self.namespaces.values():
            self.env["interop.identifier"].create(
                {
                    "namespace_id": namespace.id,
                    "value": "1",
                    "res_model": "res.partner",
                    "res_id": partner.id,
                }
            )
        self.env["interop.event"]._publish(
            self.first.contract_ids.message_type, partner
        )
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        order = ["first", "named", "common", "second"]
        self.assertEqual(self._sent(self.first, partner), [order, order])
        order = ["second", "common", "first", "named"]
        self.assertEqual(self._sent(self.second, partner), [order, order])

    def test_the_order_follows_changes_of_the_catalogue(self):
        ranks = self.env["interop.namespace"]._ranks
        system = self.second.system_id.id
        self.assertEqual(ranks(system), {"urn:second": 0})
        self.namespaces["second"].system_id = False
        self.assertEqual(ranks(system), {})
        self.namespaces["common"].alias_ids = [
            (0, 0, {"name": "C", "system_id": system})
        ]
        self.assertEqual(ranks(system), {"urn:common": 1})
