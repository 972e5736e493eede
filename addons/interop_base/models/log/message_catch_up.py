"""Catch-up: a receiver fetches the messages that it missed, with their sent bytes."""

from ...exceptions import HandledError
from ...tools import stream_cursor
from ..engine.engine_types import CatchUpItem, CatchUpPage

MAX_ITEMS = 500
MAX_BYTES = 8 * 1024 * 1024  # of one page; a larger message is alone on its page
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
    """Build pages of sent messages. The route decides which interfaces a receiver reads.

    The engine assigns numbers under a lock and holds it until the commit. A transaction
    that sees a number sees all smaller numbers, so a cursor never skips a late commit.

    :param env: environment of the caller
    """

    def __init__(self, env):
        self.env = env

    def page(self, interfaces, cursor=None, limit=100):
        """Return the next page of the messages of ``interfaces`` after ``cursor``.

        The messages of an interface come in the order of epoch and sequence. Gaps exist
        only before the first message, where retention deleted messages. Failed messages
        are included, because the receiver missed them.

        :param interfaces: outbound interfaces of the system of the receiver
        :param str cursor: cursor of an earlier page, ``None`` for the beginning
        :param int limit: maximum number of messages, limited to ``MAX_ITEMS``
        :returns: ``engine_types.CatchUpPage``
        :raises CursorError: the cursor is invalid
        :raises GuardError: messages may not leave this database, or not to this system
        :raises ValueError: interfaces of several systems, or inbound ones
        """
        # sudo: the caller has checked the right to these interfaces
        interfaces_sudo = interfaces.sudo()
        if len(interfaces_sudo.system_id) > 1:
            raise ValueError("The interfaces belong to several systems.")
        if any(interface.direction != "out" for interface in interfaces_sudo):
            raise ValueError("Catch-up needs outbound interfaces.")
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
        """Return the rows of one page, up to ``MAX_BYTES`` and without stopped facilities.

        A message of a stopped facility ends the rows of its interface. The cursor would
        skip it otherwise.
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
        """Return ``{interface code: (epoch, last assigned number)}``."""
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
