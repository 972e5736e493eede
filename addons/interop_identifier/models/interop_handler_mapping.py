"""Find and link the records of mapped messages by their identifiers."""

from odoo import models

from odoo.addons.interop_base.exceptions import BusinessError, HandledError
from odoo.addons.interop_mapping.models.interop_handler_mapping import ABSENT

from ..tools import parties
from .identifier_wire import IdentifierWire

NUMBERS = (int, str)


class InteropHandlerMapping(models.AbstractModel):
    """Finds records by the sender's identifiers and links new identifiers to them.

    Outbound, identifiers of a whole batch are read in one query.
    """

    _inherit = "interop.handler.mapping"

    # === OUTBOUND === #

    def _reader_identifier(self, line, records):
        path = line.field_path
        targets = records.mapped(path) if path else records
        wire = IdentifierWire(self.env["interop.identifier"], self.env.company)
        values = wire.values_in(line.namespace_id, targets)
        names = path.split(".") if path else []

        def read(record):
            for name in names:
                record = record[name]
            value = values.get(record.id)
            if record and not value and line.required:
                raise BusinessError(
                    self.env._(
                        "“%(path)s”: the record has no active identifier of "
                        "namespace “%(name)s”. Add the identifier to the record, "
                        "then resubmit the message.",
                        path=line.path,
                        name=line.namespace_id.name,
                    ),
                    code="no_identifier",
                    error_class="unknown_identifier",
                    pointer="/" + line.path.replace(".", "/"),
                )
            return value

        return read

    # === INBOUND === #

    def _match(self, mapping, message, data):
        lines = mapping._record_lines()
        wires = self._wires(lines, data)
        if not wires:
            raise BusinessError(
                self.env._(
                    "The message contains no identifier of the record that "
                    "it is about. Send it with a required identifier of the "
                    "mapping."
                ),
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
        ) or identifiers._resolve_unknown(
            wires, message, model, create=mapping.on_unknown == "create"
        )

    def _link_record(self, record, mapping, message, data):
        wires = self._wires(mapping._record_lines(), data)
        self.env["interop.identifier"]._link(record, wires, message)

    def _wires(self, lines, data):
        """Return the identifiers of ``data`` in the form that handlers use."""
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
            raise self._unfit(
                line, self.env._("An identifier has to be a text or a whole number.")
            )
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
        ) or identifiers._resolve_unknown(
            wires,
            message,
            field.comodel_name,
            create=False,
            text=self.env._(
                "“%(path)s”: no %(object)s has this identifier of namespace "
                "“%(name)s” yet. A steward has to decide.",
                path=line.path,
                object=field.string,
                name=line.namespace_id.name,
            ),
        )
        related.check_access("read")
        self._check_facility(related)
        return related.id

    def _matched_identifier(self, envelope):
        # sudo: service users have no access to the catalogue
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
            return {}  # interfaces of this contract differ, so the record is unclear
        value = self._stated(lines_sudo[0], envelope.data)
        if value is ABSENT or not isinstance(value, NUMBERS):
            return {}
        uris = set(lines_sudo.namespace_id.mapped("uri"))
        return {"system": uris.pop() if len(uris) == 1 else "", "value": str(value)}

    # === STEWARDS === #

    def _identity_parties(self, message, data):
        try:
            mapping = self._mapping_of(message)
            wires = self._wires(mapping._record_lines(), data)
        except HandledError:
            return super()._identity_parties(message, data)
        names = [
            self._stated(line, data)
            for line in mapping.line_ids
            if line.kind != "constant" and line.field_path == "name"
        ]
        name = next((item for item in names if item is not ABSENT), "")
        numbers = tuple((wire["system"], wire["value"]) for wire in wires)
        return [parties.Party("", numbers, parties.full_name(name))]
