"""What an interface keeps to for as long as it lives."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from ... import const

# An archived interface captures nothing and moves nothing: only where that is so anyway.
ARCHIVABLE_STATES = ("draft", "approved", "retired")


class InteropInterface(models.Model):
    """Checks that hold in every state."""

    _inherit = "interop.interface"

    @api.constrains(
        "owner_id",
        "exception_user_id",
        "exception_team_id",
        "objective_seconds",
        "latency_tier",
        "retry_policy_id",
    )
    def _check_still_complete(self):
        """What activation asked for cannot be taken away from a flow that moves."""
        for interface in self.filtered(
            lambda item: item.state in const.CAPTURING_STATES
        ):
            missing = interface._missing_facts()
            if missing:
                raise ValidationError(
                    self.env._(
                        "“%(name)s” is in use and cannot do without:\n%(missing)s",
                        name=interface.name,
                        missing="\n".join(f"• {item}" for item in missing),
                    )
                )

    @api.constrains("active")
    def _check_archive(self):
        for interface in self:
            if not interface.active and interface.state not in ARCHIVABLE_STATES:
                raise ValidationError(
                    self.env._(
                        "“%s” is in use: suspend, deprecate and retire it before you "
                        "archive it.",
                        interface.name,
                    )
                )
            if not interface.active and interface.holds_events:
                raise ValidationError(
                    self.env._(
                        "“%s” was in use, and its events wait for an approval: activate "
                        "it again or retire it before you archive it.",
                        interface.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for interface in self:
            if interface.state != "draft" or interface.approved_fingerprint:
                raise UserError(
                    self.env._(
                        "“%s” was approved: its history has to stay. Retire it instead.",
                        interface.name,
                    )
                )

    def unlink(self):
        """Forget which interfaces capture what."""
        result = super().unlink()
        self.env.registry.clear_cache()  # _capturing
        return result
