"""States of identifiers, and who changed them: when, why, told by which message."""

from odoo import api, fields, models

from odoo.addons.interop_base import clock

from .. import const

# Kept by transitions only, as the state itself is, and where it came from.
HISTORY = {"state_at", "state_by_id", "state_reason", "state_message_id"}
ORIGIN = {"message_id", "stated_at", "stated"}


class InteropIdentifier(models.Model):
    """The last change is on the identifier; all of them are in the audit trail, those
    by merges in the journal of merges."""

    _inherit = "interop.identifier"

    state_at = fields.Datetime("Changed On", readonly=True, copy=False)
    state_by_id = fields.Many2one(
        "res.users",
        "Changed By",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Who retired it, brought it back, or said that it never was right.",
    )
    state_reason = fields.Char("Reason", readonly=True, copy=False)
    state_message_id = fields.Many2one(
        "interop.message",
        "Changed By Message",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The message that said so. Empty: a person decided.",
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | HISTORY | ORIGIN

    def _set_state(self, state, allowed, message=None, reason="", **vals):
        """Move as usual, and keep who did, when, why and which message said so."""
        if "period_end" in vals:
            vals.update(self._stated_values(message))
        return super()._set_state(
            state,
            allowed,
            state_at=clock.now().replace(microsecond=0),
            state_by_id=self.env.uid,
            state_reason=reason or False,
            state_message_id=(message and message.id) or False,
            **vals,
        )

    def _log_state(self, reason):
        """Leave the change of these in the audit trail."""
        if self:
            labels = dict(self._fields["state"]._description_selection(self.env))
            label = labels[self[0].state]
            self.env["interop.audit.event"]._log(
                "transition", self, f"{label}: {reason}" if reason else label
            )
        return self

    # ------------------------------------------------------------------
    # Transitions
    # ------------------------------------------------------------------
    def _set_retired(self, message=None, reason=""):
        """Close the identifiers: they are not looked up from now on, except as of
        then.

        :param message: ``interop.message`` that said so, if one did
        :param str reason: why, in words; safe to keep for ever
        """
        moved = self._set_ended({"active", "held"}, message=message, reason=reason)
        return moved._log_state(reason)

    def _set_ended(self, allowed, **vals):
        """Retire the identifiers, each with its own end; return those that moved."""
        now = clock.now()
        moved = self.browse()
        for end, rows in self.grouped(lambda row: row._end_at(now)).items():
            moved |= rows._set_state("retired", allowed, period_end=end, **vals)
        return moved

    def _end_at(self, now):
        """Return when a number that is retired ``now`` stopped being good: at the end
        that its sender stated, if that is past; never before it started."""
        if self.period_end and self.period_end < now:
            return self.period_end
        return max(now, self.period_start or now)

    def _set_merged(self, message=None, reason=""):
        """Turn the identifiers into aliases that still find their (surviving)
        record."""
        return self._set_state("merged", {"active"}, message=message, reason=reason)

    def _set_current(self, message=None, reason=""):
        """Make aliases the active numbers of their records again; one stays an alias
        where the record has another active number of its namespace."""
        self._hold_record()
        moved = self.browse()
        for row in self.filtered(lambda item: item.state == "merged"):
            record = self.env[row.res_model].browse(row.res_id)
            if row.single and row._active_of(record, row.namespace_id):
                continue
            moved |= row._set_state(
                "active", {"merged"}, message=message, reason=reason
            )
        return moved._log_state(reason)

    def _set_entered_in_error(self, message=None, reason=""):
        """Withdraw the identifiers: they never were right."""
        return self._set_state(
            "entered_in_error",
            {"active", "retired", "merged", "held"},
            message=message,
            reason=reason,
        )._log_state(reason)

    def _set_active(self, message=None, reason=""):
        """Bring retired or held identifiers back."""
        for identifier in self:
            identifier._check_no_placeholder()
        self._hold_record()
        return self._set_state(
            "active",
            {"retired", "held"},
            message=message,
            reason=reason,
            period_end=False,
        )._log_state(reason)

    def _set_held(self, reason=""):
        """Let messages that name these numbers wait: a steward has to decide."""
        return self._set_state(
            const.HELD, {"active", "merged"}, reason=reason, once=False
        )._log_state(reason)

    def _set_same_number(self, reason=""):
        """Retire identifiers that are another spelling of a number that their record
        has anyway."""
        moved = self._set_ended({"active", "merged", "held"}, reason=reason, once=False)
        return moved._log_state(reason)

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------
    def action_retire(self):
        """Button: ask why and retire."""
        return self._ask_reason("retired", self.env._("Retire"))

    def action_enter_in_error(self):
        """Button: ask why and mark as entered in error."""
        return self._ask_reason("entered_in_error", self.env._("Entered in Error"))

    def action_reactivate(self):
        """Button: ask why and bring back a retired identifier."""
        return self._ask_reason("active", self.env._("Reactivate"))

    def _ask_reason(self, state, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "interop.identifier.state.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_identifier_id": self.id, "default_state": state},
        }
