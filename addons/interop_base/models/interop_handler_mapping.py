"""The no-code handler: builds messages from mapping lines."""

from datetime import date, datetime

from odoo import models

from .. import clock
from ..exceptions import BusinessError, ConfigurationError


class InteropHandlerMapping(models.AbstractModel):
    """Builds ``data`` from the mapping lines of an interface; only mapped fields leave."""

    _name = "interop.handler.mapping"
    _description = "Mapping Handler"
    _inherit = "interop.handler"

    def _build_with(self, mapping, record):
        """Return ``data`` for ``record`` by the lines of ``mapping``.

        :raises BusinessError: when a required line has no value
        """
        return self._build_lines(mapping.line_ids, record)

    def _build_lines(self, lines, record):
        data = {}
        for line in lines:
            value = self._line_value(line, record)
            if value in (None, ""):
                if line.required:
                    raise BusinessError(
                        self.env._("“%s” is required and has no value.", line.path),
                        code="missing_value",
                        error_class="schema",
                        pointer="/" + line.path.replace(".", "/"),
                    )
                continue
            self._put(data, line.path, value)
        return data

    def _line_value(self, line, record):
        if line.kind == "constant":
            return line.constant
        if line.kind == "list":
            return [
                self._build_lines(line.child_ids, item)
                for item in record.mapped(line.field_path)
            ]
        names = line.field_path.split(".")
        for name in names[:-1]:
            record = record[name]
        if not record:
            return None
        value = self._to_json(record, record._fields[names[-1]])
        if line.value_map_id and value is not None:
            mapped = line.value_map_id._to_external(str(value))
            if mapped is None:
                raise BusinessError(
                    self.env._(
                        "“%(path)s”: the value map “%(map)s” does not cover this value.",
                        path=line.path,
                        map=line.value_map_id.name,
                    ),
                    code="value_map",
                    error_class="schema",
                    pointer="/" + line.path.replace(".", "/"),
                )
            value = mapped
        return value

    def _to_json(self, record, field):
        """Return the field value as JSON type; money and floats as decimal text."""
        value = record[field.name]
        if field.type == "boolean":
            return bool(value)
        if field.type in ("float", "monetary"):
            digits = 2
            if field.type == "monetary":
                digits = record[field.get_currency_field(record)].decimal_places
            elif field.get_digits(self.env):
                digits = field.get_digits(self.env)[1]
            return f"{value:.{digits}f}"
        if field.type == "integer":
            return value
        if value is False or value is None:
            return None
        if isinstance(value, datetime):
            return clock.isoformat(value)
        if isinstance(value, date):
            return value.isoformat()
        if field.relational:
            return value.display_name or None
        return str(value)

    def _put(self, data, path, value):
        *parents, leaf = path.split(".")
        for name in parents:
            data = data.setdefault(name, {})
            if not isinstance(data, dict):
                raise ConfigurationError(
                    self.env._("Mapping path “%s” passes through a value.", path)
                )
        data[leaf] = value
