"""Identifiers of records in the form in which messages carry them."""

from odoo.fields import Domain

from .. import const


class IdentifierWire:
    """Reads the identifiers of records that one facility may send.

    :param identifiers: ``interop.identifier`` without records, in the environment whose
        access rights count
    :param company: the facility that sends; identifiers in namespaces of another
        facility are left out
    """

    def __init__(self, identifiers, company):
        self.identifiers = identifiers
        self.company = company

    def of_many(self, records):
        """Return ``{record id: active identifiers}`` in one query."""
        rows = self.identifiers.search(
            self._domain(records) & Domain("state", "=", "active"),
            order="namespace_id, id",
        )
        result = {record_id: [] for record_id in records.ids}
        for row in rows:
            result[row.res_id].append(self._one(row))
        return result

    def at(self, record, at):
        """Return the identifiers that ``record`` had at a moment (naive UTC).

        Identifiers of records that were merged into it count until the merge.
        """
        rows = self.identifiers.search(
            self._domain(record) & Domain("state", "!=", "entered_in_error"),
            order="namespace_id, id",
        )
        return [
            self._one(row)
            for row in rows
            if was_good(row, at)
            and (row.state != "merged" or (row.state_at and row.state_at > at))
        ]

    def values_in(self, namespace, records):
        """Return ``{record id: value}``: the active identifier of each in
        ``namespace``.

        If a record has several, the oldest counts.
        """
        if namespace.company_id and namespace.company_id not in self.company.parent_ids:
            return {}
        found = self.identifiers.search(
            [
                ("namespace_id", "=", namespace.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "=", "active"),
            ],
            order="id desc",
        )
        return {identifier.res_id: identifier.value for identifier in found}

    def _domain(self, records):
        return (
            Domain("res_model", "=", records._name)
            & Domain("res_id", "in", records.ids)
            & (
                Domain("company_id", "=", False)
                | Domain("company_id", "parent_of", self.company.id)
            )
        )

    def _one(self, row):
        """Return one identifier in the form of FHIR."""
        wire = {
            "system": row.namespace_id.uri,
            "value": row.value,
            "type": row.namespace_id.type_code,
        }
        if row.use:
            wire["use"] = row.use
        return wire


def was_good(row, at):
    """Return whether an identifier was valid at a moment (naive UTC).

    An alias counts for any moment. An identifier without a start counts from the
    beginning, because senders rarely state when they assigned a number. A retired one
    counts until its end.
    """
    row.ensure_one()
    if row.state in ("entered_in_error", const.HELD):
        return False
    if (row.period_start or at) > at:
        return False
    return row.period_end > at if row.period_end else row.state != "retired"
