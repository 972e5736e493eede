"""What Odoo reads for each new partner, remembered with the client."""

from odoo import api, models


class InteropInbound(models.AbstractModel):
    """Nothing of it is skipped: it is read when it has changed."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _read_when_applying(self, client_sudo):
        found = super()._read_when_applying(client_sudo)
        definition = self._partner_properties(client_sudo)
        if not definition.properties_definition:  # one that is filled may be altered
            found.append((definition, ("properties_definition",)))
        # With this user's rights Odoo compares facilities, see ``_check_company``.
        user = client_sudo.user_id
        for records in self._partner_defaults(client_sudo):
            found.append((records.with_user(user).sudo(), ("company_ids",), user.id))
        return found

    @api.model
    def _partner_properties(self, client_sudo):
        """Return the definition of the properties of partners, empty if there is none
        yet: core makes it with the first partner, this is no place to make any."""
        return client_sudo.env["properties.base.definition"].search(
            [
                ("properties_field_id.model", "=", "res.partner"),
                ("properties_field_id.name", "=", "properties"),
            ],
            limit=1,
        )

    @api.model
    def _partner_defaults(self, client_sudo):
        """Return what new partners are linked to by default at the facilities of a
        client and belongs to facilities itself, such as accounts: recordsets, one per
        model."""
        partners = client_sudo.env["res.partner"]
        linked = {}
        for field in partners._fields.values():
            if not (
                field.company_dependent and field.relational and field.check_company
            ):
                continue
            if "company_ids" not in self.env[field.comodel_name]._fields:
                continue
            for company in client_sudo.interface_ids.company_ids:
                found = field.get_company_dependent_fallback(
                    partners.with_company(company)
                )
                model = linked.get(field.comodel_name, found.browse())
                linked[field.comodel_name] = model | found.with_env(model.env)
        return list(linked.values())
