"""What waits for what on ordered lanes."""

from odoo import fields, models
from odoo.tools import SQL

# As the claim sees it: whatever is still open comes first.
_OPEN = SQL("('pending', 'processing', 'dead', 'parked')")
MAX_BLOCKING = 20


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
