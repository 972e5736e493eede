"""Who viewed, revealed, approved, rotated, overrode, retried, exported: append-only."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import clock, const, db

_TRIGGER = """
CREATE OR REPLACE FUNCTION interop_audit_event_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'interop_audit_event is append-only';
END;
$$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS interop_audit_event_append_only ON interop_audit_event;
CREATE TRIGGER interop_audit_event_append_only
    BEFORE UPDATE OR DELETE ON interop_audit_event
    FOR EACH ROW EXECUTE FUNCTION interop_audit_event_append_only();
DROP TRIGGER IF EXISTS interop_audit_event_no_truncate ON interop_audit_event;
CREATE TRIGGER interop_audit_event_no_truncate
    BEFORE TRUNCATE ON interop_audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION interop_audit_event_append_only();
"""


class InteropAuditEvent(models.Model):
    """One thing that somebody did. The database itself refuses to change a row."""

    _name = "interop.audit.event"
    _description = "Integration Audit Event"
    _order = "id desc"
    _log_access = False

    occurred_at = fields.Datetime("When", required=True, readonly=True, index=True)
    # No foreign keys: a deleted user or company must neither change nor remove evidence.
    user_id = fields.Many2oneReference(
        "User ID", model_field="user_model", readonly=True
    )
    user_model = fields.Char(compute="_compute_user_model")
    login = fields.Char("User", required=True, readonly=True, index=True)
    action = fields.Selection(const.AUDIT_ACTIONS, required=True, readonly=True)
    res_model = fields.Char("Model", readonly=True, index=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", readonly=True
    )
    res_name = fields.Char("Record", readonly=True)
    company_ref = fields.Integer("Facility ID", readonly=True)
    company_name = fields.Char("Facility", readonly=True)
    detail = fields.Char(readonly=True)

    _record_idx = models.Index("(res_model, res_id)")

    def init(self):
        """Create the triggers that refuse to change or remove a row."""
        self.env.cr.execute(_TRIGGER)

    def _compute_user_model(self):
        for event in self:
            event.user_model = "res.users"

    @api.model
    def _log(self, action, records, detail=""):
        """Record that the current user did ``action`` on ``records``.

        :param str action: key of ``const.AUDIT_ACTIONS``
        :param records: recordset (may be empty for something global)
        :param str detail: text that is safe to keep for ever: no secret, no payload; or
            such texts by the id of the record
        """
        user = self.env.user
        with_company = "company_id" in records._fields
        # A line needs names; left to themselves, users and facilities are read whole.
        user.fetch(["login"])
        if with_company:
            # sudo: the name of the facility of what is logged, whoever logs it
            records.sudo().company_id.fetch(["name"])
        vals_list = []
        for record in records or [records]:
            company = (
                record.company_id
                if with_company and record
                else self.env["res.company"]
            )
            vals_list.append(
                {
                    "occurred_at": clock.now(),
                    "user_id": self.env.uid,
                    "login": user.login,
                    "action": action,
                    "res_model": record._name,
                    "res_id": record.id or 0,
                    "res_name": record.display_name if record else "",
                    "company_ref": company.id,
                    "company_name": company.name,
                    "detail": (
                        detail[record.id] if isinstance(detail, dict) else detail
                    ),
                }
            )
        # sudo: evidence is written for users who may not write any themselves
        return db.insert(self.sudo(), vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: the trail is append-only, in the database too."""
        raise UserError(self.env._("The audit trail cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The audit trail cannot be deleted."))
