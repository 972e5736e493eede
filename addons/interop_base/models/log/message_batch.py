"""Moves of many messages by their ids, up to a hundred thousand."""

from odoo.tools import SQL

from ..engine.superseded import Superseded
from . import message_moves as moves


class MessageBatch:
    """Move sets of messages for replays and buttons.

    Callers decide which messages may move, and hold no older snapshot of them. A message
    that cannot move any more stays as it is.

    :param env: environment of the engine
    """

    def __init__(self, env):
        self.env = env
        self.messages = env["interop.message"]

    def send_again(self, ids, pause=0.0):
        """Send delivered or failed messages again, with the same ids and bytes.

        The timeline stays. If a newer message about the same record replaces a message, a
        failed message is skipped and a delivered message stays delivered.

        :param ids: message ids, in the order in which they become due
        :param float pause: seconds between two messages
        :returns: ``(ids that moved, {reason: ids that did not move})``
        """
        refused = {}
        aside = self.set_old_aside(ids, refused)
        source = SQL(
            """SELECT id, %s + make_interval(secs => (number - 1) * %s) AS due_at
                 FROM unnest(%s::int[]) WITH ORDINALITY AS due(id, number)""",
            moves.NOW,
            pause,
            [message_id for message_id in ids if message_id not in aside],
        )
        return self.messages._move(moves.REPLAYED, source=source).ids, refused

    def close(self, ids, reason):
        """Close failed messages for a reason. Return the ids that moved.

        The messages that they held back continue immediately.
        """
        failed = self.messages.browse(ids)
        return failed._move(moves.CLOSED, {"error_message": reason}).ids

    def set_old_aside(self, ids, refused=None):
        """Keep old content from being sent after newer content.

        A failed message is skipped and linked to the newer message about the same record
        that replaces it. It stays as it is if the newer message is captured and not built
        yet, because no message exists to link to.

        :param ids: message ids that are about to be sent or built again
        :param dict refused: takes the ids by reason, ``superseded`` or ``building``
        :returns: set of the ids that must not be sent
        """
        refused = {} if refused is None else refused
        self.env.flush_all()
        search = Superseded(self.env)
        newer = search.newer(ids)
        self._skip_superseded(newer)
        building = search.building([item for item in ids if item not in newer])
        for reason, found in (("superseded", newer), ("building", building)):
            if found:
                refused.setdefault(reason, []).extend(sorted(found))
        return building | newer.keys()

    def _skip_superseded(self, newer):
        """Skip failed messages that newer messages replace. The messages that they held
        back continue immediately.

        :param dict newer: ``{message id: id of the message that replaces it}``
        """
        if not newer:
            return
        text = self.env._(
            "Skipped. The newer message %s about the same record replaces it.",
            "{newer}",
        )
        source = SQL(
            """SELECT v.id, n.id AS newer_id,
                      replace(%s, '{newer}', n.external_id) AS reason
                 FROM unnest(%s::int[], %s::int[]) AS v(id, newer_id)
                 JOIN interop_message n ON n.id = v.newer_id""",
            text,
            list(newer),
            list(newer.values()),
        )
        values = {
            "superseded_by_id": SQL("v.newer_id"),
            "error_message": SQL("v.reason"),
        }
        self.messages._move(moves.SUPERSEDED, values, source=source)
