"""What a mapping line may say, and the part of the schema that it stands for."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import schema_build, value_format
from ..tools.schema_build import PathError, Place

# Kinds of value by type of field. Other types, such as files, cannot be mapped.
VALUE_KINDS = {
    "char": "text",
    "text": "text",
    "html": "text",
    "selection": "text",
    "many2one": "text",
    "integer": "integer",
    "many2one_reference": "integer",
    "float": "decimal",
    "monetary": "decimal",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}
MAX_DECIMALS = 12


class InteropMappingLine(models.Model):
    """Formats, checks and schema of a line."""

    _inherit = "interop.mapping.line"

    format = fields.Selection(
        lambda self: [(key, form.label) for key, form in value_format.FORMATS.items()],
        help="How the value is written. Empty: as it is, amounts with the decimals of "
        "their currency, times in UTC.",
    )
    decimals = fields.Integer(
        default=2, help="Digits after the point, for numbers with fixed decimals."
    )
    base_model = fields.Char(
        compute="_compute_base_model", recursive=True, help="Where the field starts."
    )
    value_kind = fields.Char(compute="_compute_value_kind")

    _decimals_range = models.Constraint(
        f"CHECK (decimals BETWEEN 0 AND {MAX_DECIMALS})",
        f"A number has 0 to {MAX_DECIMALS} decimals.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "mapping_id.contract_id.model_id",
        "parent_id.base_model",
        "parent_id.field_path",
    )
    def _compute_base_model(self):
        for line in self:
            if line.parent_id:
                chain = line.parent_id._field_chain()
                line.base_model = chain[-1].comodel_name if chain else False
            else:
                line.base_model = line.mapping_id.contract_id.model_id.sudo().model

    @api.depends("base_model", "field_path", "kind")
    def _compute_value_kind(self):
        for line in self:
            chain = line._field_chain() if line.kind == "field" else []
            line.value_kind = VALUE_KINDS.get(chain[-1].type) if chain else False

    @api.depends("path")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.path

    @api.onchange("kind", "field_path")
    def _onchange_format(self):
        """Forget what no longer fits."""
        form = value_format.FORMATS.get(self.format)
        if self.kind != "field" or (form and self.value_kind not in form.kinds):
            self.format = False

    @api.onchange("field_path")
    def _onchange_field_path(self):
        """Propose the path: nobody has to type a name that the field has already."""
        if self.field_path and not self.path:
            name = self.field_path.replace("_ids", "").replace("_id.", ".")
            self.path = name.removesuffix("_id")

    # === CHECKS === #

    @api.constrains("kind", "field_path", "mapping_id", "parent_id")
    def _check_field_path(self):
        for line in self.filtered(lambda item: item._starts_at_field()):
            chain = line._field_chain()
            if not chain:
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s”: “%(field)s” is no field of this object.",
                        path=line.path,
                        field=line.field_path or "",
                    )
                )
            for field in chain:
                line._check_may_map(self.env[field.model_name], field)
            line._check_chain(chain)

    def _check_chain(self, chain):
        """Check that the fields of ``chain`` lead to what this kind of line sends."""
        self.ensure_one()
        many = ("one2many", "many2many")
        if self.kind == "list":
            if chain[-1].type not in many:
                raise ValidationError(
                    self.env._(
                        "Line “%s”: a sub-list needs a field with several records.",
                        self.path,
                    )
                )
            return
        for field in chain:
            if field.type in many:
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s”: “%(field)s” has several records. Use a "
                        "sub-list.",
                        path=self.path,
                        field=field.string,
                    )
                )
        if self.kind == "field" and chain[-1].type not in VALUE_KINDS:
            raise ValidationError(
                self.env._(
                    "Line “%(path)s”: “%(field)s” holds no text, number, date or "
                    "choice.",
                    path=self.path,
                    field=chain[-1].string,
                )
            )

    @api.constrains("format", "field_path", "kind")
    def _check_format(self):
        for line in self.filtered("format"):
            if line.value_kind not in value_format.FORMATS[line.format].kinds:
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s”: the format “%(format)s” does not fit this "
                        "field.",
                        path=line.path,
                        format=value_format.FORMATS[line.format].label,
                    )
                )

    @api.constrains("kind", "constant")
    def _check_constant(self):
        for line in self:
            if line.kind == "constant" and not line.constant:
                raise ValidationError(
                    self.env._("Line “%s”: which value is it?", line.path)
                )

    @api.constrains("parent_id", "mapping_id")
    def _check_parent(self):
        """A column in another mapping would be sent with what was approved there."""
        for line in self | self.child_ids:
            if line.parent_id and line.parent_id.mapping_id != line.mapping_id:
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s” and its sub-list “%(parent)s” belong to "
                        "different mappings. Add the column to a sub-list of its own "
                        "mapping.",
                        path=line.path,
                        parent=line.parent_id.path,
                    )
                )

    @api.constrains("path", "parent_id", "mapping_id")
    def _check_path(self):
        if self._has_cycle():
            raise ValidationError(self.env._("A sub-list cannot contain itself."))
        tops = [mapping.line_ids for mapping in self.mapping_id]
        for siblings in (*tops, *(parent.child_ids for parent in self.parent_id)):
            try:
                siblings._schema()
            except PathError as error:
                raise ValidationError(str(error)) from None

    # === GOVERNANCE === #

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse new lines of what was approved."""
        lines = super().create(vals_list)
        lines._mappings()._require_open()
        return lines

    def write(self, vals):
        """Refuse changes of what was approved, and moves into it."""
        self._mappings()._require_open()
        result = super().write(vals)
        if {"mapping_id", "parent_id"} & vals.keys():
            self._mappings()._require_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self._mappings()._require_open()

    # === BUSINESS METHODS === #

    def _needs_timezone(self):
        """Return whether the value of this line depends on the facility's time zone."""
        self.ensure_one()
        if self.direction == "in" and self.format in (
            "datetime_local",
            "datetime_compact",
        ):
            return False  # what comes in says its offset
        return value_format.needs_timezone(self.value_kind, self.format)

    def _starts_at_field(self):
        """Return whether the line reads a field, which it then needs."""
        self.ensure_one()
        return self.kind in ("field", "list")

    def _field_chain(self):
        """Return the fields along ``field_path``, an empty list when it leads nowhere."""
        self.ensure_one()
        chain = []
        model = self.base_model
        for name in (self.field_path or "").split("."):
            field = self.env[model]._fields.get(name) if model in self.env else None
            if field is None:
                return []
            chain.append(field)
            model = field.comodel_name if field.relational else None
        return chain

    def _schema(self):
        """Return the schema of the object that these lines (siblings) build.

        :raises PathError: when two lines fill the same place
        """
        return schema_build.build_object(
            [Place(line.path, line.required, line._value_schema()) for line in self]
        )

    def _value_schema(self):
        """Return the schema of what this line puts into its place."""
        self.ensure_one()
        if self.kind == "constant":
            return {"const": self.constant or ""}
        if self.kind == "list":
            items = {"type": "array", "items": self.child_ids._schema()}
            return {**items, "minItems": 1} if self.required else items
        if self.value_map_id:
            codes = dict.fromkeys(self.value_map_id.line_ids.mapped("external"))
            return {"enum": list(codes)}
        chain = self._field_chain()
        if chain and chain[-1].type == "selection" and not self.format:
            return self._selection_schema(chain[-1])
        return value_format.schema_of(self.value_kind or "text", self.format)

    def _selection_schema(self, field):
        """Return the keys of a selection, text where they are found out at run time."""
        if callable(field.selection) or isinstance(field.selection, str):
            return {"type": "string"}
        return {"enum": [str(key) for key in field.get_values(self.env)]}


