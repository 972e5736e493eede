"""Inbound mappings: which record a message means, and which it refers to."""

from odoo import api, models

from odoo.addons.interop_base.exceptions import BusinessError
from odoo.addons.interop_base.models.interop_handler_mapping_in import ABSENT
from odoo.addons.interop_base.tools import inbound_models

NUMBERS = (int, str)


class InteropMappingLine(models.Model):
    """An identifier line names the record itself, or with a field a related one."""

    _inherit = "interop.mapping.line"

    def _names_record(self):
        """Return whether this line says which record the message is about."""
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
            return self.env._("“%s” refers to no other record.", chain[0].string)
        return super()._inbound_problem(chain)


class InteropMapping(models.Model):
    """An inbound mapping needs to know which record is meant."""

    _inherit = "interop.mapping"

    @api.depends("line_ids.namespace_id", "line_ids.required")
    def _compute_problems(self):
        return super()._compute_problems()

    def _record_lines(self):
        """Return the lines that say which record a message is about."""
        return self.line_ids.filtered(lambda line: line._names_record())

    def _inbound_problems(self):
        problems = super()._inbound_problems()
        if not any(line.required for line in self._record_lines()):
            problems.append(
                self.env._(
                    "a required line of kind External Identifier without a field: it "
                    "says which record a message is about"
                )
            )
        return problems


class InteropMappingModel(models.Model):
    """What is on the list may carry identifiers."""

    _inherit = "interop.mapping.model"

    @api.model
    def _identified_models(self):
        """Return the names of the objects that messages may change."""
        # sudo: the list is the same for everybody
        listed_sudo = self.sudo().search([("state", "=", "approved")])
        names = listed_sudo.mapped("model_id.model")
        return [name for name in names if name in self.env]

    def _set_approved(self, fingerprint=None):
        moved = super()._set_approved(fingerprint)
        # sudo: who approves an object need not administer the kinds of records
        self.env["interop.identifier.model"].sudo()._sync()
        return moved


class InteropIdentifier(models.Model):
    """Objects of inbound mappings carry identifiers."""

    _inherit = "interop.identifier"

    @api.model
    def _declared_models(self):
        return [
            *super()._declared_models(),
            *(
                name
                for name in self.env["interop.mapping.model"]._identified_models()
                if not inbound_models.is_closed(name)
            ),
        ]


class InteropHandlerMapping(models.AbstractModel):
    """Finds records by what the sender calls them, and keeps that."""

    _inherit = "interop.handler.mapping"

    def _match(self, mapping, message, data):
        lines = mapping._record_lines()
        wires = self._wires(lines, data)
        if not wires:
            raise BusinessError(
                self.env._("The message does not say which record it is about."),
                code="no_identifier",
                error_class="unknown_identifier",
                pointer=self._pointer(lines[:1]) if lines else None,
            )
        identifiers = self.env["interop.identifier"]
        model = mapping.model_id.model
        return identifiers._resolve(
            wires,
            message.company_id,
            model=model,
            system=message.system_id,
            at=message.occurred_at,
        ) or identifiers._nobody(
            wires, message, model, create=mapping.on_unknown == "create"
        )

    def _link_record(self, record, mapping, message, data):
        wires = self._wires(mapping._record_lines(), data)
        self.env["interop.identifier"]._link(record, wires, message)

    def _wires(self, lines, data):
        """Return the identifiers of ``data`` as handlers know them."""
        wires = []
        for line in lines:
            value = self._stated(line, data)
            if value is ABSENT or value in (None, ""):
                if line.required:
                    raise self._missing(line.path)
                continue
            wires.append(self._wire(line, value))
        return wires

    def _wire(self, line, value):
        if not isinstance(value, NUMBERS) or isinstance(value, bool):
            raise self._unfit(line, self.env._("An identifier is a text."))
        return {"system": line.namespace_id.uri, "value": str(value)}

    def _value(self, line, stated, message):
        if line.kind != "identifier":
            return super()._value(line, stated, message)
        if stated in (None, ""):
            return False
        field = line._field_chain()[0]
        identifiers, wires = self.env["interop.identifier"], [self._wire(line, stated)]
        related = identifiers._resolve(
            wires,
            message.company_id,
            model=field.comodel_name,
            system=message.system_id,
            at=message.occurred_at,
        ) or identifiers._nobody(
            wires,
            message,
            field.comodel_name,
            create=False,
            text=self.env._(
                "“%(path)s”: no %(object)s has this identifier of “%(name)s” yet.",
                path=line.path,
                object=field.string,
                name=line.namespace_id.name,
            ),
        )
        related.check_access("read")
        self._check_facility(related)
        return related.id

    def _matched_identifier(self, envelope):
        # sudo: the catalogue is closed to service users
        contract_sudo = (
            self.env["interop.contract"]
            .sudo()
            ._find(envelope.type, envelope.schema_version)
        )
        lines_sudo = contract_sudo.mapping_ids.filtered(
            lambda item: item.direction == "in" and item.interface_id.state == "active"
        ).line_ids.filtered(lambda line: line._names_record() and line.required)
        paths = set(lines_sudo.mapped("path"))
        if len(paths) != 1:
            return {}  # interfaces of this contract differ: none is the one meant
        value = self._stated(lines_sudo[0], envelope.data)
        if value is ABSENT or not isinstance(value, NUMBERS):
            return {}
        uris = set(lines_sudo.namespace_id.mapped("uri"))
        return {"system": uris.pop() if len(uris) == 1 else "", "value": str(value)}
