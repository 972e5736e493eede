"""No-code mappings: path in the message ↔ field in Odoo.

An allow-list by construction: what has no line never leaves and is never written.
"""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

LINE_KINDS = [("field", "Field"), ("constant", "Fixed Value"), ("list", "Sub-list")]


class InteropMapping(models.Model):
    """How one contract of one interface maps to one Odoo object."""

    _name = "interop.mapping"
    _description = "Field Mapping"
    _inherit = ["interop.approval.part.mixin"]
    _order = "interface_id, contract_id"

    interface_id = fields.Many2one(
        "interop.interface", required=True, ondelete="cascade", index=True
    )
    contract_id = fields.Many2one(
        "interop.contract", required=True, ondelete="restrict", index=True
    )
    model_id = fields.Many2one(related="contract_id.model_id")
    line_ids = fields.One2many(
        "interop.mapping.line",
        "mapping_id",
        "Lines",
        copy=True,
        domain=[("parent_id", "=", False)],
    )

    _contract_uniq = models.Constraint(
        "UNIQUE (interface_id, contract_id)",
        "This interface maps the contract already.",
    )

    def _approval_part_fields(self):
        return {"interface_id", "contract_id", "on_unknown"}

    def _approval_owners(self):
        return self.sudo().interface_id  # sudo: interfaces of all facilities

    def _part_audited(self):
        return self.sudo().interface_id

    def _all_lines(self):
        """Return the lines with the columns of sub-lists."""
        lines, level = self.env["interop.mapping.line"], self.line_ids
        while level:
            lines |= level
            level = level.child_ids
        return lines

    def _approval_lines(self):
        """Return the mapping as texts: what an approval names."""
        lines = [line._approval_text() for line in self._all_lines()]
        if self.interface_id.direction == "in":
            lines.append(f"unknown record: {self.on_unknown}")
        return lines

    @api.depends("interface_id", "contract_id")
    def _compute_display_name(self):
        for mapping in self:
            names = (mapping.interface_id.name, mapping.contract_id.display_name)
            mapping.display_name = all(names) and " / ".join(names)


class InteropMappingLine(models.Model):
    """One path of the message and where its value comes from."""

    _name = "interop.mapping.line"
    _description = "Field Mapping Line"
    _inherit = ["interop.approval.part.mixin"]
    _order = "sequence, id"

    mapping_id = fields.Many2one(
        "interop.mapping", required=True, ondelete="cascade", index=True
    )
    parent_id = fields.Many2one("interop.mapping.line", ondelete="cascade", index=True)
    child_ids = fields.One2many(
        "interop.mapping.line", "parent_id", "Columns", copy=True
    )
    sequence = fields.Integer(default=10)
    path = fields.Char(
        required=True, help="Place in the message, dotted: customer.address.city"
    )
    kind = fields.Selection(LINE_KINDS, required=True, default="field")
    field_path = fields.Char(
        "Odoo Field",
        help="Field of the object, dotted through related records: "
        "partner_id.country_id.code. For a sub-list, a one2many or many2many field.",
    )
    constant = fields.Char("Value")
    value_map_id = fields.Many2one("interop.value.map", ondelete="restrict")
    required = fields.Boolean(
        help="Without a value the message is not built; otherwise the path is left out."
    )

    def _check_may_map(self, model, field):
        """Nobody maps what they could not read; key material never moves."""
        model = model.sudo(False)  # constraints run in superuser mode
        allowed = model.has_access("read") and model._has_field_access(field, "read")
        if not allowed or field.groups == fields.NO_ACCESS:
            raise ValidationError(
                self.env._(
                    "Line “%(path)s”: you may not map “%(field)s”, because you may not "
                    "read it.",
                    path=self.path,
                    field=field.string,
                )
            )

    def _approval_part_fields(self):
        return {
            "mapping_id",
            "parent_id",
            "path",
            "kind",
            "field_path",
            "constant",
            "value_map_id",
            "required",
            "format",
            "decimals",
        }

    def _approval_owners(self):
        return self.sudo()._mappings().interface_id  # sudo: of all facilities

    def _mappings(self):
        """Return the mappings that these lines are a part of: a column is sent with its
        list, whatever its own mapping says."""
        return self.mapping_id | self.parent_id.mapping_id

    def _part_audited(self):
        return self.sudo().mapping_id.interface_id

    def _approval_text(self):
        """Return the line as one text; addons add what their kinds of lines say."""
        self.ensure_one()
        source = f"“{self.constant}”" if self.kind == "constant" else self.field_path
        marks = [
            self.format and f"format {self.format}",
            self.format == "decimals" and f"{self.decimals} decimals",
            self.value_map_id and f"map {self.value_map_id.code}",
            self.kind not in ("field", "constant") and self.kind,
            self.required and "required",
        ]
        text = f"{self._approval_path()} = {source or '–'}"
        notes = ", ".join(mark for mark in marks if mark)
        return f"{text} ({notes})" if notes else text

    def _approval_path(self):
        parent = f"{self.parent_id._approval_path()}[]." if self.parent_id else ""
        return f"{parent}{self.path or '–'}"

    @api.model_create_multi
    def create(self, vals_list):
        """Columns of a sub-list belong to the mapping of their list."""
        for vals in vals_list:
            if vals.get("parent_id") and not vals.get("mapping_id"):
                parent = self.browse(vals["parent_id"])
                vals["mapping_id"] = parent.mapping_id.id
        return super().create(vals_list)

    def copy_data(self, default=None):
        """A copied column goes to the mapping of the list that it is copied into."""
        vals_list = super().copy_data(default)
        if "mapping_id" not in (default or {}):
            for vals in vals_list:
                if vals and vals.get("parent_id"):
                    vals.pop("mapping_id", None)
        return vals_list


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
