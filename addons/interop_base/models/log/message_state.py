"""Columns of a message that its row of the queue knows better while it is open."""

from odoo import fields
from odoo.tools import SQL

from ... import const

# States that one index of few rows finds.
_WITHDRAWN = set(const.WITHDRAWN_STATES)
_LEASED = """EXISTS (SELECT FROM interop_queue q
                      WHERE q.id = {} AND q.lease_token IS NOT NULL)"""
# The same state for statements of our own, of message ``m``.
STATE = f"""(CASE WHEN m.state <> 'pending' THEN m.state
                  WHEN {_LEASED.format("m.id")} THEN 'processing' ELSE m.state END)"""


class MessageState(fields.Selection):
    """A stored state that reads as ``processing`` while the message has a lease.

    The log row of a message does not change when it is claimed. What is open is looked up
    in the queue, which is small: no index of the log names the state.
    """

    def to_sql(self, model, alias):
        """Return the SQL of the state."""
        state = super().to_sql(model, alias)
        return SQL(
            "(CASE WHEN %(state)s <> 'pending' THEN %(state)s"
            f" WHEN {_LEASED.format('%(id)s')} THEN 'processing' ELSE %(state)s END)",
            state=state,
            id=SQL.identifier(alias, "id"),
        )

    def _condition_to_sql(self, field_expr, operator, value, model, alias, query):
        if operator not in ("in", "not in"):
            return super()._condition_to_sql(
                field_expr, operator, value, model, alias, query
            )
        known = {state for state, _label in const.MESSAGE_STATES}
        wanted = known & set(value)
        if operator == "not in":
            wanted = known - wanted
        state = super().to_sql(model, alias)
        message_id = SQL.identifier(alias, "id")
        parts = [SQL("FALSE")]
        if wanted & _WITHDRAWN:
            parts.append(
                SQL(
                    "(%s AND %s IN %s)",
                    SQL.identifier(alias, "is_withdrawn"),
                    state,
                    tuple(sorted(wanted & _WITHDRAWN)),
                )
            )
        if "done" in wanted:
            parts.append(SQL("%s = 'done'", state))
        if wanted & set(const.OPEN_STATES):
            parts.append(
                SQL(
                    "%s IN (SELECT q.id FROM interop_queue q WHERE %s)",
                    message_id,
                    _queued(wanted),
                )
            )
        return SQL("(%s)", SQL(" OR ").join(parts[1:] or parts))


def _queued(wanted):
    """Return the condition of a row ``q`` of the queue that is in a wanted state."""
    parts = []
    failed = tuple(sorted(wanted & set(const.FAILED_STATES)))
    if failed:
        parts.append(SQL("q.state IN %s", failed))
    if {"pending", "processing"} <= wanted:
        parts.append(SQL("q.state = 'pending'"))
    elif "pending" in wanted:
        parts.append(SQL("(q.state = 'pending' AND q.lease_token IS NULL)"))
    elif "processing" in wanted:
        parts.append(SQL("q.lease_token IS NOT NULL"))
    return SQL("(%s)", SQL(" OR ").join(parts))


class MessageClaims(fields.Integer):
    """A number that the queue counts; the log row has it once the message left."""

    def to_sql(self, model, alias):
        """Return the SQL of the number."""
        return SQL(
            "COALESCE((SELECT q.%(name)s FROM interop_queue q WHERE q.id = %(id)s),"
            " %(own)s)",
            name=SQL.identifier(self.name),
            id=SQL.identifier(alias, "id"),
            own=super().to_sql(model, alias),
        )
