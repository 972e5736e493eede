"""The preview: the message of a real record, before anything is sent."""

import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError

from odoo.addons.interop_base import clock, const, db
from odoo.addons.interop_base.exceptions import HandledError
from odoo.addons.interop_base.tools import envelope as envelope_tools

SEARCHED = 200  # latest records that are checked for the first preview


class InteropMessagePreview(models.TransientModel):
    """Builds one message with the rights of the user, without storing it."""

    _name = "interop.message.preview"
    _description = "Message Preview"

    interface_id = fields.Many2one(
        "interop.interface", required=True, readonly=True, ondelete="cascade"
    )
    available_contract_ids = fields.Many2many(
        "interop.contract", compute="_compute_available_contract_ids"
    )
    contract_id = fields.Many2one("interop.contract", required=True, ondelete="cascade")
    record_ref = fields.Reference(selection="_selection_record_ref", string="Record")
    protected = fields.Boolean(compute="_compute_protected")
    allowed = fields.Boolean(compute="_compute_protected")
    revealed_ref = fields.Char(readonly=True)
    data = fields.Text("Message Data", compute="_compute_preview")
    envelope = fields.Text(compute="_compute_preview")
    problems = fields.Text(compute="_compute_preview")
    notes = fields.Text(compute="_compute_preview")

    @api.model
    def _selection_record_ref(self):
        # sudo: names of the objects of contracts
        models_sudo = (
            self.env["interop.contract"]
            .sudo()
            .search([("model_id", "!=", False)])
            .model_id
        )
        return [(model.model, model.name) for model in models_sudo]

    @api.model
    def _action(self, interface, contract):
        """Return the action that opens the preview with the first matching record."""
        preview = self.create(
            {"interface_id": interface.id, "contract_id": contract.id}
        )
        preview._propose_record()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": self._name,
            "res_id": preview.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("interface_id")
    def _compute_available_contract_ids(self):
        for preview in self:
            preview.available_contract_ids = preview.interface_id.contract_ids.filtered(
                "model_id"
            )

    @api.depends("interface_id.data_class", "contract_id.data_class")
    def _compute_protected(self):
        allowed = self.env.user.has_group("interop_base.interop_base_group_payload")
        for preview in self:
            classes = {preview.interface_id.data_class, preview.contract_id.data_class}
            preview.protected = bool(classes & set(const.PROTECTED_CLASSES))
            preview.allowed = allowed or not preview.protected

    @api.onchange("contract_id")
    def _onchange_contract_id(self):
        # sudo: technical name of the object
        if self.record_ref._name != self.contract_id.sudo().model_id.model:
            self._propose_record()

    def _propose_record(self):
        """Choose the latest record that the interface would send."""
        model = self.contract_id.sudo().model_id.model  # sudo: technical name
        self.record_ref = False
        if not model or not self.env[model].has_access("read"):
            return
        handler = self.contract_id._handler()
        candidates = self.env[model].search(
            self.interface_id._filter(), order="id desc", limit=SEARCHED
        )
        # sudo: also facilities that the user has not selected in the company switcher
        companies = self.interface_id.sudo().company_ids.sudo(False)
        fitting = candidates.filtered(
            lambda record: handler._company(record) in companies
        )
        record = fitting[:1] or candidates[:1]
        self.record_ref = record and f"{model},{record.id}"

    @api.depends("record_ref", "contract_id", "interface_id", "revealed_ref")
    def _compute_preview(self):
        for preview in self:
            preview.update(
                dict.fromkeys(("data", "envelope", "problems", "notes"), False)
            )
            record = preview.record_ref
            if not record or not preview.contract_id:
                continue
            if preview.allowed and (not preview.protected or preview._is_revealed()):
                preview.update(preview._render())

    def _is_revealed(self):
        """Return whether the audit trail records that the user viewed this record."""
        # Read the database: a caller can forge the values of the form.
        return self._origin.revealed_ref == self._record_key()

    def _record_key(self):
        return f"{self.record_ref._name},{self.record_ref.id}"

    def _render(self):
        """Return the values of the computed fields for the chosen record."""
        try:
            with db.quiet(), self.env.cr.savepoint(flush=False):
                return self._render_record()
        except AccessError:
            problem = self.env._(
                "You may not read all fields of this message. Ask an administrator."
            )
        except MissingError:
            problem = self.env._(
                "This record does not exist any more. Choose another one."
            )
        except HandledError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 (a mapping can fail in any way)
            problem = self.env._(
                "The message could not be built (%s). Check the mapping.",
                type(error).__name__,
            )
        return {"problems": problem}

    def _render_record(self):
        record, contract = self.record_ref, self.contract_id
        # sudo: technical name of the object
        if record._name != contract.sudo().model_id.model:
            raise HandledError(
                self.env._(
                    "Contract %s is about other records. Choose another record.",
                    contract.display_name,
                )
            )
        record.check_access("read")
        handler = contract._handler()
        company = handler._company(record)
        handler = handler.with_company(company)
        record = record.with_env(handler.env)
        content = {
            "data": self._build(handler, record),
            "subject": handler._subject(record),
            "ordering_key": handler._ordering_key(record),
        }
        now = clock.now()
        event = {
            "occurred_at": now,
            "correlation_id": None,
            "parent_id": None,
        }
        message_id = envelope_tools.new_id(now_ms=1000 * clock.timestamp())
        materializer = self.env["interop.materializer"]
        members = materializer._envelope_members(
            self.interface_id, contract, company.id, test=True
        )
        envelope = materializer._envelope(members, event, content, (message_id, 1, 1))
        return {
            "data": _pretty(content["data"]),
            "envelope": _pretty(envelope),
            "problems": self._violations(content["data"]),
            "notes": self._why_not(record, company),
        }

    def _build(self, handler, record):
        contract = self.contract_id
        if contract.handler_name != "interop.handler.mapping":
            return handler._build(record)
        mapping = self.interface_id._mapping_of(contract)
        mapping._check_readable()
        return handler._builder(mapping, record)(record)

    def _violations(self, data):
        if self.contract_id._schema_is_to_come():
            return False
        found = self.contract_id._violations(data)
        return "\n".join(f"{item.pointer or '/'}: {item.message}" for item in found)

    def _why_not(self, record, company):
        """Return why the interface would not send this record, or ``False``."""
        reasons = []
        if company not in self.interface_id.sudo().company_ids:  # sudo: as above
            reasons.append(
                self.env._(
                    "This record belongs to %s. The interface does not cover this "
                    "facility, so the record would not be sent.",
                    company.name,
                )
            )
        if not record.filtered_domain(self.interface_id._filter()):
            reasons.append(
                self.env._(
                    "This record does not match the filter, so it would not be sent."
                )
            )
        return "\n".join(reasons) or False

    @api.model_create_multi
    def create(self, vals_list):
        """Create the preview without revealed content, whatever the caller sends."""
        return super().create([{**vals, "revealed_ref": False} for vals in vals_list])

    def write(self, vals):
        """Refuse to reveal content except by the button, which records the access."""
        if "revealed_ref" in vals:
            raise AccessError(
                self.env._("Use the button “Show Content”: it records the access.")
            )
        return super().write(vals)

    def action_reveal(self):
        """Show protected content to a user with the right, and record the access."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_payload")
        if not self.record_ref:
            raise UserError(self.env._("Choose a record first."))
        self.record_ref.check_access("read")
        detail = self.env._("Preview of %s", self._record_key())
        self.env["interop.audit.event"]._log("revealed", self.interface_id, detail)
        super().write({"revealed_ref": self._record_key()})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


def _pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False)
