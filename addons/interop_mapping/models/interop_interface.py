"""Interfaces whose messages a mapping turns into records, or records into messages."""

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError


class InteropInterface(models.Model):
    """Mappings are complete and fit their contracts before anything moves."""

    _inherit = "interop.interface"

    mapping_ids = fields.One2many(
        "interop.mapping", "interface_id", "Mappings", copy=True
    )

    # === WHAT IS MISSING === #

    def _missing_for_activation(self):
        return [
            *super()._missing_for_activation(),
            *self._unmapped_contracts(),
            *self._missing_timezones(),
            *self._mapping_problems(),
        ]

    def _unmapped_contracts(self):
        """Return what is missing for contracts that only a mapping can build or apply."""
        mapped = self.mapping_ids.filtered("line_ids").contract_id
        return [
            self.env._("mapping lines for %s", contract.display_name)
            for contract in self._mapped_contracts() - mapped
        ]

    def _missing_timezones(self):
        """Return which facilities need a time zone for the formats of the mapping."""
        # sudo: mappings and contacts of every facility count
        lines_sudo = self.sudo().mapping_ids._all_lines()
        if not any(line._needs_timezone() for line in lines_sudo):
            return []
        return [
            self.env._(
                "the time zone of facility %s, which formats of the mapping need",
                company.name,
            )
            # sudo: facilities that the user does not see count, too
            for company in self.sudo().company_ids
            if not company.partner_id.tz
        ]

    def _mapping_problems(self):
        """Return what keeps mappings from working, one text each."""
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
        """What travels is what the mapping says."""
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
        """Return the mapping of one contract, empty without one."""
        return self.mapping_ids.filtered(lambda item: item.contract_id == contract)

    def _mapped_contracts(self):
        """Return the contracts that a mapping, not program code, turns into messages."""
        return self.contract_ids.filtered(
            lambda item: item.handler_name == "interop.handler.mapping"
        )

    def _inbound_mappings(self):
        """Return the mappings that messages of these interfaces are applied with."""
        return self.filtered(lambda item: item.direction == "in").mapping_ids.filtered(
            lambda item: item.contract_id.handler_name == "interop.handler.mapping"
        )

    # === ACTIONS === #

    def action_open_mapping(self):
        """Open the mapping editor; a contract without a mapping gets an empty one."""
        self.ensure_one()
        mapped = self._mapped_contracts()
        if not mapped:
            raise UserError(
                self.env._(
                    "Add a contract first. The contracts of “%s” are built by program "
                    "code, or there are none.",
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
        """Open the preview of a message on a real record."""
        self.ensure_one()
        if not self.contract_ids.model_id:
            raise ValidationError(
                self.env._(
                    "“%s” has no contract about an Odoo object, so there is nothing to "
                    "preview.",
                    self.name,
                )
            )
        return self.env["interop.message.preview"]._action(
            self, self.contract_ids.filtered("model_id")[0]
        )
