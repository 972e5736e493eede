"""One line of a no-code mapping, its checks and its schema."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base.tools import schema_build, value_format, value_parse
from odoo.addons.interop_base.tools.errors import InteropError
from odoo.addons.interop_base.tools.schema_build import PathError, Place

from ..tools import inbound_models

LINE_KINDS = [("field", "Field"), ("constant", "Fixed Value"), ("list", "Sub-list")]
# Kinds of values by type of field. Other types, such as files, cannot be mapped.
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
READABLE_TYPES = set(VALUE_KINDS) - {"many2one", "many2one_reference"}


class InteropMappingLine(models.Model):
    """One path of the message, and the source or target of its value."""

    _name = "interop.mapping.line"
    _description = "Field Mapping Line"
    _inherit = ["interop.approval.part.mixin"]
    _order = "sequence, id"

    mapping_id = fields.Many2one(
        "interop.mapping", required=True, ondelete="cascade", index=True
    )
    direction = fields.Selection(related="mapping_id.direction")
    parent_id = fields.Many2one("interop.mapping.line", ondelete="cascade", index=True)
    child_ids = fields.One2many(
        "interop.mapping.line", "parent_id", "Columns", copy=True
    )
    sequence = fields.Integer(default=10)
    path = fields.Char(
        help="Place of the value in the message, dotted: customer.address.city"
    )
    kind = fields.Selection(LINE_KINDS, required=True, default="field")
    field_path = fields.Char(
        "Odoo Field",
        help="Field of the object, dotted through related records: "
        "partner_id.country_id.code. A sub-list needs a one2many or many2many field.",
    )
    constant = fields.Char("Value")
    value_map_id = fields.Many2one("interop.value.map", ondelete="restrict")
    required = fields.Boolean(
        help="Ticked: a message without this value is not built. Not ticked: its path "
        "is left out."
    )
    format = fields.Selection(
        lambda self: [(key, form.label) for key, form in value_format.FORMATS.items()],
        help="How the value is written in the message. Leave empty for the default: "
        "amounts with the decimals of their currency, times in UTC.",
    )
    decimals = fields.Integer(
        default=2, help="Digits after the point, for numbers with fixed decimals."
    )
    base_model = fields.Char(
        compute="_compute_base_model",
        recursive=True,
        help="The object at which the field path starts.",
    )
    value_kind = fields.Char(compute="_compute_value_kind")

    _decimals_range = models.Constraint(
        f"CHECK (decimals BETWEEN 0 AND {MAX_DECIMALS})",
        f"The number of decimals must be between 0 and {MAX_DECIMALS}.",
    )
    _path_known = models.Constraint(
        "CHECK (path IS NOT NULL OR kind = 'constant')",
        "A line without a fixed value needs a path in the message.",
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
                # sudo: most users may not read the list of models
                line.base_model = line.mapping_id.contract_id.model_id.sudo().model

    @api.depends("base_model", "field_path", "kind")
    def _compute_value_kind(self):
        for line in self:
            chain = line._field_chain() if line.kind == "field" else []
            line.value_kind = VALUE_KINDS.get(chain[-1].type) if chain else False

    @api.depends("path", "field_path")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.path or line.field_path or ""

    @api.onchange("kind", "field_path")
    def _onchange_format(self):
        """Clear values that no longer fit the line."""
        form = value_format.FORMATS.get(self.format)
        if self.kind != "field" or (form and self.value_kind not in form.kinds):
            self.format = False

    @api.onchange("field_path")
    def _onchange_field_path(self):
        """Propose a path: the name of the field."""
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
                        "Line “%(path)s”: this object has no field “%(field)s”.",
                        path=line.path,
                        field=line.field_path or "",
                    )
                )
            for field in chain:
                line._check_may_map(self.env[field.model_name], field)
            line._check_chain(chain)

    def _check_may_map(self, model, field):
        """Refuse fields that the user may not read, and key material."""
        model = model.sudo(False)  # constraints run in superuser mode
        allowed = model.has_access("read") and model._has_field_access(field, "read")
        if not allowed or field.groups == fields.NO_ACCESS:
            raise ValidationError(
                self.env._(
                    "Line “%(path)s”: you cannot map “%(field)s”, because you may not "
                    "read this field.",
                    path=self.path,
                    field=field.string,
                )
            )

    def _check_chain(self, chain):
        """Check that the fields of ``chain`` lead to a value that this kind of line can
        send, or that a message may write."""
        self.ensure_one()
        if self.direction == "in":
            self._check_inbound_chain(chain)
        else:
            self._check_outbound_chain(chain)

    def _check_outbound_chain(self, chain):
        many = ("one2many", "many2many")
        if self.kind == "list":
            if chain[-1].type not in many:
                raise ValidationError(
                    self.env._(
                        "Line “%s”: choose a field with several records for a "
                        "sub-list.",
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
                    "Line “%(path)s”: “%(field)s” is not a text, number, date or "
                    "choice.",
                    path=self.path,
                    field=chain[-1].string,
                )
            )

    def _check_inbound_chain(self, chain):
        """Check that the line has one writable field, or a field that finds a
        record."""
        problem = self._inbound_problem(chain)
        if problem:
            raise ValidationError(
                self.env._(
                    "Line “%(line)s”: %(problem)s",
                    line=self.display_name,
                    problem=problem,
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
                    self.env._("Line “%s” needs a fixed value. Enter it.", line.path)
                )

    @api.constrains("kind", "constant", "field_path")
    def _check_inbound_constant(self):
        for line in self.filtered(
            lambda item: item.kind == "constant" and item.direction == "in"
        ):
            try:
                line._fixed_value()
            except (InteropError, ValueError) as error:
                raise ValidationError(
                    self.env._(
                        "Line “%(line)s”: the fixed value does not fit the field. "
                        "%(problem)s",
                        line=line.display_name,
                        problem=str(error),
                    )
                ) from None

    def _fixed_value(self):
        """Return the value of a constant line, converted for its field.

        :raises FormatError: the text does not fit the field
        """
        self.ensure_one()
        field = self._field_chain()[-1]
        value = value_parse.internal(VALUE_KINDS[field.type], self.constant)
        if field.type == "selection" and value not in field.get_values(self.env):
            raise ValueError(self.env._("It is not one of the allowed values."))
        return value

    @api.constrains("parent_id", "mapping_id")
    def _check_parent(self):
        """Refuse columns in another mapping: they would be sent with an approved
        list."""
        for line in self | self.child_ids:
            if line.parent_id and line.parent_id.mapping_id != line.mapping_id:
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s” and its sub-list “%(parent)s” belong to "
                        "different mappings. Add the column to a sub-list of the same "
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

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines; a column of a sub-list gets the mapping of its list.

        Refuse new lines of approved mappings.
        """
        for vals in vals_list:
            if vals.get("parent_id") and not vals.get("mapping_id"):
                parent = self.browse(vals["parent_id"])
                vals["mapping_id"] = parent.mapping_id.id
        lines = super().create(vals_list)
        lines._mappings()._require_open()
        return lines

    def write(self, vals):
        """Refuse to change approved lines, or to move a line into an approved
        mapping."""
        self._mappings()._require_open()
        result = super().write(vals)
        if {"mapping_id", "parent_id"} & vals.keys():
            self._mappings()._require_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self._mappings()._require_open()

    def copy_data(self, default=None):
        """Copy a column into the mapping of its new list."""
        vals_list = super().copy_data(default)
        if "mapping_id" not in (default or {}):
            for vals in vals_list:
                if vals and vals.get("parent_id"):
                    vals.pop("mapping_id", None)
        return vals_list

    # === APPROVAL === #

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
        """Return the mappings that contain these lines: that of a column is the mapping
        of its list."""
        return self.mapping_id | self.parent_id.mapping_id

    def _part_audited(self):
        # sudo: the audit trail records each change of a line
        return self.sudo().mapping_id.interface_id

    def _approval_text(self):
        """Return the line as one text; an override adds the facts of its kinds."""
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

    # === BUSINESS METHODS === #

    def _needs_timezone(self):
        """Return whether the value of this line depends on the facility's time zone."""
        self.ensure_one()
        if self.direction == "in" and self.format in (
            "datetime_local",
            "datetime_compact",
        ):
            return False  # inbound times contain their offset
        return value_format.needs_timezone(self.value_kind, self.format)

    def _starts_at_field(self):
        """Return whether the line needs a field: as the source of its value, or as the
        target of a fixed value in an inbound mapping."""
        self.ensure_one()
        return self.kind in ("field", "list") or (
            self.kind == "constant" and self.direction == "in"
        )

    def _field_chain(self):
        """Return the fields along ``field_path``, an empty list if it is not valid."""
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

    # === INBOUND === #

    def _inbound_problem(self, chain):
        """Return why messages cannot write the field of ``chain``, or ``None``."""
        self.ensure_one()
        if self.kind == "list" or self.parent_id:
            return self.env._(
                "a sub-list cannot be received. Ask the partner to send one message "
                "per record."
            )
        field = chain[0]
        if field.type == "many2one":
            return self._reference_problem(chain) or self._write_problem(field)
        if len(chain) > 1 or field.type not in READABLE_TYPES:
            return self.env._("“%s” cannot be set from a message.", field.string)
        return self._write_problem(field)

    def _reference_problem(self, chain):
        """Return why ``chain`` does not find a single record, or ``None``."""
        if len(chain) == 2 and chain[1].type in ("char", "integer") and chain[1].store:
            return None
        return self.env._(
            "“%s” is another record. Choose a field that finds this record, such as "
            "the code of a country, or an external identifier.",
            chain[0].string,
        )

    def _write_problem(self, field):
        """Return why messages may not write ``field``, or ``None``."""
        closed = (
            inbound_models.is_closed_field(field.name)
            or (field.relational and inbound_models.is_closed(field.comodel_name))
            or field.groups
            or (field.type == "html" and not field.sanitize)
        )
        if closed:
            return self.env._("“%s” cannot be changed by messages.", field.string)
        base = field.base_field if field.inherited else field
        if field.readonly or base.related or not base.store:
            return self.env._("“%s” is computed or read-only in Odoo.", field.string)
        return None

    # === SCHEMA === #

    def _schema(self):
        """Return the schema of the object that these sibling lines build or read.

        :raises PathError: two lines fill the same place
        """
        # A fixed value of an inbound mapping has no path in the message.
        lines = self.filtered(
            lambda line: line.kind != "constant" or line.direction != "in"
        )
        return schema_build.build_object(
            [Place(line.path, line.required, line._value_schema()) for line in lines]
        )

    def _value_schema(self):
        """Return the schema of the value of this line."""
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
            schema = self._selection_schema(chain[-1])
        else:
            schema = value_format.schema_of(self.value_kind or "text", self.format)
        if self.direction == "in" and chain and chain[-1].type == "char":
            # A text that Odoo would cut is refused on arrival.
            return {**schema, "maxLength": chain[-1].size} if chain[-1].size else schema
        return schema

    def _selection_schema(self, field):
        """Return the keys of a selection; keys that are computed are any text."""
        if callable(field.selection) or isinstance(field.selection, str):
            return {"type": "string"}
        return {"enum": [str(key) for key in field.get_values(self.env)]}
