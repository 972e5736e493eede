"""The no-code handler on the way in: one record per message, from mapping lines."""

from psycopg2 import IntegrityError

from odoo import models
from odoo.fields import Domain

from ..exceptions import (
    BusinessError,
    ConfigurationError,
    PossibleDuplicate,
    UnknownIdentifier,
)
from ..tools import order_key, ownership, value_parse
from ..tools import text as text_tools
from ..tools.errors import InteropError
from ..tools.schema_forms import is_multiple
from . import governed_state
from .interop_mapping_line import VALUE_KINDS

ABSENT = object()


class InteropHandlerMapping(models.AbstractModel):
    """Finds the record by its external identifier, then writes the mapped fields.

    With the rights of the client's service user: its access rights, record rules and
    field rights are checked on the record before and after. Only what Odoo itself does
    in consequence runs beyond them.
    """

    _inherit = "interop.handler.mapping"

    def _apply(self, message, data):
        mapping = self._mapping_of(message)
        record = self._match(mapping, message, data)
        values = self._values(mapping, message, data)
        self._check_amounts(mapping, record, values)
        if record:
            self._update_record(record, message, values)
        else:
            record = self._create_record(mapping, message, values)
        self._link_record(record, mapping, message, data)
        return record

    def _mapping_of(self, message):
        # sudo: the catalogue is closed to service users
        mapping_sudo = self.env["interop.mapping"].sudo()._for_message(message)
        if not mapping_sudo.line_ids:
            raise ConfigurationError(
                self.env._("The interface has no mapping lines for this contract.")
            )
        return mapping_sudo

    # === WHICH RECORD === #

    def _match(self, mapping, message, data):
        """Return the record that the message is about, ``None`` when there is none yet.

        The addon with external identifiers finds it; nothing else ever guesses.
        """
        raise ConfigurationError(
            self.env._("Records are found by external identifiers: install them first.")
        )

    def _link_record(self, record, mapping, message, data):
        """Keep the identifiers of the message with ``record``."""

    def _unknown(self, mapping):
        """Return the error of a record that may not be created."""
        return UnknownIdentifier(
            self.env._(
                "No %s has this identifier. Link the identifier to its record, or "
                "create the record, then retry.",
                mapping.model_id.sudo().name,
            )
        )

    # === VALUES === #

    def _values(self, mapping, message, data):
        """Return ``{field: value}`` of what the message states.

        :raises BusinessError: a value is missing, or does not fit its field
        """
        model = self.env[mapping.model_id.model]
        values = {}
        for line in mapping.line_ids.filtered(lambda item: item._starts_at_field()):
            stated = self._stated(line, data)
            if stated is ABSENT:
                if line.required:
                    raise self._missing(line.path)
                continue
            name = line._field_chain()[0].name
            values[name] = self._value(line, stated, message)
            if line.required and values[name] in (None, False, ""):
                if model._fields[name].type != "boolean":
                    raise self._missing(line.path)
        return values

    def _stated(self, line, data):
        """Return the JSON value at the path of ``line``, or ``ABSENT``."""
        if line.kind == "constant":
            return line.constant
        for name in line.path.split("."):
            if not isinstance(data, dict) or name not in data:
                return ABSENT
            data = data[name]
        return data

    def _value(self, line, stated, message):
        """Return the value of the first field on the line's field path."""
        chain = line._field_chain()
        if not chain:
            raise ConfigurationError(
                self.env._(
                    "“%(path)s”: the field “%(field)s” is gone.",
                    path=line.display_name,
                    field=line.field_path,
                )
            )
        value = self._read_value(line, chain[-1], stated)
        if len(chain) > 1:
            return value is not None and self._look_up(line, chain, value)
        return False if value is None else value

    def _read_value(self, line, field, stated):
        kind = VALUE_KINDS[field.type]
        zone = self._timezone(line)
        try:
            if line.kind == "constant":
                return value_parse.internal(kind, stated)
            if line.value_map_id and stated not in (None, ""):
                return value_parse.internal(kind, self._internal(line, stated))
            value = value_parse.reader(kind, line.format, zone)(stated)
        except InteropError as error:
            raise self._unfit(line, str(error)) from None
        if field.type == "char" and value is not None:
            value = text_tools.clean(value)  # such a field has one line
        self._check_fits(line, field, value)
        return value

    def _internal(self, line, stated):
        """Return what the value map says for the partner's code."""
        found = line.value_map_id._to_internal(
            str(stated).lower() if isinstance(stated, bool) else str(stated)
        )
        if found is None:
            raise BusinessError(
                self.env._(
                    "“%(path)s”: the value map “%(map)s” does not cover this value.",
                    path=line.path,
                    map=line.value_map_id.name,
                ),
                code="value_map",
                error_class="schema",
                pointer=self._pointer(line),
            )
        return found

    def _check_fits(self, line, field, value):
        """Refuse what Odoo would cut off, round or not know."""
        problem = None
        if value is None:
            return
        if field.type == "selection" and value not in field.get_values(self.env):
            problem = self.env._("It is none of the choices of the field.")
        elif field.type == "char" and field.size and len(value) > field.size:
            problem = self.env._("It has more than %s characters.", field.size)
        elif field.type == "float":
            digits = field.get_digits(self.env)
            if digits and round(value, digits[1]) != value:
                problem = self.env._("It has more than %s decimals.", digits[1])
        if problem:
            raise self._unfit(line, problem)

    def _check_amounts(self, mapping, record, values):
        """Refuse amounts that their currency would round.

        :param record: the one that the message is about, None for a new one
        """
        model = self.env[mapping.model_id.model]
        for line in mapping.line_ids.filtered(lambda item: item._starts_at_field()):
            field = line._field_chain()[0]
            amount = values.get(field.name)
            if field.type != "monetary" or not amount:
                continue
            currency = self._currency_of(model, field, record, values)
            if currency and not is_multiple(amount, currency.rounding):
                problem = self.env._(
                    "The amount is not a multiple of the smallest unit of %s.",
                    currency.name,
                )
                raise self._unfit(line, problem)

    def _currency_of(self, model, field, record, values):
        """Return the currency in which the amount will be kept."""
        name = field.get_currency_field(model)
        if name in values:
            return self.env["res.currency"].browse(values[name] or ())
        if record:
            return record.sudo()[name]  # sudo: compared, not shown
        default = model.sudo().default_get([name]).get(name)
        if default:
            return self.env["res.currency"].browse(default)
        return self.env.company.sudo().currency_id

    def _unfit(self, line, problem):
        return BusinessError(
            self.env._(
                "“%(path)s” does not fit its field. %(problem)s",
                path=line.display_name,
                problem=problem,
            ),
            code="invalid_value",
            error_class="schema",
            pointer=self._pointer(line),
        )

    def _pointer(self, line):
        return "/data/" + (line.path or "").replace(".", "/")

    def _look_up(self, line, chain, value):
        """Return the id of the one record whose field holds ``value``."""
        model = self.env[chain[0].comodel_name]
        domain = Domain(chain[1].name, "=", value)
        if "company_id" in model._fields:
            domain &= Domain("company_id", "in", [False, *self._own_facilities().ids])
        found = model.search(domain, limit=2)
        if len(found) == 1:
            return found.id
        error = PossibleDuplicate if found else UnknownIdentifier
        raise error(
            self.env._(
                "“%(path)s”: %(count)s “%(object)s” with this “%(field)s”. Correct the "
                "record, or the message, then retry.",
                path=line.display_name,
                count=self.env._("more than one") if found else self.env._("no"),
                object=chain[0].string,
                field=chain[1].string,
            ),
            pointer=self._pointer(line),
        )

    def _own_facilities(self):
        """Return the facility of the message and those above it."""
        return self.env.company.sudo().parent_ids

    # === WRITING === #

    def _update_record(self, record, message, values):
        self._check_rights(record, "write", values)
        self._check_facility(record)
        # sudo: what other addons do in consequence reads models of theirs that a
        # machine has no business with; its own rights were checked, and are again
        record_sudo = record.sudo()
        with self._refusals():
            if self._is_governed(record):
                record_sudo._apply_governed(message, values)
            else:
                self._write_differing(record_sudo, message, values)
            self.env.flush_all()
        self._check_rights(record, "write", values)

    def _create_record(self, mapping, message, values):
        if mapping.on_unknown != "create":
            raise self._unknown(mapping)
        model = self.env[mapping.model_id.model]
        self._check_rights(model, "create", values)
        unfilled = mapping._unfilled(model._name, values)
        if unfilled:
            raise self._missing(
                ", ".join(f._description_string(self.env) for f in unfilled)
            )
        if "company_id" in model._fields:
            values = {**values, "company_id": message.company_id.id}
        with self._refusals():
            model_sudo = model.sudo()  # sudo: see _update_record
            if self._is_governed(model):
                record_sudo, _outcome = model_sudo._create_governed(message, values)
            else:
                record_sudo = model_sudo.create(values)
                applied = ownership.Decision(ownership.APPLIED)
                self._note(record_sudo, message, dict.fromkeys(values, applied))
            self.env.flush_all()
        record = record_sudo.with_env(self.env)
        self._check_rights(record, "create", values)
        return record

    def _replaced_inbound_types(self, contract):
        """Records that are not governed take every value: an older message of the same
        subject must not come after a newer one."""
        model = self.env.get(contract.model_id.sudo().model)
        if model is None or self._is_governed(model):
            return ()
        return (contract.message_type,)

    def _is_governed(self, records):
        return getattr(records, "_interop_governed", False)

    def _check_rights(self, records, operation, values):
        """Check access rights, record rules and field rights of the service user."""
        records.check_access(operation)
        for name in values:
            if name != "company_id":
                records._check_field_access(records._fields[name], "write")

    def _check_facility(self, record):
        """A record of another facility is not this sender's, whatever rules say."""
        if "company_id" not in record._fields:
            return
        company = record.sudo().company_id  # sudo: compared, not shown
        if company and company not in self._own_facilities():
            raise BusinessError(
                self.env._("The record belongs to another facility."),
                code="not_this_facility",
                error_class="ownership",
            )

    def _write_differing(self, record, message, values):
        """Write what differs and what the sender did not say something newer about."""
        scope = governed_state.current(self.env)
        stated = self.env["interop.provenance"]._stated_by(record, scope.system_id)
        decisions = {
            name: ownership.decide(
                rule=None,
                sender=scope.system_id,
                same=not self._differs(record, name, value),
                stated=scope.stated,
                known=ownership.known_statements(name, None, stated),
            )
            for name, value in values.items()
        }
        changed = {n: values[n] for n, item in decisions.items() if item.written}
        if changed:
            record.write(changed)
        self._note(record, message, decisions)

    def _differs(self, record, name, value):
        field = record._fields[name]
        cached = field.convert_to_cache(value, record)
        stated = field.convert_to_record(cached, record)
        return (stated or False) != (record[name] or False)

    def _note(self, record, message, decisions):
        """Report field by field, as for objects with systems of record, and remember
        when the sender stated it."""
        decisions = {n: item for n, item in decisions.items() if n != "company_id"}
        message._note_fields(ownership.entries(record._name, record.id, decisions))
        stated = ownership.Outcome(decisions).fields(*ownership.ACCEPTED)
        scope = governed_state.current(self.env)
        self.env["interop.provenance"]._note_message(
            record, scope, stated, confirmed=True
        )

    def _refusals(self):
        return _Refusals(self.env)

    # === SEARCHABLE === #

    def _inbound_keys(self, envelope):
        """What the record is matched by is what people search for, and the order."""
        identifier = self._matched_identifier(envelope)
        key = order_key.of_identifier(identifier)
        if not key:
            return super()._inbound_keys(envelope)
        return identifier["value"], envelope.ordering_key or key

    def _matched_identifier(self, envelope):
        """Return the identifier that the record will be found by, as ``{"system",
        "value"}``; empty when the message has none."""
        return {}


class _Refusals:
    """What the database refuses is about the content: tell its owner, never retry."""

    def __init__(self, env):
        self.env = env
        self.savepoint = env.cr.savepoint()

    def __enter__(self):
        self.savepoint.__enter__()
        return self

    def __exit__(self, exc_type, exc, traceback):
        result = self.savepoint.__exit__(exc_type, exc, traceback)
        if exc_type and issubclass(exc_type, IntegrityError):
            raise BusinessError(
                self.env._(
                    "Odoo keeps records of this kind apart by a rule that the values of "
                    "this message break (%s).",
                    exc.diag.constraint_name or exc.diag.column_name or "?",
                ),
                code="refused_by_odoo",
            ) from None
        return result
