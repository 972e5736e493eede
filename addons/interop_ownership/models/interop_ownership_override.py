"""Temporary permission to edit fields owned by another system."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

MINUTES = 15


class InteropOwnershipOverride(models.Model):
    """Permission of one steward to edit one record, with the reason; created by
    ``_grant`` only.

    It is a row and no context key, because callers can forge a context.
    """

    _name = "interop.ownership.override"
    _description = "Override of a System of Record"
    _order = "id desc"

    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="cascade", index=True
    )
    res_model = fields.Char("Object", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", required=True, readonly=True
    )
    company_id = fields.Many2one("res.company", "Facility", readonly=True, index=True)
    reason = fields.Char(required=True, readonly=True)
    expires_at = fields.Datetime(required=True, readonly=True, index=True)

    _record_idx = models.Index("(res_model, res_id, user_id)")

    @api.model
    @api.private
    def _grant(self, record, reason):
        """Let the current user edit protected fields of ``record`` for 15 minutes.

        :raises UserError: without a reason
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        record.ensure_one()
        record.check_access("write")
        if not (reason or "").strip():
            raise UserError(
                self.env._(
                    "The protection cannot be overridden without a reason. Enter one."
                )
            )
        self.env["interop.audit.event"]._log(
            "overrode", record, self.env._("Protection overridden: %s", reason.strip())
        )
        # sudo: no group may write overrides, except through this method
        return self.sudo().create(
            {
                "user_id": self.env.uid,
                "res_model": record._name,
                "res_id": record.id,
                "company_id": self.env.company.id,
                "reason": reason.strip(),
                "expires_at": clock.now() + timedelta(minutes=MINUTES),
            }
        )

    @api.model
    @api.private
    def _reasons(self, records):
        """Return ``{record id: reason}`` of the overrides of the user."""
        # sudo: users need no access to this table for their own override to apply
        rows_sudo = self.sudo().search(
            [
                ("user_id", "=", self.env.uid),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("expires_at", ">", clock.now()),
            ]
        )
        return {row.res_id: row.reason for row in rows_sudo}

    @api.autovacuum
    def _gc_expired(self):
        """Delete expired overrides; the audit trail keeps user, record and reason."""
        # sudo: those of every facility
        expired = self.sudo().search([("expires_at", "<", clock.now())], limit=1000)
        expired.unlink()
        return len(expired), len(expired) == 1000
