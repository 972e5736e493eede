"""Leave to edit, for a moment, what another system decides."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock

MINUTES = 15


class InteropOwnershipOverride(models.Model):
    """One steward's leave to edit one record, with the reason; made by ``_grant`` only.

    A row rather than a context key: what a caller sends along cannot lift the
    protection.
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
        """Let the current user edit protected fields of ``record`` for a quarter of an
        hour.

        :raises UserError: without a reason
        """
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        record.ensure_one()
        record.check_access("write")
        if not (reason or "").strip():
            raise UserError(self.env._("An override needs a reason."))
        self.env["interop.audit.event"]._log(
            "overrode", record, self.env._("Protection lifted: %s", reason.strip())
        )
        # sudo: nobody writes overrides but through this method
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
        """Return ``{record id: reason}`` of the records that the user may override
        now."""
        # sudo: users need no right on this table to have their own leave respected
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
        """Remove expired leaves; the audit trail keeps who overrode what and why."""
        # sudo: those of every facility
        expired = self.sudo().search([("expires_at", "<", clock.now())], limit=1000)
        expired.unlink()
        return len(expired), len(expired) == 1000
