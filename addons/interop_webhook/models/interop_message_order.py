"""What waits for what on ordered lanes."""

from odoo import fields, models
from odoo.tools import SQL

# As the claim sees it: whatever is still open comes first.
_OPEN = SQL("('pending', 'processing', 'dead', 'parked')")
MAX_BLOCKING = 20


class InteropMessage(models.Model):
    """Says which message holds this one back, and which ones this one holds back."""

    _inherit = "interop.message"

    blocked_by_id = fields.Many2one("interop.message", compute="_compute_blocked")
    blocked_since = fields.Datetime(compute="_compute_blocked")
    blocked_reason = fields.Char("Why That One Waits", compute="_compute_blocked")
    blocking_count = fields.Integer("Holds Back", compute="_compute_blocking")
    blocking_since = fields.Datetime("Holds Back Since", compute="_compute_blocking")

    def _ordering(self):
        """Return the ordering that holds for this message."""
        self.ensure_one()
        if self.test or (self.direction == "out" and not self.endpoint_id):
            return "none"
        ordering = "key" if self.direction == "in" else self.endpoint_id.ordering
        return "none" if ordering == "key" and not self.ordering_key else ordering

    def _same_order(self, alias):
        """Return SQL: the rows of ``alias`` are in one order with this message."""
        lane = SQL("%s.lane = %s", SQL.identifier(alias), self.lane)
        if self._ordering() == "strict":
            return lane
        key = SQL.identifier(alias, "ordering_key")
        return SQL("%s AND %s = %s", lane, key, self.ordering_key)

    def _compute_blocked(self):
        self.blocked_by_id = self.blocked_since = self.blocked_reason = False
        for message in self.filtered(
            lambda item: item.state == "pending" and item._ordering() != "none"
        ):
            self.env.cr.execute(
                SQL(
                    "SELECT min(e.id) FROM interop_message e"
                    " WHERE %s AND e.id < %s AND e.state IN %s",
                    message._same_order("e"),
                    message.id,
                    _OPEN,
                )
            )
            first = self.browse(self.env.cr.fetchone()[0] or ())
            if first:
                # Who may not read the first one still learns since when this one waits.
                message.blocked_by_id = first._filtered_access("read")
                message.blocked_since = message.create_date
                message.blocked_reason = message.blocked_by_id.waiting_reason

    def _compute_blocking(self):
        self.blocking_count = 0
        self.blocking_since = False
        for message in self.filtered(
            lambda item: (
                item.state in ("pending", "processing", "dead", "parked")
                and item._ordering() != "none"
            )
        ):
            self.env.cr.execute(
                SQL(
                    "SELECT count(*), min(l.create_date) FROM interop_message l"
                    " WHERE %s AND l.id > %s AND l.state = 'pending'",
                    message._same_order("l"),
                    message.id,
                )
            )
            count, since = self.env.cr.fetchone()
            message.blocking_count = count
            message.blocking_since = since


class InteropEndpoint(models.Model):
    """Lists what holds others back."""

    _inherit = "interop.endpoint"

    blocking_message_ids = fields.Many2many(
        "interop.message", string="Holding Others Back", compute="_compute_blocking"
    )

    def _compute_blocking(self):
        """Show the first message of each order that failed, or whose interface or
        facility rests, and that has others behind it.

        A system that was stopped rests with all its endpoints: nobody waits there for
        somebody else.
        """
        self.blocking_message_ids = False
        for endpoint in self.filtered(lambda item: item.ordering != "none"):
            keyed = endpoint.ordering == "key"
            self.env.cr.execute(
                SQL(
                    """SELECT head.id
                         FROM (SELECT min(id) AS id, count(*) AS size
                                 FROM interop_message
                                WHERE lane = %s AND state IN %s %s) head
                         JOIN interop_message m ON m.id = head.id
                         JOIN interop_interface i ON i.id = m.interface_id
                    LEFT JOIN res_company c ON c.id = m.company_id
                        WHERE head.size > 1
                          AND (m.state IN ('dead', 'parked') OR m.attempt_count > 0
                               OR i.state <> 'active'
                               OR i.interop_stopped_at IS NOT NULL
                               OR c.interop_stopped_at IS NOT NULL)
                     ORDER BY head.size DESC, head.id LIMIT %s""",
                    endpoint._lane(),
                    _OPEN,
                    SQL("AND ordering_key IS NOT NULL GROUP BY ordering_key")
                    if keyed
                    else SQL(),
                    MAX_BLOCKING,
                )
            )
            found = self.env["interop.message"].browse(
                [message_id for (message_id,) in self.env.cr.fetchall()]
            )
            endpoint.blocking_message_ids = found._filtered_access("read")
