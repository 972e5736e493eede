"""Interfaces with mappings."""

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError


class InteropInterface(models.Model):
    """An interface whose mappings must be complete and fit their contracts."""

    _inherit = "interop.interface"

    mapping_ids = fields.One2many(
        "interop.mapping", "interface_id", "Mappings", copy=True
    )

    # === COMPLETENESS === #

    def _missing_for_activation(self):
        return [
            *super()._missing_for_activation(),
            *self._unmapped_contracts(),
            *self._missing_timezones(),
            *self._mapping_problems(),
        ]

    def _unmapped_contracts(self):
        """Return what is missing for contracts without program code and mapping
        lines."""
        mapped = self.mapping_ids.filtered("line_ids").contract_id
        return [
            self.env._("mapping lines for %s", contract.display_name)
            for contract in self._mapped_contracts() - mapped
        ]

    def _missing_timezones(self):
        """Return the facilities without the time zone that formats of the mapping
        need."""
        # sudo: mappings and contacts of all facilities count
        lines_sudo = self.sudo().mapping_ids._all_lines()
        if not any(line._needs_timezone() for line in lines_sudo):
            return []
        return [
            self.env._(
                "the time zone of facility %s, which formats of the mapping need",
                company.name,
            )
            # sudo: facilities that the user does not see count as well
            for company in self.sudo().company_ids
            if not company.partner_id.tz
        ]

    def _mapping_problems(self):
        """Return the problems that prevent mappings from working, one text each."""
        if self.direction == "out":
            return [
                self.env._(
                    "a mapping that fits %(contract)s – %(problem)s",
                    contract=mapping.contract_id.display_name,
                    problem=problem,
                )
                for mapping in self.mapping_ids
                for problem in mapping._problems()
            ]
        return [
            self.env._(
                "%(contract)s: %(problem)s",
                contract=mapping.contract_id.display_name,
                problem=problem,
            )
            for mapping in self._inbound_mappings()
            for problem in mapping._problems()
        ]

    # === APPROVAL === #

    def _approval_state(self):
        """Add the mapping, which decides about the content of messages."""
        state = super()._approval_state()
        for mapping in self.mapping_ids:
            state[f"mapping {mapping.contract_id.display_name}"] = (
                mapping._approval_lines()
            )
            for value_map in mapping._all_lines().value_map_id:
                state[f"value_map {value_map.code}"] = value_map._approval_pairs()
        return state

    # === BUSINESS METHODS === #

    def _mapping_of(self, contract):
        """Return the mapping of one contract, empty if there is none."""
        return self.mapping_ids.filtered(lambda item: item.contract_id == contract)

    def _mapped_contracts(self):
        """Return the contracts that a mapping, and not program code, handles."""
        return self.contract_ids.filtered(
            lambda item: item.handler_name == "interop.handler.mapping"
        )

    def _inbound_mappings(self):
        """Return the mappings with which messages of these interfaces are applied."""
        return self.filtered(lambda item: item.direction == "in").mapping_ids.filtered(
            lambda item: item.contract_id.handler_name == "interop.handler.mapping"
        )

    # === ACTIONS === #

    def action_open_mapping(self):
        """Open the mapping editor; create an empty mapping for contracts without
        one."""
        self.ensure_one()
        mapped = self._mapped_contracts()
        if not mapped:
            raise UserError(
                self.env._(
                    "No contract of “%s” needs a mapping: program code handles its "
                    "contracts, or it has no contract. Add a contract first.",
                    self.name,
                )
            )
        missing = mapped - self.mapping_ids.contract_id
        if missing and self.state == "draft":
            self.env["interop.mapping"].create(
                [
                    {"interface_id": self.id, "contract_id": contract.id}
                    for contract in missing
                ]
            )
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Mapping"),
            "res_model": "interop.mapping",
            "domain": [("interface_id", "=", self.id)],
            "context": {"default_interface_id": self.id},
            "view_mode": "list,form",
        }
        if len(self.mapping_ids) == 1:
            action.update(res_id=self.mapping_ids.id, view_mode="form")
        return action

    def action_preview(self):
        """Open the preview of a message for a real record."""
        self.ensure_one()
        if not self.contract_ids.model_id:
            raise ValidationError(
                self.env._(
                    "No contract of “%s” names an Odoo object, so there is nothing to "
                    "preview. Choose the object on the contract.",
                    self.name,
                )
            )
        return self.env["interop.message.preview"]._action(
            self, self.contract_ids.filtered("model_id")[0]
        )
