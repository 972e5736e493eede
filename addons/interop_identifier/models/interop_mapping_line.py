"""Mapping lines that carry identifiers of records."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class InteropMappingLine(models.Model):
    """Adds lines that carry a record as its identifier in a namespace.

    Inbound, a line without a field names the record itself, a line with a field a
    related record.
    """

    _inherit = "interop.mapping.line"

    kind = fields.Selection(
        selection_add=[("identifier", "External Identifier")],
        ondelete={"identifier": "cascade"},
    )
    namespace_id = fields.Many2one(
        "interop.namespace",
        ondelete="restrict",
        help="The namespace of the identifier that is sent or received.",
    )

    def _approval_part_fields(self):
        return super()._approval_part_fields() | {"namespace_id"}

    def _approval_text(self):
        text = super()._approval_text()
        code = self.namespace_id.code
        return f"{text} namespace {code}" if code else text

    @api.constrains("kind", "namespace_id", "field_path")
    def _check_namespace(self):
        for line in self.filtered(lambda item: item.kind == "identifier"):
            if not line.namespace_id:
                raise ValidationError(
                    self.env._(
                        "Line “%s” has no namespace. Choose the namespace of the "
                        "identifier.",
                        line.path,
                    )
                )
            chain = line._field_chain() if line.field_path else []
            model = chain[-1].comodel_name if chain else line.base_model
            if model not in self.env["interop.identifier.model"]._names():
                raise ValidationError(
                    self.env._(
                        "Line “%s”: Odoo keeps no identifiers for records of this "
                        "field. Leave the field empty for the record itself, or "
                        "choose a related record such as its partner.",
                        line.path,
                    )
                )

    @api.constrains("kind", "namespace_id")
    def _check_person_adjacent(self):
        for line in self.filtered(lambda item: item.kind == "identifier"):
            contract = line.mapping_id.contract_id
            if line.namespace_id.person_adjacent and contract.data_class == "none":
                raise ValidationError(
                    self.env._(
                        "Line “%(path)s”: “%(namespace)s” identifies a person, but "
                        "%(contract)s is classified as containing no personal data. "
                        "Choose another namespace or a contract of another data "
                        "class.",
                        path=line.path,
                        namespace=line.namespace_id.name,
                        contract=contract.display_name,
                    )
                )

    def _starts_at_field(self):
        if self.kind == "identifier":
            return bool(self.field_path)  # empty: the record itself
        return super()._starts_at_field()

    def _value_schema(self):
        if self.kind == "identifier":
            return {"type": "string", "minLength": 1}
        return super()._value_schema()

    # === INBOUND === #

    def _names_record(self):
        """Return whether the identifier of this line names the record of the message."""
        self.ensure_one()
        return self.kind == "identifier" and not self.field_path and not self.parent_id

    def _reference_problem(self, chain):
        if self.kind == "identifier":
            if len(chain) == 1:
                return None
            return self.env._("choose the field that refers to the record itself.")
        return super()._reference_problem(chain)

    def _inbound_problem(self, chain):
        if self.kind == "identifier" and chain[0].type != "many2one":
            return self.env._("“%s” does not refer to another record.", chain[0].string)
        return super()._inbound_problem(chain)
