"""Contacts as governed records, as a glue addon makes them, during a test."""

from datetime import timedelta

from odoo import models
from odoo.orm.model_classes import add_to_registry

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tests.fakes import EngineCase


class GovernedMixin:
    """Adds ``interop.governed.mixin`` to ``res.partner`` unless an addon did."""

    @classmethod
    def _set_up_interop(cls):
        cls._govern_contacts()  # before fakes: they are not models that can be set up
        return super()._set_up_interop()

    @classmethod
    def _govern_contacts(cls):
        registry = cls.env.registry
        if "interop_locked_fields" in registry["res.partner"]._fields:
            return

        class ResPartner(models.Model):
            _module = None
            _name = "res.partner"
            _inherit = ["res.partner", "interop.governed.mixin"]

        partner = registry["res.partner"]
        mixin = registry["interop.governed.mixin"]
        bases = partner._base_classes__

        def restore():
            partner._base_classes__ = bases
            mixin._inherit_children.discard("res.partner")
            partner._inherit_module.pop("interop.governed.mixin", None)
            registry._setup_models__(cls.env.cr, ["res.partner"])

        add_to_registry(registry, ResPartner)
        cls.addClassCleanup(restore)
        registry._setup_models__(cls.env.cr, ["res.partner"])

    @classmethod
    def _create_rule(cls, *names, system=None, model="res.partner", **values):
        """Create a rule about the fields ``names``; without a system, Odoo decides."""
        ir_fields = cls.env["ir.model.fields"]
        return cls.env["interop.ownership"].create(
            {
                "name": f"Group {cls._next()}",
                "model_id": cls.env["ir.model"]._get_id(model),
                "field_ids": [(6, 0, [ir_fields._get(model, n).id for n in names])],
                "authority": "system" if system else "odoo",
                "system_id": system and system.id,
                **values,
            }
        )

    @classmethod
    def _create_partner(cls, **values):
        return cls.env["res.partner"].create(
            {"name": "Ada", "company_id": cls.facility.id, **values}
        )

    def _source(self, partner, name):
        """Return the provenance of one value."""
        return self.env["interop.provenance"].search(
            [
                ("res_model", "=", "res.partner"),
                ("res_id", "=", partner.id),
                ("field_name", "=", name),
            ]
        )


class GovernedCase(GovernedMixin, EngineCase):
    """Two systems that send contacts, and a handler that obeys the rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        both = cls.facility | cls.other_facility
        cls.ehr = cls._create_system(name="EHR Mercy", company_ids=[(6, 0, both.ids)])
        cls.billing = cls._create_system(name="Billing", company_ids=[(6, 0, both.ids)])
        cls.contract = cls._create_contract()
        cls._create_handler(cls.contract.message_type, _apply=cls._handle)
        cls.ehr_in = cls._inbound(cls.ehr)
        cls.billing_in = cls._inbound(cls.billing)

    @classmethod
    def _inbound(cls, system):
        return cls._create_interface(
            system_id=system.id,
            direction="in",
            contract_ids=[(6, 0, cls.contract.ids)],
            company_ids=[(6, 0, system.company_ids.ids)],
        )

    @staticmethod
    def _handle(handler, message, data):
        """Apply ``{"id", "values", "direct"}`` like a real handler."""
        partners = handler.env["res.partner"].sudo()
        if "id" not in data:
            return partners._create_governed(message, data["values"])[0]
        partner = partners.browse(data["id"])
        if data.get("direct"):
            partner.write(data["values"])
        else:
            partner._apply_governed(message, data["values"])
        return partner

    def _send(
        self, interface, partner=None, minutes=0, company=None, direct=False, **vals
    ):
        """Receive and apply one message whose facts became true ``minutes`` from now."""
        data = {"values": vals, "direct": direct}
        if partner:
            data["id"] = partner.id
        moment = clock.now().replace(microsecond=0) + timedelta(minutes=minutes)
        message = self._receive(interface, data, company=company, occurred_at=moment)
        return message._apply_now()

    def _outcomes(self, message):
        """Return ``{field: (outcome, reason)}`` of the report."""
        return {
            item["field"]: (item["outcome"], item.get("reason", ""))
            for item in message.field_report or []
        }
