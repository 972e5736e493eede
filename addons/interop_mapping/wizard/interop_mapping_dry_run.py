"""The dry run: what an example message would change, and on which record."""

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.interop_base import clock, const, db
from odoo.addons.interop_base.exceptions import HandledError
from odoo.addons.interop_base.models.log import message_report
from odoo.addons.interop_base.tools import field_report, schema_build
from odoo.addons.interop_base.tools.errors import EnvelopeError
from odoo.addons.interop_base.tools.jsonlimits import parse

OUTCOMES = [
    ("create", "A record would be created"),
    ("update", "A record would be updated"),
    ("same", "Nothing would change"),
    ("parked", "The message would wait for a decision"),
    ("refused", "The message would be refused"),
]
HIDDEN = "••••"


class InteropMappingDryRun(models.TransientModel):
    """Applies an example on a separate cursor that is rolled back.

    It uses the rights that the sender's service user has or will have. Neither the
    pasted message nor the result is stored: both exist in the open dialog only.
    """

    _name = "interop.mapping.dry.run"
    _description = "Dry Run of an Inbound Mapping"

    mapping_id = fields.Many2one(
        "interop.mapping", required=True, readonly=True, ondelete="cascade"
    )
    contract_id = fields.Many2one(related="mapping_id.contract_id")
    facility_ids = fields.Many2many(related="mapping_id.interface_id.company_ids")
    example_id = fields.Many2one(
        "interop.contract.example",
        help="An example of the contract. You can also paste a message below.",
    )
    company_id = fields.Many2one(
        "res.company", "Facility", help="The facility of the message."
    )
    body = fields.Text(
        "Message",
        compute="_compute_body",
        readonly=False,
        help="A whole message, or its member “data”, as JSON.",
    )
    protected = fields.Boolean(compute="_compute_protected")
    # The dialog shows the values that try_message() returns in these fields.
    outcome = fields.Selection(OUTCOMES, store=False, readonly=True)
    record_name = fields.Char("Record", store=False, readonly=True)
    problem = fields.Text("Reason", store=False, readonly=True)
    result_html = fields.Html("Fields", store=False, readonly=True, sanitize=False)

    @api.model
    def _action(self, mapping):
        """Return the action that opens the dialog with the first example."""
        dialog = self.create(
            {
                "mapping_id": mapping.id,
                "company_id": mapping.interface_id.company_ids[:1].id,
                "example_id": mapping.contract_id.example_ids[:1].id,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run"),
            "res_model": self._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("example_id")
    def _compute_body(self):
        """Copy the chosen example into the message, which is what the dry run uses."""
        for dialog in self:
            dialog.body = dialog.example_id.body

    @api.depends("mapping_id")
    def _compute_protected(self):
        for dialog in self:
            mapping = dialog.mapping_id
            classes = {mapping.interface_id.data_class, mapping.contract_id.data_class}
            dialog.protected = bool(classes & set(const.PROTECTED_CLASSES))

    # === TRY === #

    def try_message(self, body, company_id):
        """Apply one message, roll it back, and return its effect.

        The button of the dialog calls it with the values of the dialog.

        :param str body: a whole message, or its member ``data``, as JSON
        :param int company_id: facility of the message
        :returns: dict with the values of ``outcome``, ``record_name``, ``problem`` and
            ``result_html``
        :raises AccessError: for a facility that is not one of the interface's
        """
        self.ensure_one()
        self.check_access("write")
        self.mapping_id.check_access("read")
        if company_id and company_id not in self.facility_ids.ids:
            raise AccessError(
                self.env._("Choose one of the facilities of the interface.")
            )
        result = dict.fromkeys(
            ("outcome", "record_name", "problem", "result_html"), False
        )
        if body and company_id:
            result.update(self._try(body, company_id))
        return result

    def _try(self, text, company_id):
        try:
            data = self._data(text)
        except EnvelopeError as error:
            return {"outcome": "refused", "problem": error.message}
        problem = self._violations(data)
        if problem:
            return {"outcome": "refused", "problem": problem}
        self.env.flush_all()
        # Nothing else that a caller says may count for what is applied or remembered.
        context = {
            name: self.env.context[name]
            for name in ("lang", "tz")
            if name in self.env.context
        }
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, context)
            try:
                found = env[self._name]._simulate(
                    env["interop.mapping"].browse(self.mapping_id.id),
                    env["res.company"].browse(company_id),
                    data,
                    self.env.uid,
                )
            finally:
                cr.rollback()
        return self._shown(found, self.protected)

    def _data(self, text):
        """Return the member ``data`` of a pasted message, or the whole text as data."""
        value = parse(text.encode("utf-8", "replace"))
        if not isinstance(value, dict):
            raise EnvelopeError("not_object", "", "The message must be a JSON object.")
        whole = {"id", "type", "data"} <= value.keys()
        if whole and isinstance(value["data"], dict):
            return value["data"]
        return value

    def _violations(self, data):
        """Return the violations of the contract as text, ``False`` without any."""
        contract = self.mapping_id.contract_id
        if contract._schema_is_to_come():
            schema = self.mapping_id.line_ids._schema()
            found = schema_build.violations(schema, data)
        else:
            found = contract._violations(data)
        return "\n".join(f"{item.pointer or '/'}: {item.message}" for item in found)

    # === ON THE ROLLED BACK CURSOR === #

    @api.model
    @api.private
    def _simulate(self, mapping, company, data, user_id):
        """Apply ``data`` and return its effect as plain values."""
        message = self._message(mapping, company)
        before = self._before(mapping, message, data, user_id)
        try:
            with db.quiet():
                message._apply_now(data)
        except HandledError as error:
            return {"state": "dead", "problem": str(error), "before": before}
        found = {
            "state": message.state,
            "problem": message.error_message,
            "report": message.field_report or [],
            "before": before,
        }
        record = message.res_id and self.env[message.res_model].browse(message.res_id)
        if message.state == "done" and record:
            found.update(self._after(mapping, record, user_id))
        return found

    def _message(self, mapping, company):
        """Create the message of the dry run."""
        interface = mapping.interface_id
        values = {
            "direction": "in",
            "interface_id": interface.id,
            "system_id": interface.system_id.id,
            "contract_id": mapping.contract_id.id,
            "company_id": company.id,
            "external_id": "dry-run",
            "data_class": interface.data_class or mapping.contract_id.data_class,
            "test": True,
            "lane": interface._lane(),
            "occurred_at": clock.now(),
        }
        sender = self._sender(interface)
        return self.env["interop.message"].create({**values, **sender})

    def _sender(self, interface):
        """Return the values that name the sender of the message.

        A dry run uses the rights of a client of the interface. Without a client, it
        creates one that is rolled back as well.
        """
        client = interface.client_ids.filtered(
            lambda item: item.state not in ("revoked",)
        )[:1]
        if not client:
            client = self.env["interop.client"].create(
                {
                    "name": "Dry run",
                    "code": f"dry-run-{int(1000 * clock.timestamp())}",
                    "system_id": interface.system_id.id,
                    "interface_ids": [(6, 0, interface.ids)],
                }
            )
        client._sync_service_user(interface)
        return {"client_id": client.id}

    def _before(self, mapping, message, data, user_id):
        """Return the current values of the record of the message, ``None`` without
        one."""
        handler = self.env["interop.handler.mapping"].with_company(message.company_id)
        try:
            with db.quiet(), self.env.cr.savepoint():
                record = handler._match(mapping, message, data)
        except HandledError:
            return None  # applying the message reports the reason
        return record and self._after(mapping, record, user_id)

    def _after(self, mapping, record, user_id):
        """Return name and mapped values of ``record`` as far as the user may see
        them."""
        record.invalidate_recordset()
        mine = record.with_user(user_id)
        readable = mine.has_access("read")
        values = {}
        for line in mapping.line_ids.filtered(lambda item: item._starts_at_field()):
            field = line._field_chain()[0]
            may = readable and mine._has_field_access(field, "read")
            values[field.name] = self._text(record, field) if may else HIDDEN
        name = record.sudo().display_name if readable else HIDDEN
        return {"name": name, "values": values}

    def _text(self, record, field):
        # sudo: the caller has checked that the user may read the field
        value = record.sudo()[field.name]
        if field.type == "many2one":
            return value.display_name or ""
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if field.type == "selection":
            words = dict(field._description_selection(self.env))
            return words.get(value, value or "")
        return "" if value is False or value is None else str(value)

    # === RESULT === #

    def _shown(self, found, protected):
        """Return the values that the dialog shows."""
        before = found["before"] or {}
        if found["state"] != "done":
            parked = found["state"] == "parked"
            return {
                "outcome": "parked" if parked else "refused",
                "record_name": before.get("name") and self._name_of(before, protected),
                "problem": found["problem"],
                "result_html": message_report.table(self.env, found.get("report", [])),
            }
        outcomes = {item["outcome"] for item in found["report"]}
        changes = outcomes - {field_report.UNCHANGED, field_report.IGNORED}
        outcome = ("update" if changes else "same") if before else "create"
        return {
            "outcome": outcome,
            "record_name": self._name_of(before or found, protected),
            "result_html": self._field_table(found, before, protected),
        }

    def _name_of(self, found, protected):
        return HIDDEN if protected and not self._may_see() else found["name"]

    def _may_see(self):
        return self.env.user.has_group("interop_base.interop_base_group_payload")

    def _field_table(self, found, before, protected):
        """Return a table with a row per field: value before, value after, and
        reason."""
        hidden = protected and not self._may_see()
        if protected and not hidden and before:
            self.env["interop.audit.event"]._log(
                "revealed", self.mapping_id.interface_id, self.env._("Dry run")
            )
        words = message_report.words(self.env)
        old, new = before.get("values", {}), found["values"]
        rows = Markup("").join(
            Markup(
                "<tr><td>%(field)s</td><td>%(old)s</td><td>%(new)s</td>"
                "<td><span class='badge text-bg-%(style)s'>%(outcome)s</span>"
                " %(reason)s</td></tr>"
            )
            % {
                **message_report.names(self.env, item),
                **message_report.outcome(item, words),
                "old": HIDDEN if hidden else old.get(item["field"], ""),
                "new": HIDDEN if hidden else new.get(item["field"], ""),
            }
            for item in found["report"]
        )
        return Markup(
            "<table class='table table-sm'><thead><tr><th>%s</th><th>%s</th><th>%s</th>"
            "<th>%s</th></tr></thead><tbody>%s</tbody></table>"
        ) % (
            self.env._("Field"),
            self.env._("Before"),
            self.env._("After"),
            self.env._("Outcome"),
            rows,
        )
