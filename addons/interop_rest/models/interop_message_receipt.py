"""What receivers say about messages that we delivered."""

from odoo import fields, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.const import LEFT_LANE
from odoo.addons.interop_base.models.log.interop_message_transition import (
    _CLEARED,
    _NO_LEASE,
)
from odoo.addons.interop_base.tools import statement

from .. import const


class InteropMessage(models.Model):
    """Acknowledgements after delivery."""

    _inherit = "interop.message"

    receipt_status = fields.Selection(
        const.RECEIPTS,
        "Acknowledged",
        readonly=True,
        copy=False,
        help="What the receiver said about the message after it was delivered. Not "
        "every receiver says anything.",
    )
    receipt_at = fields.Datetime("Acknowledged On", readonly=True, copy=False)
    receipt_message_id = fields.Many2one(
        "interop.message",
        "Acknowledged By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )

    _receipt_idx = models.Index("(receipt_status, id) WHERE receipt_status IS NOT NULL")

    def _receipt_values(self, ack, status):
        return {
            "receipt_status": status,
            "receipt_at": ack.occurred_at or clock.now(),
            "receipt_message_id": ack.id,
        }

    def _receipt_statement(self):
        """Return the latest acknowledgement as a statement (``tools.statement``), empty
        without one."""
        self.ensure_one()
        if self.receipt_message_id:
            return self.receipt_message_id._statement()
        at = self.receipt_at  # retention has removed the message that brought it
        return statement.build(at, at) if at else ""

    def _set_receipt_accepted(self, ack):
        """The receiver has it and took it: nothing is left to do, whatever we thought.

        :param ack: ``interop.message`` that brought the acknowledgement
        """
        self.ensure_one()
        self._transition(self._receipt_values(ack, "accepted"))
        if self.state == "done":
            return self
        return self._set_state(
            "done",
            ("pending", "dead", "parked"),
            **_CLEARED,
            **_NO_LEASE,
            done_at=clock.now(),
            next_attempt_at=False,
        )

    def _set_receipt_rejected(self, ack, status, text):
        """The receiver refuses what it was given: a failure that has an owner.

        It has arrived in its turn, so that nothing waits for it: it leaves its lane,
        until somebody sends it again.

        :param str status: ``business_rejected`` or ``technical_error``
        :param str text: codes and places, no content
        """
        self.ensure_one()
        error_class = {
            "business_rejected": "business_rule",
            "technical_error": "http_5xx",
        }[status]
        self._transition(
            {
                **self._receipt_values(ack, status),
                **self._failure_values(error_class, f"receipt_{status}", text),
                "state": "dead",
                "lane": LEFT_LANE + self._own_lane(),
                "done_at": False,
                "next_attempt_at": False,
            }
        )
        self.env["interop.pump"]._arm_after_commit()
        return self
