"""Mapping lines that send what an assigning authority calls a record."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base.exceptions import BusinessError


class InteropMappingLine(models.Model):
    """A related record travels by its identifier in the receiver's namespace."""

    _inherit = "interop.mapping.line"

    kind = fields.Selection(
        selection_add=[("identifier", "External Identifier")],
        ondelete={"identifier": "cascade"},
    )
    namespace_id = fields.Many2one(
        "interop.namespace",
        ondelete="restrict",
        help="Whose number is sent: what this authority calls the record.",
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
                        "Line “%s”: choose the namespace of the identifier.", line.path
                    )
                )
            chain = line._field_chain() if line.field_path else []
            model = chain[-1].comodel_name if chain else line.base_model
            if model not in self.env["interop.identifier"]._record_models():
                raise ValidationError(
                    self.env._(
                        "Line “%s”: identifiers are kept for other kinds of records. "
                        "Leave the field empty for the record itself, or choose a "
                        "related one, such as its partner.",
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
                        "%(contract)s is classed as carrying no personal data.",
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


class InteropHandlerMapping(models.AbstractModel):
    """Reads identifiers of a whole batch in one query."""

    _inherit = "interop.handler.mapping"

    def _reader_identifier(self, line, records):
        path = line.field_path
        targets = records.mapped(path) if path else records
        values = self.env["interop.identifier"]._active_values(
            line.namespace_id, targets, self.env.company
        )
        names = path.split(".") if path else []

        def read(record):
            for name in names:
                record = record[name]
            value = values.get(record.id)
            if record and not value and line.required:
                raise BusinessError(
                    self.env._(
                        "“%(path)s”: the record has no active identifier of "
                        "“%(name)s”.",
                        path=line.path,
                        name=line.namespace_id.name,
                    ),
                    code="no_identifier",
                    error_class="unknown_identifier",
                    pointer="/" + line.path.replace(".", "/"),
                )
            return value

        return read


class InteropIdentifier(models.Model):
    """Values for mappings."""

    _inherit = "interop.identifier"

    @api.model
    def _active_values(self, namespace, records, company):
        """Return ``{record id: value}``: the active identifier of each in
        ``namespace``.

        Where a record may have several, the oldest. Nothing of a facility's own
        namespace leaves from another facility.
        """
        if namespace.company_id and namespace.company_id not in company.parent_ids:
            return {}
        found = self.search(
            [
                ("namespace_id", "=", namespace.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "=", "active"),
            ],
            order="id desc",
        )
        return {identifier.res_id: identifier.value for identifier in found}
