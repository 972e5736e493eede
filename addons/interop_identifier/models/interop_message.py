"""Messages that wait for a steward, and what they wait for."""

from odoo import api, fields, models

from ..tools import question


class InteropMessage(models.Model):
    """A parked message belongs to a case, and goes on when that is decided."""

    _inherit = "interop.message"

    identity_case_id = fields.Many2one(
        "interop.identity.case",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="What a steward has to decide, or decided, before it could be applied.",
    )

    identity_about = fields.Char(
        "Who It May Be",
        compute="_compute_identity_about",
        help="The records that its identifiers point to, or the name that is not known.",
    )

    _identity_waiting_idx = models.Index(
        "(identity_case_id, id) WHERE identity_case_id IS NOT NULL AND state = 'parked'"
    )

    @api.depends("identity_case_id")
    @api.depends_context("uid")
    def _compute_identity_about(self):
        for message in self:
            case = message.sudo().identity_case_id.sudo(False)  # sudo: the id only
            message.identity_about = case.has_access("read") and case.about

    @api.depends("identity_case_id.user_id", "identity_case_id.decision")
    def _compute_next_step(self):
        done = super()._compute_next_step()
        for message in self:
            # sudo: every reader of the message is told which steward decides
            case_sudo = message.sudo().identity_case_id
            if case_sudo and message.state == "parked":
                message.next_step = message._step_of_steward(case_sudo.user_id.name)
            elif message.state == "dead" and case_sudo.decision == "rejected":
                message.next_step = self.env._(
                    "A steward rejected it for this reason. Have the sender correct it "
                    "and send it under a new id, then cancel this one."
                )
        return done

    def _step_of_steward(self, name):
        """Return what comes next while a steward decides; ``name`` may be empty."""
        if not name:
            return self.env._(
                "A steward decides the identity case; the message then goes on by itself."
            )
        return self.env._(
            "The steward %s decides the identity case; the message then goes on by "
            "itself.",
            name,
        )

    def _note_refusal(self, error):
        """Put the question into the steward's queue."""
        super()._note_refusal(error)
        if self.state != "parked":
            return
        kind = "conflict" if error.error_class == "conflict" else "identifier"
        asked = error.question or question.unspecified(kind, self.id)
        # sudo: the log and the queue are written by the engine
        message_sudo = self.sudo()
        message_sudo.identity_case_id = message_sudo.env["interop.identity.case"]._open(
            asked, message_sudo
        )

    def _after_move(self, state):
        """Settle the open cases for which no message waits any more."""
        super()._after_move(state)
        if state in ("pending", "processing", "parked"):
            return
        self.env.cr.execute(
            """SELECT DISTINCT identity_case_id FROM interop_message
                WHERE id = ANY(%s) AND identity_case_id IS NOT NULL""",
            [self.ids],
        )
        ids = [case_id for (case_id,) in self.env.cr.fetchall()]
        # sudo: the queue is the engine's, whatever ends the message
        self.env["interop.identity.case"].sudo().browse(ids)._settle_idle()

    def action_view_identity_case(self):
        """Open what a steward has to decide."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "interop.identity.case",
            "res_id": self.identity_case_id.id,
            "view_mode": "form",
        }
