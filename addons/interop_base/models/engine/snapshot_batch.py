"""Build the content of one batch of events for its interfaces."""

import json
from typing import NamedTuple

from ...exceptions import BusinessError, TechnicalError

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


class EventRow(NamedTuple):
    """The columns of ``interop_event`` that a snapshot needs."""

    id: int
    contract_id: int
    res_model: str
    res_id: int
    company_id: int | None
    interface_ids: list | None
    parent_id: int | None
    payload_id: int | None
    origin_system_id: int | None

    @classmethod
    def known(cls, **columns):
        """Return the row with these columns and without content, as inserted."""
        return cls(**{name: columns.get(name) for name in cls._fields})


class Snapshot(NamedTuple):
    """Result of one event: bytes or a ``HandledError`` for these interfaces."""

    row: EventRow
    interfaces: tuple
    content: object


class SnapshotBatch:
    """Events of one contract, object and facility, built once for all interfaces.

    :param events: ``interop.event`` of the engine (superuser, no context)
    :param contract: ``interop.contract``
    :param company: ``res.company``, empty for events without a facility
    :param list rows: ``EventRow``
    """

    def __init__(self, events, contract, company, rows):
        self.events = events
        self.contract = contract
        self.company = company
        self.rows = rows
        self.handler = contract._handler().with_company(company)
        self._alike = {}

    def covering(self):
        """Return the capturing interfaces of this facility (list)."""
        return [
            interface
            for interface in self.events._capturing_interfaces(self.contract)
            if self.company in interface.company_ids
        ]

    def snapshots(self, careful):
        """Return ``(list of Snapshot, ids of events without an interface)``.

        :param bool careful: build each record in a savepoint, after the whole batch has
            failed
        """
        model = self.handler.env[self.rows[0].res_model]
        records = model.browse(dict.fromkeys(row.res_id for row in self.rows))
        if careful:
            # A deleted record cannot be read, so the first attempt failed.
            records = records.exists()
        by_id = {record.id: record for record in records}
        matching = [
            (interface, self._matching_ids(interface, records))
            for interface in self.covering()
        ]
        build = self._builder(matching, records, careful)
        found, gone = [], []
        for row in self.rows:
            interfaces = self._interfaces(row, matching)
            if interfaces:
                content = build(by_id[row.res_id], interfaces)
                found.append(Snapshot(row, interfaces, content))
            elif row.parent_id or (row.interface_ids and row.res_id not in by_id):
                # A user requested the event, or it was held and its record was deleted.
                # Keep it as a failure with the reason.
                asked = self.events.env["interop.interface"].browse(row.interface_ids)
                found.append(Snapshot(row, tuple(asked), self._not_wanted()))
            else:
                gone.append(row.id)
        return found, gone

    def failures(self, error):
        """Return a ``Snapshot`` with ``error`` for each event and interface covered."""
        covering = self.covering()
        return [
            Snapshot(
                row,
                tuple(i for i in covering if self.events._is_meant_for(row, i)),
                error,
            )
            for row in self.rows
        ]

    def _matching_ids(self, interface, records):
        # Parsing an empty filter costs more than the rest of a small batch.
        plain = (interface.filter_domain or "[]") == "[]"
        domain = [] if plain else interface._filter()
        return set((records.filtered_domain(domain) if domain else records).ids)

    def _interfaces(self, row, matching):
        """Return the interfaces of this event; equal events share one tuple."""
        key = (
            row.parent_id,
            tuple(row.interface_ids or ()),
            row.origin_system_id,
            tuple(row.res_id in ids for _interface, ids in matching),
        )
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = tuple(
                interface
                for interface, ids in matching
                if row.res_id in ids and self.events._is_meant_for(row, interface)
            )
        return found

    def _builder(self, matching, records, careful):
        """Return ``build(record, interfaces) -> bytes or HandledError``."""
        handler = self.handler
        snapshot = handler._interface_builder(
            self.contract, [interface for interface, _ids in matching], records, careful
        )
        return lambda record, interfaces: handler._build_one(
            record, lambda item: _encoded(snapshot(item, interfaces)), careful
        )

    def _not_wanted(self):
        return BusinessError(
            self.events.env._(
                "The record was deleted, or it no longer matches the facilities and the "
                "filter of the interface. If this is intended, cancel the message."
            ),
            code="not_wanted",
        )


def _encoded(snapshot):
    """Return the snapshot as JSON bytes; the pump makes the final bytes."""
    try:
        return _encode(snapshot).encode()
    except (TypeError, ValueError) as error:
        # Only the type, because the text may hold content.
        kind = type(error).__name__
        raise TechnicalError(
            f"The content is not valid JSON ({kind}).", "build_failed"
        ) from None
