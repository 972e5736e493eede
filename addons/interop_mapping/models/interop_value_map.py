"""Codes and units of a partner ↔ values in Odoo.

A value map is part of what was approved with the interfaces that use it.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError


class InteropValueMap(models.Model):
    """Codes and units of a partner ↔ values in Odoo."""

    _name = "interop.value.map"
    _description = "Value Map"
    _inherit = ["interop.code.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    line_ids = fields.One2many("interop.value.map.line", "map_id", "Values", copy=True)

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "A value map with this code exists."
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
        """Return every interface whose mapping uses one of these maps."""
        # sudo: interfaces of facilities that the user does not see count, too
        lines_sudo = (
            self.env["interop.mapping.line"]
            .sudo()
            .search([("value_map_id", "in", self.ids)])
        )
        return lines_sudo.mapping_id.interface_id

    def _approval_pairs(self):
        """Return the values as texts: what an approval names."""
        return [line._approval_pair() for line in self.line_ids]

    def _require_unapproved(self):
        """Raise ``UserError`` when an approved interface relies on what is there."""
        if self.env.su:
            return  # data files, upgrades and what addons do on behalf of nobody
        interfaces_sudo = self._approved_interfaces()
        if interfaces_sudo:
            visible = interfaces_sudo.sudo(False)._filtered_access("read")
            names = visible.mapped("name")
            if len(names) < len(interfaces_sudo):
                names.append(self.env._("interfaces of other facilities"))
            raise UserError(
                self.env._(
                    "These values were approved with %(interfaces)s. You may add "
                    "values. To change or remove one, duplicate the map, or set the "
                    "interfaces back to draft first.",
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
        "UNIQUE (map_id, internal)", "This Odoo value is mapped already."
    )
    _external_uniq = models.Constraint(
        "UNIQUE (map_id, external)", "This partner code is mapped already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Add values; where a map is in use, the audit trail says so.

        A value that the map does not cover stops its message. To cover it must not
        need the interface to stop, too.
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
        """Refuse to change what was approved."""
        if not {"internal", "external", "map_id"} & vals.keys():
            return super().write(vals)
        self.map_id._require_unapproved()
        using = self.map_id._using_interfaces()
        result = super().write(vals)
        (using | self.map_id._using_interfaces())._approval_touched()
        return result

    def unlink(self):
        """What an approval names changes with its values."""
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
