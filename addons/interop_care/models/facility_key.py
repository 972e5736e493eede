"""A column with the ids of all facilities that know a partner."""

from itertools import islice

from odoo import fields
from odoo.exceptions import MissingError
from odoo.tools import SQL
from odoo.tools.constants import PREFETCH_MAX


class FacilityKey(fields.Json):
    """Ids of companies as a PostgreSQL array, ``NULL`` for partners without facilities.

    A record rule over a million partners cannot query another table for each of them.
    An array in the partner's row is cheap to read and has statistics per element. A GIN
    index finds the few partners of a small facility.

    In a domain, ``in`` means: shares an id with the value, or is ``NULL`` and the value
    contains ``False``. (An empty array is not ``NULL``: no facility knows the partner.)
    """

    _column_type = ("_int4", "int4[]")

    def recompute(self, records):
        """Compute in batches, although a key may depend on the parent.

        The compute method handles parents first. Core would compute such fields record
        by record. Measured with 500 people and 500 contacts below them: one statement
        and 0.1 s instead of 1000 statements and 1.7 s.
        """
        if not self.recursive:
            return super().recompute(records)
        env = records.env
        try:
            for record in records:
                if env.is_to_compute(self, record):
                    pending = env.records_to_compute(self)._ids
                    # Saved records together, or the records of a form together.
                    alike = (item for item in pending if bool(item) == bool(record.id))
                    ids = {record.id, *islice(alike, PREFETCH_MAX)}
                    self.compute_value(record.browse(ids))
        except MissingError:  # a record of the batch was deleted meanwhile
            super().recompute(records)
        return None

    def convert_to_cache(self, value, record, validate=True):
        """Distinguish ``None`` from the empty list."""
        return None if value is None or value is False else sorted(value)

    def convert_to_column(self, value, record, values=None, validate=True):
        """Return a list, which psycopg2 writes as an array."""
        return self.convert_to_cache(value, record)

    def _condition_to_sql(self, field_expr, operator, value, model, alias, query):  # pylint: disable=too-many-arguments
        if operator not in ("in", "not in"):
            raise ValueError(
                f"A facility key does not support the operator {operator!r}"
            )
        column = model._field_to_sql(alias, field_expr, query)
        parts = [SQL("%s && %s::int4[]", column, [item for item in value if item])]
        if False in value or None in value:
            parts.append(SQL("%s IS NULL", column))
        found = SQL("(%s)", SQL(" OR ").join(parts))
        return found if operator == "in" else SQL("%s IS NOT TRUE", found)

    def filter_function(self, records, field_expr, operator, value):
        """Return the same condition in Python."""
        if operator != "in":
            raise ValueError(
                f"A facility key does not support the operator {operator!r}"
            )
        wanted = set(value)
        asked = False in wanted or None in wanted

        def matches(record):
            ids = record[field_expr]
            return asked if ids is False else not wanted.isdisjoint(ids)

        return matches
