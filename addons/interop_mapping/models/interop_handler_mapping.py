"""The no-code handler: it builds messages from mapping lines, and records from
messages."""

from psycopg2 import IntegrityError

from odoo import models
from odoo.fields import Domain

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    ConfigurationError,
    HandledError,
    PossibleDuplicate,
    UnknownIdentifier,
)
from odoo.addons.interop_base.models.engine import origin
from odoo.addons.interop_base.tools import (
    field_report,
    order_key,
    statement,
    value_format,
    value_parse,
)
from odoo.addons.interop_base.tools import text as text_tools
from odoo.addons.interop_base.tools.errors import InteropError
from odoo.addons.interop_base.tools.schema_forms import is_multiple

from .interop_mapping_line import VALUE_KINDS

ABSENT = object()
STATEMENTS = 100  # earlier messages about one record that are read


class InteropHandlerMapping(models.AbstractModel):
    """Builds and applies ``data`` by the mapping lines of an interface.

    Outbound, only mapped fields are sent. Lines are compiled once for all records of a
    batch, so that each line looks its data up once. Addons add kinds of lines with a
    method
    ``_reader_<kind>``.

    Inbound, the handler finds the record by its external identifier. Then it writes the
    mapped fields with the rights of the client's service user. Its access rights,
    record rules and field rights are checked before and after. Only consequences in
    Odoo itself run in superuser mode.
    """

    _name = "interop.handler.mapping"
    _description = "Mapping Handler"
    _inherit = "interop.handler"

    def _builder(self, mapping, records):
        """Return ``build(record) -> data`` for the ``records`` of one batch.

        Errors of the mapping are raised by ``build``, not by this method.

        :raises BusinessError: (by ``build``) a required line has no value
        :raises ConfigurationError: (by ``build``) there is no mapping
        """
        compiled = []

        def build(record):
            if not compiled:
                compiled.append(self._compile_mapping(mapping, records))
            return compiled[0](record)

        return build

    def _interface_builder(self, contract, interfaces, records, careful):
        """Build one content per interface, because each interface has its own
        mapping."""
        keys = self._snapshot_builder(records, lambda record: None)
        builders = {
            interface.id: self._builder(interface._mapping_of(contract), records)
            for interface in interfaces
        }

        def snapshot(record, wanting):
            own = {}
            for interface in wanting:
                build = builders[interface.id]
                content = self._build_one(record, build, careful)
                own[str(interface.id)] = (
                    {"error": [content.error_class, content.code, str(content)]}
                    if isinstance(content, HandledError)
                    else {"data": content}
                )
            return {**keys(record), "data": {"by_interface": own}}

        return snapshot

    def _compile_mapping(self, mapping, records):
        if not mapping.line_ids:
            raise ConfigurationError(
                self.env._(
                    "The interface has no mapping lines for this contract. Add lines "
                    "on the interface."
                )
            )
        return self._compile(mapping.line_ids, records)

    def _compile(self, lines, records):
        """Return ``build(record) -> dict`` for sibling ``lines``."""
        steps = [
            (*self._split(line.path), line.required, self._reader(line, records))
            for line in lines
        ]

        def build(record):
            data = {}
            for parents, leaf, required, read in steps:
                value = read(record)
                if value is None or value == "" or value == []:
                    if required:
                        raise self._missing(".".join([*parents, leaf]))
                    if value != []:
                        continue
                node = data
                for name in parents:
                    node = node.setdefault(name, {})
                node[leaf] = value
            return data

        return build

    def _split(self, path):
        *parents, leaf = path.split(".")
        return parents, leaf

    def _business_key(self, record):
        """Return the name; computing a display name would take longer than the
        message."""
        field = record._fields.get(record._rec_name)
        if field is not None and field.type == "char" and field.store:
            return record[field.name]
        return super()._business_key(record)

    # === READERS: one per kind of line, record -> JSON value or None === #

    def _reader(self, line, records):
        return getattr(self, f"_reader_{line.kind}")(line, records)

    def _reader_constant(self, line, records):
        constant = line.constant
        return lambda record: constant

    def _reader_list(self, line, records):
        path = line.field_path
        build = self._compile(line.child_ids, records.mapped(path))
        return lambda record: [build(item) for item in record.mapped(path)]

    def _reader_field(self, line, records):
        chain = line._field_chain()
        if not chain:
            raise ConfigurationError(
                self.env._(
                    "“%(path)s”: the field “%(field)s” does not exist any more. "
                    "Correct the mapping line.",
                    path=line.path,
                    field=line.field_path,
                )
            )
        *parents, field = chain
        to_json = self._field_writer(line, field)
        translate = self._translator(line)
        empty = VALUE_KINDS[field.type] in ("integer", "decimal", "boolean")

        def read(record):
            for parent in parents:
                record = parent.__get__(record)
            if parents and not record:
                return None
            value = field.__get__(record)
            if not (value or empty):
                return None
            value = to_json(record, value)
            return translate(value) if translate else value

        return read

    def _field_writer(self, line, field):
        """Return ``write(record, value) -> JSON value`` for a field with a value."""
        kind = VALUE_KINDS[field.type]
        zone = self._timezone(line)
        try:
            write = value_format.writer(kind, line.format, zone)
        except InteropError as error:
            raise ConfigurationError(str(error)) from None
        if field.type == "many2one":
            return lambda record, value: write(value.display_name or "", None)
        if line.format == "decimals":
            decimals = line.decimals
        elif field.type == "monetary":
            currency = field.get_currency_field(self.env[field.model_name])
            return lambda record, value: write(value, _decimals_of(record[currency]))
        else:
            digits = field.get_digits(self.env) if field.type == "float" else None
            decimals = digits[1] if digits else None  # 0: all digits
        return lambda record, value: write(value, decimals)

    def _timezone(self, line):
        """Return the time zone of the facility of the message.

        :raises ConfigurationError: the line needs a time zone, and the facility has
            none
        """
        zone = self.env.company.partner_id.tz
        if not zone and line._needs_timezone():
            raise ConfigurationError(
                self.env._(
                    "“%(path)s” is a date or time at the facility, but %(facility)s "
                    "has no time zone. Set the time zone of its contact.",
                    path=line.display_name,
                    facility=self.env.company.name,
                ),
                code="no_timezone",
            )
        return zone or "UTC"

    def _translator(self, line):
        """Return ``translate(value) -> code`` of the line's value map, or ``None``."""
        if not line.value_map_id:
            return None
        codes = {pair.internal: pair.external for pair in line.value_map_id.line_ids}
        path, name = line.path, line.value_map_id.name

        def translate(value):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if text not in codes:
                raise BusinessError(
                    self.env._(
                        "“%(path)s”: the value map “%(map)s” does not contain this "
                        "value. Add it to the map.",
                        path=path,
                        map=name,
                    ),
                    code="value_map",
                    error_class="schema",
                    pointer="/" + path.replace(".", "/"),
                )
            return codes[text]

        return translate

    def _missing(self, path):
        return BusinessError(
            self.env._("“%s” is required, but has no value.", path),
            code="missing_value",
            error_class="schema",
            pointer="/" + path.replace(".", "/"),
        )

    # === INBOUND === #

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
                self.env._(
                    "The interface has no mapping lines for this contract. Add lines "
                    "on the interface."
                )
            )
        return mapping_sudo

    # === FINDING THE RECORD === #

    def _match(self, mapping, message, data):
        """Return the record of the message, ``None`` if it does not exist yet.

        Only the addon for external identifiers can find it.
        """
        raise ConfigurationError(
            self.env._(
                "Inbound mappings find records by external identifiers. Install "
                "Interop: Identifiers."
            )
        )

    def _link_record(self, record, mapping, message, data):
        """Store the identifiers of the message with ``record``."""

    def _unknown(self, mapping):
        """Return the error about a record that is missing and may not be created."""
        return UnknownIdentifier(
            self.env._(
                "No %s has this identifier. Link the identifier to its record, or "
                "create the record, then retry the message.",
                mapping.model_id.sudo().name,
            )
        )

    # === VALUES === #

    def _values(self, mapping, message, data):
        """Return the ``{field: value}`` of the message.

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
        """Return the value for the first field on the line's field path."""
        chain = line._field_chain()
        if not chain:
            raise ConfigurationError(
                self.env._(
                    "“%(path)s”: the field “%(field)s” does not exist any more. "
                    "Correct the mapping line.",
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
            value = text_tools.clean(value)  # such a field has one line only
        self._check_fits(line, field, value)
        return value

    def _internal(self, line, stated):
        """Return the Odoo value of the partner's code, by the value map."""
        found = line.value_map_id._to_internal(
            str(stated).lower() if isinstance(stated, bool) else str(stated)
        )
        if found is None:
            raise BusinessError(
                self.env._(
                    "“%(path)s”: the value map “%(map)s” does not contain this value. "
                    "Add it, then retry the message.",
                    path=line.path,
                    map=line.value_map_id.name,
                ),
                code="value_map",
                error_class="schema",
                pointer=self._pointer(line),
            )
        return found

    def _check_fits(self, line, field, value):
        """Refuse a value that Odoo would cut, round or not accept."""
        problem = None
        if value is None:
            return
        if field.type == "selection" and value not in field.get_values(self.env):
            problem = self.env._("The value is not one of the allowed values.")
        elif field.type == "char" and field.size and len(value) > field.size:
            problem = self.env._("The value has more than %s characters.", field.size)
        elif field.type == "float":
            digits = field.get_digits(self.env)
            if digits and round(value, digits[1]) != value:
                problem = self.env._("The value has more than %s decimals.", digits[1])
        if problem:
            raise self._unfit(line, problem)

    def _check_amounts(self, mapping, record, values):
        """Refuse amounts that Odoo would round to their currency.

        :param record: the record of the message, ``None`` for a new one
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
        """Return the currency in which the amount will be stored."""
        name = field.get_currency_field(model)
        if name in values:
            return self.env["res.currency"].browse(values[name] or ())
        if record:
            return record.sudo()[name]  # sudo: compared, but not shown
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
        """Return the id of the only record whose field has this ``value``."""
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
                "“%(path)s”: found %(count)s “%(object)s” with this “%(field)s”. "
                "Correct the record or the message, then retry.",
                path=line.display_name,
                count=self.env._("more than one") if found else self.env._("no"),
                object=chain[0].string,
                field=chain[1].string,
            ),
            pointer=self._pointer(line),
        )

    def _own_facilities(self):
        """Return the facility of the message and its parent companies."""
        # sudo: service users see only their own facility
        return self.env.company.sudo().parent_ids

    # === WRITING === #

    def _update_record(self, record, message, values):
        self._check_rights(record, "write", values)
        self._check_facility(record)
        # sudo: consequences in other addons read models that the client may not read.
        # The rights of the service user were checked before, and are checked
        # afterwards.
        with self._refusals():
            self._write_values(record.sudo(), message, values)
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
            # sudo: see _update_record
            record_sudo = self._create_values(model.sudo(), message, values)
            self.env.flush_all()
        record = record_sudo.with_env(self.env)
        self._check_rights(record, "create", values)
        return record

    def _write_values(self, record, message, values):
        """Write the values of a message into an existing record.

        Called inside a savepoint, after the rights of the service user were checked. An
        override may decide by other rules which values count. It must report all fields
        of
        ``values`` (``_note``), and must not commit.

        :param record: the record, in superuser mode
        :param message: ``interop.message``
        :param dict values: as for ``write``
        :raises HandledError: nothing is written
        """
        scope = origin.current(self.env)
        stated = self._previous_statements(record, scope)
        decisions = {
            name: field_report.compare(
                same=not self._differs(record, name, value),
                stated=scope.stated,
                previous=[stated[name]] if name in stated else [],
            )
            for name, value in values.items()
        }
        changed = {n: values[n] for n, item in decisions.items() if item.written}
        if changed:
            record.write(changed)
        self._note(record, message, decisions)

    def _create_values(self, model, message, values):
        """Create the record of a message, and return it.

        Called inside a savepoint, after the rights of the service user were checked.
        See
        ``_write_values`` for the duties of an override.

        :param model: the model, in superuser mode
        :param message: ``interop.message``
        :param dict values: as for ``create``
        :raises HandledError: nothing is created
        """
        record = model.create(values)
        applied = field_report.Decision(field_report.APPLIED)
        self._note(record, message, dict.fromkeys(values, applied))
        return record

    def _previous_statements(self, record, scope):
        """Return ``{field: statement}`` of the sender's earlier statements about a
        record.

        Called before values are written, so that an older message never overwrites a
        newer one. This method reads the message log, and so knows statements only as
        long as messages are kept. An override with a longer memory replaces it.

        :param record: the record, in superuser mode
        :param scope: ``origin.Applying`` of the message
        """
        # sudo: service users may not read the log
        earlier_sudo = (
            self.env["interop.message"]
            .sudo()
            .search(
                [
                    ("res_model", "=", record._name),
                    ("res_id", "=", record.id),
                    ("direction", "=", "in"),
                    ("system_id", "=", scope.system_id),
                    ("state", "=", "done"),
                    ("id", "!=", scope.message_id),
                ],
                order="id desc",
                limit=STATEMENTS,
            )
        )
        found = {}
        for message_sudo in earlier_sudo:
            stated = message_sudo._statement()
            for item in message_sudo.field_report or []:
                own = (item["object"], item["id"]) == (record._name, record.id)
                if own and item["outcome"] in field_report.ACCEPTED:
                    before = found.get(item["field"], "")
                    if statement.is_newer(stated, before):
                        found[item["field"]] = stated
        return found

    def _replaced_inbound_types(self, contract):
        """Replace older messages about records without systems of record: such records
        accept all values, so an older message must not follow a newer one."""
        # sudo: most users may not read the list of models
        model = self.env.get(contract.model_id.sudo().model)
        if model is None or self._is_governed(model):
            return ()
        return (contract.message_type,)

    def _is_governed(self, records):
        """Return whether systems of record decide about the fields of this model."""
        return False

    def _check_rights(self, records, operation, values):
        """Check access rights, record rules and field rights of the service user."""
        records.check_access(operation)
        for name in values:
            if name != "company_id":
                records._check_field_access(records._fields[name], "write")

    def _check_facility(self, record):
        """Refuse a record of another facility, independent of record rules."""
        if "company_id" not in record._fields:
            return
        company = record.sudo().company_id  # sudo: compared, but not shown
        if company and company not in self._own_facilities():
            raise BusinessError(
                self.env._("The record belongs to another facility."),
                code="not_this_facility",
                error_class="ownership",
            )

    def _differs(self, record, name, value):
        field = record._fields[name]
        cached = field.convert_to_cache(value, record)
        stated = field.convert_to_record(cached, record)
        return (stated or False) != (record[name] or False)

    def _note(self, record, message, decisions):
        """Report the outcome of each field of ``decisions`` (``{name: Decision}``).

        Called after the record was written. An override calls super and may store more.
        """
        decisions = {n: item for n, item in decisions.items() if n != "company_id"}
        message._note_fields(field_report.entries(record._name, record.id, decisions))

    def _refusals(self):
        return _Refusals(self.env)

    # === SEARCHABLE === #

    def _inbound_keys(self, envelope):
        """Return the identifier of the record: the searchable key and the ordering
        key."""
        identifier = self._matched_identifier(envelope)
        key = order_key.of_identifier(identifier)
        if not key:
            return super()._inbound_keys(envelope)
        return identifier["value"], envelope.ordering_key or key

    def _matched_identifier(self, envelope):
        """Return the identifier by which the record will be found, as ``{"system",
        "value"}``, empty if the message has none."""
        return {}


def _decimals_of(currency):
    """Return the digits of an amount, ``None`` (all digits) without a currency."""
    return currency.decimal_places if currency else None


class _Refusals:
    """Turns database errors about values into business errors, which are not
    retried."""

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
                    "The values of this message violate a uniqueness rule or another "
                    "constraint of the database (%s).",
                    exc.diag.constraint_name or exc.diag.column_name or "?",
                ),
                code="refused_by_odoo",
            ) from None
        return result
