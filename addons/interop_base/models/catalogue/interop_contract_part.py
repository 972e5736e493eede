"""Parts of a contract beside its schema: examples, and data classes of fields."""

import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ... import const
from ...tools import schema as schema_tools
from ...tools.errors import SchemaInvalid


class InteropContractPart(models.AbstractModel):
    """A row of a contract. It is frozen when the contract is published."""

    _name = "interop.contract.part"
    _description = "Part of a Contract"

    contract_id = fields.Many2one(
        "interop.contract", required=True, ondelete="cascade", index=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse new parts of published contracts."""
        parts = super().create(vals_list)
        parts.contract_id._require_draft()
        parts.contract_id._note_editor()
        return parts

    def write(self, vals):
        """Refuse changes to parts of published contracts."""
        self.contract_id._require_draft()
        self.contract_id._note_editor()
        result = super().write(vals)
        self.contract_id._require_draft()
        self.contract_id._note_editor()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_in_draft(self):
        self.contract_id._require_draft()
        self.contract_id._note_editor()


class InteropContractExample(models.Model):
    """An example of the member ``data``, checked against the schema."""

    _name = "interop.contract.example"
    _inherit = ["interop.contract.part"]
    _description = "Contract Example"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    body = fields.Text("Data (JSON)", required=True)

    @api.constrains("body", "contract_id")
    def _check_body(self):
        for example in self:
            try:
                value = json.loads(example.body)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Example “%(name)s” is not valid JSON: %(reason)s",
                        name=example.name,
                        reason=str(error),
                    )
                ) from None
            try:
                violations = example.contract_id._violations(value)
            except SchemaInvalid as error:
                raise ValidationError(str(error)) from None
            if violations:
                places = "\n".join(
                    f"{v.pointer or '/'}: {v.message}" for v in violations
                )
                raise ValidationError(
                    self.env._(
                        "Example “%(name)s” does not match the schema:\n%(places)s",
                        name=example.name,
                        places=places,
                    )
                )


class InteropContractField(models.Model):
    """The data class of one field of a contract."""

    _name = "interop.contract.field"
    _inherit = ["interop.contract.part"]
    _description = "Contract Field Class"
    _order = "path"

    path = fields.Char(
        required=True,
        help="Dotted path in data. Write [] for the elements of a list.",
    )
    data_class = fields.Selection(const.DATA_CLASSES, required=True, default="none")

    _path_uniq = models.Constraint(
        "UNIQUE (contract_id, path)", "This path already has a data class."
    )

    @api.constrains("path", "contract_id")
    def _check_path(self):
        for line in self:
            known = schema_tools.field_paths(line.contract_id._schema())
            if line.path not in known:
                raise ValidationError(
                    self.env._(
                        "The schema of %(contract)s has no field “%(path)s”. Correct "
                        "the path.",
                        contract=line.contract_id.display_name,
                        path=line.path,
                    )
                )

    @api.constrains("data_class", "contract_id")
    def _check_class(self):
        self.contract_id._check_field_classes()
