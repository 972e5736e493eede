"""Value maps: codes and units of a partner ↔ values in Odoo.

A value map is part of the approved state of the interfaces that use it.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError


class InteropValueMap(models.Model):
    """A list of codes and units of a partner ↔ values in Odoo."""

    _name = "interop.value.map"
    _description = "Value Map"
    _inherit = ["interop.code.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    line_ids = fields.One2many("interop.value.map.line", "map_id", "Values", copy=True)

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another value map has this code. Choose another code."
    )

    def _to_internal(self, value):
        """Return the Odoo value (text) of a partner's code ``value``, or ``None``."""
        self.ensure_one()
        return next(
            (line.internal for line in self.line_ids if line.external == value), None
        )

    def _approved_interfaces(self):
        """Return the interfaces beyond draft whose mapping uses one of these maps."""
        return self._using_interfaces().filtered(
            lambda item: item.state not in ("draft", "retired")
        )

    def _using_interfaces(self):
        """Return all interfaces whose mapping uses one of these maps."""
        # sudo: interfaces of facilities that the user does not see count as well
        lines_sudo = (
            self.env["interop.mapping.line"]
            .sudo()
            .search([("value_map_id", "in", self.ids)])
        )
        return lines_sudo.mapping_id.interface_id

    def _approval_pairs(self):
        """Return the values as the texts of the approved state."""
        return [line._approval_pair() for line in self.line_ids]

    def _require_unapproved(self):
        """Raise ``UserError`` if an approved interface uses these values."""
        if self.env.su:
            return  # data files, upgrades, and addons without a user
        interfaces_sudo = self._approved_interfaces()
        if interfaces_sudo:
            visible = interfaces_sudo.sudo(False)._filtered_access("read")
            names = visible.mapped("name")
            if len(names) < len(interfaces_sudo):
                names.append(self.env._("interfaces of other facilities"))
            raise UserError(
                self.env._(
                    "These values were approved with %(interfaces)s. You can still add "
                    "values. To change or remove a value, duplicate the map, or set "
                    "the interfaces back to draft first.",
                    interfaces=", ".join(names),
                )
            )


class InteropValueMapLine(models.Model):
    """One pair of a value map."""

    _name = "interop.value.map.line"
    _description = "Value Map Line"
    _order = "internal"

    map_id = fields.Many2one(
        "interop.value.map", required=True, ondelete="cascade", index=True
    )
    internal = fields.Char("In Odoo", required=True)
    external = fields.Char("At the Partner", required=True)

    _internal_uniq = models.Constraint(
        "UNIQUE (map_id, internal)", "The map already contains this Odoo value."
    )
    _external_uniq = models.Constraint(
        "UNIQUE (map_id, external)", "The map already contains this partner code."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Add values; record values that are added while the map is in use.

        A missing value stops its message. Adding the value must not require suspending
        the interface.
        """
        lines = super().create(vals_list)
        # Once per interface: each time its whole approved state is written.
        grown = {}
        for value_map, added in lines.grouped("map_id").items():
            pairs = [line._approval_pair() for line in added]
            for interface in value_map._using_interfaces():
                items = grown.setdefault(interface, {})
                items[f"value_map {value_map.code}"] = pairs
            if not self.env.su and value_map._approved_interfaces():
                for pair in pairs:
                    self.env["interop.audit.event"]._log("changed", value_map, pair)
        for interface, items in grown.items():
            interface._extend_approved(items)
            if interface.state == "draft":
                interface._note_editor()
        return lines

    def write(self, vals):
        """Refuse to change approved values."""
        if not {"internal", "external", "map_id"} & vals.keys():
            return super().write(vals)
        self.map_id._require_unapproved()
        using = self.map_id._using_interfaces()
        result = super().write(vals)
        (using | self.map_id._using_interfaces())._approval_touched()
        return result

    def unlink(self):
        """Refuse to remove approved values."""
        using = self.map_id._using_interfaces()
        result = super().unlink()
        using._approval_touched()
        return result

    def _approval_pair(self):
        self.ensure_one()
        return f"{self.internal} = {self.external}"

    @api.ondelete(at_uninstall=False)
    def _unlink_unapproved(self):
        self.map_id._require_unapproved()
