"""The no-code handler: builds messages from mapping lines."""

from odoo import models

from ..exceptions import BusinessError, ConfigurationError
from ..tools import value_format
from ..tools.errors import InteropError
from .interop_mapping_line import VALUE_KINDS


class InteropHandlerMapping(models.AbstractModel):
    """Builds ``data`` from the mapping lines of an interface; only mapped fields leave.

    Lines are compiled once for all records of a batch: what a kind of line has to look
    up, it looks up once. Addons add kinds with a method ``_reader_<kind>``.
    """

    _name = "interop.handler.mapping"
    _description = "Mapping Handler"
    _inherit = "interop.handler"

    def _builder(self, mapping, records):
        """Return ``build(record) -> data`` for the ``records`` of one batch.

        What is wrong with the mapping is raised by ``build``, never here.

        :raises BusinessError: (by ``build``) when a required line has no value
        :raises ConfigurationError: (by ``build``) when there is no mapping
        """
        compiled = []

        def build(record):
            if not compiled:
                compiled.append(self._compile_mapping(mapping, records))
            return compiled[0](record)

        return build

    def _compile_mapping(self, mapping, records):
        if not mapping.line_ids:
            raise ConfigurationError(
                self.env._("The interface has no mapping lines for this contract.")
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
        """Return the name: computing a display name would cost more than the message."""
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
                    "“%(path)s”: the field “%(field)s” is gone.",
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
        """Return ``write(record, value) -> JSON value`` for a field that has a value."""
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
            decimals = digits[1] if digits else None  # 0: as exact as it is
        return lambda record, value: write(value, decimals)

    def _timezone(self, line):
        """Return the time zone of the facility that the message belongs to.

        :raises ConfigurationError: the line needs one, and the facility has none
        """
        zone = self.env.company.partner_id.tz
        if not zone and line._needs_timezone():
            raise ConfigurationError(
                self.env._(
                    "“%(path)s” is a day or time at the facility, and %(facility)s has no "
                    "time zone. Set the time zone of its contact.",
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
                        "“%(path)s”: the value map “%(map)s” does not cover this "
                        "value.",
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
            self.env._("“%s” is required and has no value.", path),
            code="missing_value",
            error_class="schema",
            pointer="/" + path.replace(".", "/"),
        )


def _decimals_of(currency):
    """Return the digits of an amount, None (exact) when the record has no currency."""
    return currency.decimal_places if currency else None
