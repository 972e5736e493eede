"""Mappings of inbound interfaces: what their lines may say, and what they need."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import inbound_models, schema_build, value_parse
from ..tools.errors import InteropError
from ..tools.schema_build import PathError, Place
from .interop_mapping_line import VALUE_KINDS

READABLE_TYPES = set(VALUE_KINDS) - {"many2one", "many2one_reference"}
ON_UNKNOWN = [("park", "Wait for a person"), ("create", "Create a record")]


class InteropMappingLine(models.Model):
    """A line of an inbound mapping takes a value from its path to its field."""

    _inherit = "interop.mapping.line"

    direction = fields.Selection(related="mapping_id.direction")
    path = fields.Char(required=False)

    _path_known = models.Constraint(
        "CHECK (path IS NOT NULL OR kind = 'constant')",
        "Say where in the message the value is.",
    )

    @api.depends("path", "field_path")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.path or line.field_path or ""

    def _starts_at_field(self):
        # Inbound, a fixed value is what a field gets.
        return super()._starts_at_field() or (
            self.kind == "constant" and self.direction == "in"
        )

    def _check_chain(self, chain):
        """Inbound: one field that may be written, or one that a record is found by."""
        if self.direction != "in":
            super()._check_chain(chain)
            return
        problem = self._inbound_problem(chain)
        if problem:
            raise ValidationError(
                self.env._(
                    "Line “%(line)s”: %(problem)s",
                    line=self.display_name,
                    problem=problem,
                )
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
        """Return the value of a constant line as its field takes it.

        :raises FormatError: the text does not fit the field
        """
        self.ensure_one()
        field = self._field_chain()[-1]
        value = value_parse.internal(VALUE_KINDS[field.type], self.constant)
        if field.type == "selection" and value not in field.get_values(self.env):
            raise ValueError(self.env._("It is none of the choices."))
        return value

    # === WHAT MAY BE WRITTEN === #

    def _inbound_problem(self, chain):
        """Return why messages cannot write what ``chain`` leads to, or ``None``."""
        self.ensure_one()
        if self.kind == "list" or self.parent_id:
            return self.env._(
                "a sub-list cannot be received. Let the other side send one message per "
                "record."
            )
        field = chain[0]
        if field.type == "many2one":
            return self._reference_problem(chain) or self._write_problem(field)
        if len(chain) > 1 or field.type not in READABLE_TYPES:
            return self.env._("“%s” takes no value of a message.", field.string)
        return self._write_problem(field)

    def _reference_problem(self, chain):
        """Return why no one record is found by ``chain``, or ``None``."""
        if len(chain) == 2 and chain[1].type in ("char", "integer") and chain[1].store:
            return None
        return self.env._(
            "“%s” is another record. Choose the field that it is found by, such as the "
            "code of a country, or an external identifier.",
            chain[0].string,
        )

    def _write_problem(self, field):
        """Return why no message may write ``field``, or ``None``."""
        closed = (
            inbound_models.is_closed_field(field.name)
            or (field.relational and inbound_models.is_closed(field.comodel_name))
            or field.groups
            or (field.type == "html" and not field.sanitize)
        )
        if closed:
            return self.env._("“%s” is closed to messages.", field.string)
        base = field.base_field if field.inherited else field
        if field.readonly or base.related or not base.store:
            return self.env._("“%s” is computed or read-only in Odoo.", field.string)
        return None

    # === SCHEMA === #

    def _value_schema(self):
        """Inbound: what Odoo would cut off is refused at the door."""
        schema = super()._value_schema()
        chain = self._field_chain() if self.direction == "in" else []
        size = chain and chain[-1].type == "char" and chain[-1].size
        if size and not self.value_map_id:
            return {**schema, "maxLength": size}
        return schema

    def _schema(self):
        inbound = self.filtered(lambda line: line.direction == "in")
        if not inbound:
            return super()._schema()
        return schema_build.build_object(
            [
                Place(line.path, line.required, line._value_schema())
                for line in inbound
                if line.kind != "constant"
            ]
        )


class InteropMapping(models.Model):
    """What an inbound mapping does, and what it still lacks."""

    _inherit = "interop.mapping"

    direction = fields.Selection(related="interface_id.direction")
    on_unknown = fields.Selection(
        ON_UNKNOWN,
        "Unknown Record",
        required=True,
        default="park",
        help="What becomes of a message about a record that its identifier does not "
        "find: it waits for its owner, or it creates the record.",
    )

    @api.depends("direction", "on_unknown")
    def _compute_problems(self):
        return super()._compute_problems()

    def _problems(self):
        """Also what no message could ever bring about."""
        if self.direction != "in":
            return super()._problems()
        if not self.line_ids:
            return []
        return [*self._inbound_problems(), *self._contract_problems()]

    def _contract_problems(self):
        """Return what the contract never lets arrive as the lines want it, as texts."""
        contract = self.contract_id
        if contract._schema_is_to_come():
            return []
        try:
            wanted, given = self.line_ids._schema(), contract._schema()
            found = schema_build.misfits(given, wanted, absent_is_fine=True)
        except (PathError, ValidationError) as error:
            return [str(error)]
        return [
            self.env._("%(path)s: %(problem)s", path=path or "/", problem=problem)
            for path, problem in found
        ]

    def _inbound_problems(self):
        """Return what is missing before messages can be applied, one text each."""
        self.ensure_one()
        model = self.model_id.sudo().model  # sudo: name of the object
        if not model:
            return [self.env._("the contract names no Odoo object")]
        usage = "create" if self.on_unknown == "create" else "write"
        problems = self._missing_rights({**self._referenced_models(), model: usage})
        for line in self.line_ids:
            chain = line._field_chain() if line._starts_at_field() else []
            problem = line._starts_at_field() and (
                line._inbound_problem(chain) if chain else self.env._("no field")
            )
            if problem:
                problems.append(f"{line.display_name}: {problem}")
        if self.on_unknown == "create":
            problems += self._unfilled_texts(model)
        return problems

    def _referenced_models(self):
        """Return ``{model: "read"}`` of the records that lines refer to."""
        return {
            line._field_chain()[0].comodel_name: "read"
            for line in self.line_ids
            if line._starts_at_field() and line._field_chain()[:1]
            if line._field_chain()[0].type == "many2one"
        }

    def _missing_rights(self, usages):
        """Return which of ``{model: usage}`` nobody has approved, one text each."""
        words = dict(
            self.env["interop.mapping.model"]
            ._fields["usage"]
            ._description_selection(self.env)
        )
        # sudo: names of objects
        models_sudo = self.env["ir.model"].sudo()
        return [
            self.env._(
                "the right “%(usage)s” on %(object)s for the service user: ask for it "
                "under Configuration / Objects for Inbound Mappings and have a steward "
                "approve it",
                usage=words[usage],
                object=models_sudo._get(model).name,
            )
            for model, usage in usages.items()
            if not self.env["interop.mapping.model"]._allowed(model, usage)
        ]

    def _unfilled_texts(self, model):
        mapped = {line._field_chain()[0].name for line in self._filling_lines()}
        return [
            self.env._(
                "a required line or a fixed value for “%s”, without which no record can "
                "be created",
                field._description_string(self.env),
            )
            for field in self._unfilled(model, mapped)
        ]

    def _filling_lines(self):
        """Return the lines that always give their field a value."""
        return self.line_ids.filtered(
            lambda line: (
                (line.required or line.kind == "constant")
                and line._starts_at_field()
                and line._field_chain()
            )
        )

    @api.model
    def _unfilled(self, model, names):
        """Return the fields that a new record of ``model`` needs besides ``names``."""
        # sudo: defaults of fields, no record of anybody
        model_sudo = self.env[model].sudo()
        needed = [
            name
            for name, field in model_sudo._fields.items()
            if field.required
            and field.store
            and not (field.compute or field.related or field.inherited)
            and name not in names
            and not inbound_models.is_closed_field(name)
            and name not in model_sudo._inherits.values()
        ]
        given = model_sudo.default_get(needed)
        return [model_sudo._fields[name] for name in needed if name not in given]

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse mappings that nobody approved with their interface."""
        mappings = super().create(vals_list)
        mappings._require_open()
        return mappings

    # === USING IT === #

    @api.model
    def _for_message(self, message):
        """Return the mapping that a message is applied with, empty without one."""
        return self.search(
            [
                ("interface_id", "=", message.interface_id.id),
                ("contract_id", "=", message.contract_id.id),
            ]
        )

    def action_dry_run(self):
        """Open the dialog that tries an example and keeps nothing."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Add lines first: nothing would be written."))
        return self.env["interop.mapping.dry.run"]._action(self)


class InteropInterface(models.Model):
    """Inbound mappings are complete before anything moves."""

    _inherit = "interop.interface"

    def _missing_for_activation(self):
        missing = super()._missing_for_activation()
        if self.direction == "in":
            for mapping in self._inbound_mappings():
                missing += [
                    self.env._(
                        "%(contract)s: %(problem)s",
                        contract=mapping.contract_id.display_name,
                        problem=problem,
                    )
                    for problem in mapping._problems()
                ]
        return missing

    def _inbound_mappings(self):
        """Return the mappings that messages of these interfaces are applied with."""
        return self.filtered(lambda item: item.direction == "in").mapping_ids.filtered(
            lambda item: item.contract_id.handler_name == "interop.handler.mapping"
        )
