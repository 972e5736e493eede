"""Namespaces and messages for the tests of identifiers."""

from odoo.addons.interop_base.tests.common import InteropCase


class IdentifierCase(InteropCase):
    """``_create_namespace``, ``_create_identifier`` and an unsaved message."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identifiers = cls.env["interop.identifier"]
        cls.npi = cls.env.ref("interop_identifier.interop_namespace_npi")
        cls.system = cls._create_system()
        cls.partner = cls.env["res.partner"].create({"name": "Adam Careful"})

    @classmethod
    def _create_namespace(cls, **values):
        number = cls._next()
        return cls.env["interop.namespace"].create(
            {
                "name": f"Namespace {number}",
                "code": f"namespace-{number}",
                "uri": f"http://namespace.example/{number}",
                **values,
            }
        )

    @classmethod
    def _create_identifier(cls, namespace, value, record=None, **values):
        record = record or cls.partner
        return cls.identifiers.create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "res_model": record._name,
                "res_id": record.id,
                **values,
            }
        )

    def _message(self, company=None, system=None):
        """Return an unsaved message with the fields that linking reads."""
        return self.env["interop.message"].new(
            {
                "company_id": (company or self.facility).id,
                "system_id": (system or self.system).id,
            }
        )

    def _wire(self, namespace, value, **members):
        return {"system": namespace.uri, "value": value, **members}
