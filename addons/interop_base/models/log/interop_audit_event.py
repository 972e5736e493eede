"""The audit trail: append-only lines about the actions of users."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ... import clock, const, db

FEW_FOUND = 1000  # records that a search by code or number lists by id

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
    """Record one action of a user. The database refuses every change of a row."""

    _name = "interop.audit.event"
    _description = "Integration Audit Event"
    _order = "id desc"
    _log_access = False

    occurred_at = fields.Datetime("Date", required=True, readonly=True, index=True)
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
    search_all = fields.Char(
        "User, Record, ID or Detail",
        compute="_compute_search_all",
        search="_search_search_all",
        help="Finds a line by its user, record, facility or detail, by the code or ID of "
        "a record, or by the number or correlation ID of a message.",
    )

    _record_idx = models.Index("(res_model, res_id)")

    def init(self):
        """Create the triggers that refuse to change or remove a row."""
        self.env.cr.execute(_TRIGGER)

    def _compute_user_model(self):
        for event in self:
            event.user_model = "res.users"

    @api.depends("action", "res_name")
    def _compute_display_name(self):
        labels = dict(self._fields["action"]._description_selection(self.env))
        for event in self:
            label = labels.get(event.action, event.action or "")
            name = event.res_name or ""
            event.display_name = f"{label}: {name}" if name else label

    def _compute_search_all(self):
        for event in self:
            event.search_all = event.res_name

    def _search_search_all(self, operator, value):
        """Find lines by user, record, facility, detail, code or id.

        Names are compared as they were written in the line. A code or an id also finds
        the lines of the record that has it now.
        """
        if operator not in ("=", "ilike", "=ilike", "like"):
            return NotImplemented
        text = (value or "").strip() if isinstance(value, str) else ""
        if not text:
            return Domain.FALSE
        domains = [
            Domain(name, operator, text)
            for name in ("login", "res_name", "detail", "company_name")
        ]
        if text.isdecimal() and len(text) < 10:
            domains.append(Domain("res_id", "=", int(text)))
        for model in self._models_with_code():
            records = self.env[model]._search([("code", "=", text)], limit=FEW_FOUND)
            domains.append(self._about(model, records.get_result_ids()))
        messages = self.env["interop.message"]
        if messages.has_access("read"):
            found = messages._search([("search_all", operator, text)], limit=FEW_FOUND)
            domains.append(self._about(messages._name, found.get_result_ids()))
        return Domain.OR(domains)

    @api.model
    def _about(self, model, ids):
        return Domain("res_model", "=", model) & Domain("res_id", "in", list(ids))

    @api.model
    def _models_with_code(self):
        """Return the models of the catalogue that users know by a code."""
        return [
            model
            for model in self.env.registry.descendants(
                ["interop.code.mixin"], "_inherit"
            )
            if not self.env[model]._abstract and self.env[model].has_access("read")
        ]

    @api.model
    def _log(self, action, records, detail=""):
        """Record that the current user did ``action`` on ``records``.

        :param str action: key of ``const.AUDIT_ACTIONS``
        :param records: recordset; empty for an action without a record
        :param detail: text without secrets or content, because it is kept permanently; or
            a dict of such texts by record id
        """
        # sudo: users have no right to write the audit trail
        return db.insert(self.sudo(), self._lines(action, records, detail))

    @api.model
    def _log_aside(self, action, records, detail=""):
        """Record on a second cursor, so that the line stays if the request is refused.

        See ``_log`` for the parameters.
        """
        lines = self._lines(action, records, detail)
        with self.env.registry.cursor() as cr:
            # sudo: as in _log
            db.insert(self.with_env(self.env(cr=cr, su=True)), lines)

    def _lines(self, action, records, detail):
        user = self.env.user
        with_company = "company_id" in records._fields
        # Without ``fetch``, Odoo would read all fields of users and facilities.
        user.fetch(["login"])
        if with_company:
            # sudo: the user may have no access to the facility of the record
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
        return vals_list

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse the change. Triggers in the database refuse it, too."""
        raise UserError(self.env._("The audit trail cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The audit trail cannot be deleted."))