class InteropMapping(models.Model):
    """Schema of a mapping, checked against its contract."""

    _inherit = "interop.mapping"

    state = fields.Selection(related="interface_id.state")
    contract_state = fields.Selection(
        related="contract_id.state", string="Contract State"
    )
    problems = fields.Text(
        compute="_compute_problems",
        help="What no record could ever satisfy, and what activation therefore "
        "refuses.",
    )

    @api.depends(
        "contract_id.schema",
        "contract_id.state",
        "line_ids.path",
        "line_ids.kind",
        "line_ids.field_path",
        "line_ids.format",
        "line_ids.constant",
        "line_ids.value_map_id.line_ids.external",
        "line_ids.required",
        "line_ids.child_ids",
    )
    def _compute_problems(self):
        for mapping in self:
            mapping.problems = "\n".join(mapping._problems()) or False

    def _problems(self):
        """Return what makes every message of this mapping break its contract, as texts."""
        self.ensure_one()
        contract = self.contract_id
        if not self.line_ids or not contract or contract._schema_is_to_come():
            return []
        try:
            found = schema_build.misfits(contract._schema(), self.line_ids._schema())
        except (PathError, ValidationError) as error:
            return [str(error)]
        return [
            self.env._("%(path)s: %(problem)s", path=path or "/", problem=problem)
            for path, problem in found
        ]

    def _require_open(self):
        """What may leave is what was approved: changes go through a draft again."""
        if self.env.su:
            return  # data files, upgrades and what addons do on behalf of nobody
        for interface in self.interface_id:
            if interface.state != "draft":
                raise UserError(
                    self.env._(
                        "The mapping of “%(name)s” was approved with it. Suspend the "
                        "interface and set it back to draft before changing what "
                        "leaves.",
                        name=interface.name,
                    )
                )

    def write(self, vals):
        """Refuse changes of what was approved, and moves into it."""
        self._require_open()
        result = super().write(vals)
        if "interface_id" in vals:
            self._require_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self._require_open()
