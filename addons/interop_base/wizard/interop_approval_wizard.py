"""The approval sheet: the exact state, its changes, and the decision."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import approval


class InteropApprovalWizard(models.TransientModel):
    """A sheet that shows one state. An approval applies to this state only."""

    _name = "interop.approval.wizard"
    _description = "Approval Sheet"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    fingerprint = fields.Char(readonly=True, help="SHA-256 of the state on this sheet.")
    mark = fields.Char(
        "State",
        compute="_compute_mark",
        help="The first characters of the fingerprint.",
    )
    shown_state = fields.Json(readonly=True)
    content = fields.Html(compute="_compute_content", sanitize=False)
    changes = fields.Text(readonly=True)
    missing = fields.Text(readonly=True)
    reason = fields.Char(
        help="The user who requested approval receives the reason. Required to refuse."
    )

    @api.depends("fingerprint")
    def _compute_mark(self):
        for sheet in self:
            sheet.mark = f"#{(sheet.fingerprint or '')[: approval.SHOWN]}"

    @api.depends("shown_state")
    def _compute_content(self):
        for sheet in self:
            lines = sheet._record()._state_lines(sheet.shown_state or {})
            rows = [
                Markup("<tr><th class='pe-3 align-top'>{}</th><td>{}</td></tr>").format(
                    label, Markup("<br/>").join(texts)
                )
                for label, texts in lines
            ]
            sheet.content = Markup("<table class='table table-sm'>{}</table>").format(
                Markup().join(rows)
            )

    def _record(self):
        """Return the record with the rights of the user."""
        self.ensure_one()
        model = self.env.get(self.res_model)
        if model is None or "approval_fingerprint" not in model._fields:
            raise UserError(
                self.env._("Records of this kind are not approved. Close the sheet.")
            )
        record = model.browse(self.res_id).exists()
        record.check_access("read")
        return record

    @api.model_create_multi
    def create(self, vals_list):
        """Read the state on the server, and ignore values from the caller."""
        sheets = self.browse()
        for vals in vals_list:
            place = {name: vals.get(name) for name in ("res_model", "res_id")}
            record = self.new(place)._record()
            sheets |= super().create(
                [
                    {
                        **place,
                        "fingerprint": record._fingerprint(),
                        "shown_state": record._state_now(),
                        "changes": record.approval_changes,
                        # sudo: the missing values do not depend on the user
                        "missing": "\n".join(record.sudo()._missing_for_approval()),
                        "reason": vals.get("reason"),
                    }
                ]
            )
        return sheets

    def write(self, vals):
        """Allow to write the reason only."""
        if vals.keys() - {"reason"}:
            raise AccessError(
                self.env._(
                    "An approval sheet cannot be changed. Close it and open a new one."
                )
            )
        return super().write(vals)

    @api.model
    @api.private
    def _action(self, record):
        """Open the sheet of ``record`` with its current state."""
        sheet = self.create({"res_model": record._name, "res_id": record.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approve %s", record.display_name),
            "res_model": self._name,
            "res_id": sheet.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_approve(self):
        """Approve the state on the sheet (stewards)."""
        self.ensure_one()
        record = self._record()
        if self.fingerprint != record._fingerprint():
            raise UserError(
                self.env._(
                    "“%(name)s” changed after you opened this sheet:\n%(changes)s\n"
                    "Close the sheet, open it again and read the new state.",
                    name=record.display_name,
                    changes=record._changes_text(self.shown_state),
                )
            )
        record.action_approve(self.fingerprint)
        return {"type": "ir.actions.act_window_close"}

    def action_refuse(self):
        """Refuse with the reason (stewards)."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(
                self.env._(
                    "Enter a reason. The user who requested approval receives it."
                )
            )
        self._record().action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
