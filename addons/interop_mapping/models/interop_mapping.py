"""No-code mappings: path in the message ↔ field in Odoo.

A mapping is an allow-list: a field without a line is never sent and never written.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base.tools import schema_build
from odoo.addons.interop_base.tools.schema_build import PathError

from ..tools import inbound_models

ON_UNKNOWN = [("park", "Wait for a Decision"), ("create", "Create a Record")]


class InteropMapping(models.Model):
    """The mapping of one contract of one interface to an Odoo object."""

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
    state = fields.Selection(related="interface_id.state")
    contract_state = fields.Selection(
        related="contract_id.state", string="Contract State"
    )
    problems = fields.Text(
        compute="_compute_problems",
        help="Problems that every record would have. They prevent the activation of "
        "the interface.",
    )
    direction = fields.Selection(related="interface_id.direction")
    on_unknown = fields.Selection(
        ON_UNKNOWN,
        "Unknown Record",
        required=True,
        default="park",
        help="How to handle a message whose identifier has no record yet: the message "
        "waits for its owner, or it creates the record.",
    )

    _contract_uniq = models.Constraint(
        "UNIQUE (interface_id, contract_id)",
        "This interface already has a mapping for this contract.",
    )

    # === COMPUTE METHODS === #

    @api.depends("interface_id", "contract_id")
    def _compute_display_name(self):
        for mapping in self:
            names = (mapping.interface_id.name, mapping.contract_id.display_name)
            mapping.display_name = all(names) and " / ".join(names)

    @api.depends(
        "contract_id.schema",
        "contract_id.state",
        "direction",
        "line_ids.path",
        "line_ids.kind",
        "line_ids.field_path",
        "line_ids.format",
        "line_ids.constant",
        "line_ids.value_map_id.line_ids.external",
        "line_ids.required",
        "line_ids.child_ids",
        "on_unknown",
    )
    def _compute_problems(self):
        for mapping in self:
            mapping.problems = "\n".join(mapping._problems()) or False

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse new mappings of approved interfaces."""
        mappings = super().create(vals_list)
        mappings._require_open()
        return mappings

    def write(self, vals):
        """Refuse to change approved mappings, or to move a mapping to another interface
        that is approved."""
        self._require_open()
        result = super().write(vals)
        if "interface_id" in vals:
            self._require_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self._require_open()

    # === APPROVAL === #

    def _approval_part_fields(self):
        return {"interface_id", "contract_id", "on_unknown"}

    def _approval_owners(self):
        return self.sudo().interface_id  # sudo: interfaces of all facilities

    def _part_audited(self):
        return self.sudo().interface_id

    def _all_lines(self):
        """Return the lines, including the columns of sub-lists."""
        lines, level = self.env["interop.mapping.line"], self.line_ids
        while level:
            lines |= level
            level = level.child_ids
        return lines

    def _approval_lines(self):
        """Return the mapping as the texts of the approved state."""
        lines = [line._approval_text() for line in self._all_lines()]
        if self.interface_id.direction == "in":
            lines.append(f"unknown record: {self.on_unknown}")
        return lines

    def _require_open(self):
        """Refuse changes unless the interface is a draft: the mapping was approved."""
        if self.env.su:
            return  # data files, upgrades, and addons without a user
        for interface in self.interface_id:
            if interface.state != "draft":
                raise UserError(
                    self.env._(
                        "The mapping of “%(name)s” was approved. Suspend the interface "
                        "and set it back to draft before you change the mapping.",
                        name=interface.name,
                    )
                )

    # === PROBLEMS === #

    def _problems(self):
        """Return the problems that prevent all messages of this mapping, one text
        each."""
        self.ensure_one()
        if not self.line_ids or not self.contract_id:
            return []
        if self.direction == "in":
            return [*self._inbound_problems(), *self._contract_problems()]
        return self._contract_problems()

    def _contract_problems(self):
        """Return the contradictions between the lines and the schema of the
        contract."""
        contract = self.contract_id
        if contract._schema_is_to_come():
            return []
        try:
            lines, agreed = self.line_ids._schema(), contract._schema()
            if self.direction == "in":
                found = schema_build.misfits(agreed, lines, absent_is_fine=True)
            else:
                found = schema_build.misfits(agreed, lines)
        except (PathError, ValidationError) as error:
            return [str(error)]
        return [
            self.env._("%(path)s: %(problem)s", path=path or "/", problem=problem)
            for path, problem in found
        ]

    def _inbound_problems(self):
        """Return what is missing before messages can be applied, one text each."""
        self.ensure_one()
        model = self.model_id.sudo().model  # sudo: technical name of the object
        if not model:
            return [self.env._("the contract has no Odoo object")]
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
        """Return ``{model: "read"}`` of the records to which lines refer."""
        return {
            line._field_chain()[0].comodel_name: "read"
            for line in self.line_ids
            if line._starts_at_field() and line._field_chain()[:1]
            if line._field_chain()[0].type == "many2one"
        }

    def _missing_rights(self, usages):
        """Return the rights in ``{model: usage}`` that are not approved, one text
        each."""
        words = dict(
            self.env["interop.mapping.model"]
            ._fields["usage"]
            ._description_selection(self.env)
        )
        # sudo: names of objects
        models_sudo = self.env["ir.model"].sudo()
        return [
            self.env._(
                "the right “%(usage)s” on %(object)s for the service user. Add it "
                "under Configuration / Objects for Inbound Mappings and ask a steward "
                "to approve it",
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
                "a required line or a fixed value for “%s”: a new record needs a value "
                "in this field",
                field._description_string(self.env),
            )
            for field in self._unfilled(model, mapped)
        ]

    def _filling_lines(self):
        """Return the lines that always give a value to their field."""
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
        # sudo: defaults of fields, without data of any record
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

    # === USE === #

    @api.model
    def _for_message(self, message):
        """Return the mapping with which a message is applied, empty if there is
        none."""
        return self.search(
            [
                ("interface_id", "=", message.interface_id.id),
                ("contract_id", "=", message.contract_id.id),
            ]
        )

    def _check_readable(self):
        """Raise ``AccessError`` unless the user may read all mapped fields."""
        for line in self.env["interop.mapping.line"].search(
            [("mapping_id", "in", self.ids)]
        ):
            for field in line._field_chain() if line.field_path else []:
                model = self.env[field.model_name]
                model.check_access("read")
                model._check_field_access(field, "read")

    # === ACTIONS === #

    def action_preview(self):
        """Open the preview of this mapping for a real record."""
        self.ensure_one()
        return self.env["interop.message.preview"]._action(
            self.interface_id, self.contract_id
        )

    def action_dry_run(self):
        """Open the dialog that applies an example and rolls it back."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(
                self.env._("The mapping has no lines. Add lines, then try it.")
            )
        return self.env["interop.mapping.dry.run"]._action(self)

    def action_generate_schema(self):
        """Generate the contract's schema from this mapping (administrators)."""
        self.ensure_one()
        return self.contract_id.action_generate_schema()

    def _needed_entries(self):
        """Return the approved objects that these mappings use."""
        listed = self.env["interop.mapping.model"]
        found = listed.sudo()  # sudo: the list does not depend on the reader
        for mapping in self:
            name = mapping.model_id.sudo().model  # sudo: technical name of the object
            for model in {name, *mapping._referenced_models()} - {False}:
                found |= listed._allowed(model)
        return found
