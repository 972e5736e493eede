"""Link parked messages to the identity case that they wait for."""

from odoo import api, fields, models

from ..tools import question


class InteropMessage(models.Model):
    """Adds the identity case. The message continues when the case is decided."""

    _inherit = "interop.message"

    identity_case_id = fields.Many2one(
        "interop.identity.case",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The case that a steward has to decide, or decided, before the "
        "message could be applied.",
    )

    identity_about = fields.Char(
        "Possible Records",
        compute="_compute_identity_about",
        help="The records that have its identifiers, or the unknown name or number.",
    )

    # Few rows. It does not name the state, which changes when a message is delivered.
    _identity_waiting_idx = models.Index(
        "(identity_case_id, id) WHERE identity_case_id IS NOT NULL"
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
            # sudo: every reader of the message sees which steward decides
            case_sudo = message.sudo().identity_case_id
            if case_sudo and message.state == "parked":
                message.next_step = message._step_of_steward(case_sudo.user_id.name)
            elif message.state == "dead" and case_sudo.decision == "rejected":
                message.next_step = self.env._(
                    "A steward rejected this message for the reason shown. Ask the "
                    "sender to correct it and to send it with a new id. Then cancel "
                    "this message."
                )
        return done

    def _step_of_steward(self, name):
        """Return the next step while a steward decides; ``name`` may be empty."""
        if not name:
            return self.env._(
                "A steward decides the identity case. The message then continues "
                "automatically."
            )
        return self.env._(
            "Steward %s decides the identity case. The message then continues "
            "automatically.",
            name,
        )

    def _note_refusal(self, error):
        """Open an identity case for the question."""
        super()._note_refusal(error)
        if self.state != "parked":
            return
        kind = "conflict" if error.error_class == "conflict" else "identifier"
        asked = error.question or question.unspecified(kind, self.id)
        # sudo: only the engine writes the log and cases
        message_sudo = self.sudo()
        message_sudo.identity_case_id = message_sudo.env["interop.identity.case"]._open(
            asked, message_sudo
        )

    def _after_move(self, state):
        """Close the open cases without waiting messages."""
        super()._after_move(state)
        if state in ("pending", "processing", "parked"):
            return
        self.env.cr.execute(
            """SELECT DISTINCT identity_case_id FROM interop_message
                WHERE id = ANY(%s) AND identity_case_id IS NOT NULL""",
            [self.ids],
        )
        ids = [case_id for (case_id,) in self.env.cr.fetchall()]
        # sudo: the engine closes cases, whichever user ended the message
        self.env["interop.identity.case"].sudo().browse(ids)._close_without_messages()

    def action_view_identity_case(self):
        """Open the identity case of this message."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "interop.identity.case",
            "res_id": self.identity_case_id.id,
            "view_mode": "form",
        }
