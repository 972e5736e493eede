"""Catch-up: a receiver fetches what it missed, as it was sent."""

from ...exceptions import HandledError
from ...tools import stream_cursor
from ..engine.engine_types import CatchUpItem, CatchUpPage

MAX_ITEMS = 500
MAX_BYTES = 8 * 1024 * 1024  # of one page; one larger message makes a page of its own
WITHDRAWN = ("cancelled", "skipped")

_PAGE = """
SELECT m.id, m.external_id, m.interface_id, m.epoch, m.sequence, m.state,
       m.payload_id, COALESCE(m.size, 0) AS size, m.company_id
  FROM unnest(%s::int[], %s::int[], %s::int[]) AS at(interface_id, epoch, sequence)
 CROSS JOIN LATERAL (
       SELECT * FROM interop_message one
        WHERE one.direction = 'out' AND one.sequence > 0
          AND one.interface_id = at.interface_id
          AND (one.epoch, one.sequence) > (at.epoch, at.sequence)
     ORDER BY one.epoch, one.sequence
        LIMIT %s) m
 ORDER BY m.id
 LIMIT %s
"""


class CatchUp:
    """Pages of what a receiver was sent; the route decides which interfaces it may ask for.

    Numbers are given out under one lock that is held until they are committed: whoever
    sees a number sees every smaller one, therefore a cursor never skips a late commit.

    :param env: environment of the caller
    """

    def __init__(self, env):
        self.env = env

    def page(self, interfaces, cursor=None, limit=100):
        """Return the next page of what ``interfaces`` sent after ``cursor``.

        Per interface in the order of epoch and sequence, without holes but those that
        retention made before the first one. A failed message is part of it, too: it is
        what the receiver missed.

        :param interfaces: outbound interfaces of one system, the receiver's own
        :param str cursor: of an earlier page, ``None`` for the beginning
        :param int limit: messages at most; more than ``MAX_ITEMS`` is cut down
        :returns: ``engine_types.CatchUpPage``
        :raises CursorError: the cursor is not one of ours
        :raises GuardError: nothing may leave this database, or not to this system
        :raises ValueError: interfaces of several systems, or inbound ones
        """
        # sudo: the caller answers for the interfaces, whatever its user may read
        interfaces_sudo = interfaces.sudo()
        if len(interfaces_sudo.system_id) > 1:
            raise ValueError("A receiver is one system.")
        if any(interface.direction != "out" for interface in interfaces_sudo):
            raise ValueError("Only what was sent can be caught up with.")
        known = set(interfaces_sudo.mapped("code"))
        positions = {
            code: at
            for code, at in stream_cursor.decode(cursor).items()
            if code in known
        }
        if not interfaces_sudo:
            return CatchUpPage([], stream_cursor.encode({}), False, {}, [])
        self.env["interop.guard"]._check_system(interfaces_sudo.system_id)
        stopped = self.env["interop.guard"]._stopped_companies()
        moving = interfaces_sudo.filtered(lambda item: item._may_catch_up(stopped))
        limit = max(1, min(limit, MAX_ITEMS))
        rows = self._rows(moving, positions, limit)
        kept = self._cut(rows, stopped)
        codes = {interface.id: interface.code for interface in moving}
        for row in kept:
            positions[codes[row["interface_id"]]] = (row["epoch"], row["sequence"])
        return CatchUpPage(
            self._items(kept, codes),
            stream_cursor.encode(positions),
            bool(kept) and (len(kept) < len(rows) or len(rows) == limit),
            self._heads(interfaces_sudo),
            sorted((interfaces_sudo - moving).mapped("code")),
        )

    def _rows(self, moving, positions, limit):
        """Return the columns of up to ``limit`` messages after ``positions``."""
        after = [positions.get(interface.code, (0, 0)) for interface in moving]
        self.env.flush_all()
        self.env.cr.execute(
            _PAGE,
            [
                moving.ids,
                [epoch for epoch, _sequence in after],
                [sequence for _epoch, sequence in after],
                limit,
                limit,
            ],
        )
        return self.env.cr.dictfetchall()

    def _cut(self, rows, stopped):
        """Return the rows of one page: not too many bytes, nothing of a stopped facility.

        What such a message keeps back is everything after it: skipping it would lose it.
        """
        kept, size, held = [], 0, set()
        for row in rows:
            if row["company_id"] in stopped.ids:
                held.add(row["interface_id"])
            if row["interface_id"] in held:
                continue
            size += row["size"]
            if kept and size > MAX_BYTES:
                break
            kept.append(row)
        return kept

    def _items(self, rows, codes):
        sendable = [row for row in rows if row["state"] not in WITHDRAWN]
        # sudo: columns of the content are closed to every group
        payloads_sudo = self.env["interop.payload"].sudo()
        contents = payloads_sudo.browse(
            [row["payload_id"] for row in sendable if row["payload_id"]]
        )._read_many(tolerant=True)
        items = []
        for row in rows:
            body, reason = contents.get(row["payload_id"]), None
            if row["state"] in WITHDRAWN:
                body, reason = None, "withdrawn"
            elif isinstance(body, HandledError):
                body, reason = None, "unreadable"
            elif body is None:
                reason = "purged" if row["size"] else "not_rendered"
            items.append(
                CatchUpItem(
                    row["external_id"],
                    codes[row["interface_id"]],
                    row["epoch"],
                    row["sequence"],
                    body,
                    reason,
                )
            )
        return items

    def _heads(self, interfaces_sudo):
        """Return ``{interface code: (epoch, last number given out)}``."""
        self.env["interop.stream"].invalidate_model(flush=False)  # written by SQL
        streams_sudo = (
            self.env["interop.stream"]
            .sudo()
            .search(  # sudo: see page
                [("interface_id", "in", interfaces_sudo.ids)]
            )
        )
        return {
            stream.interface_id.code: (stream.epoch, stream.last_sequence)
            for stream in streams_sudo
        }
