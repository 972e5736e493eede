"""Identifiers of mapped records."""

from odoo import api, models

from odoo.addons.interop_mapping.tools import inbound_models


class InteropIdentifier(models.Model):
    """Objects of inbound mappings carry identifiers."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [
            *super()._declared_models(),
            *(
                name
                for name in self.env["interop.mapping.model"]._identified_models()
                if not inbound_models.is_closed(name)
            ),
        ]

    @api.model
    def _active_values(self, namespace, records, company):
        """Return ``{record id: value}``: the active identifier of each in
        ``namespace``.

        Where a record may have several, the oldest. Nothing of a facility's own
        namespace leaves from another facility.
        """
        if namespace.company_id and namespace.company_id not in company.parent_ids:
            return {}
        found = self.search(
            [
                ("namespace_id", "=", namespace.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "=", "active"),
            ],
            order="id desc",
        )
        return {identifier.res_id: identifier.value for identifier in found}
