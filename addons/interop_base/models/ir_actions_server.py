"""The server action *Publish Message*: Odoo's automation rules are the trigger
editor."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.safe_eval import datetime as safe_datetime
from odoo.tools.safe_eval import dateutil, safe_eval
from odoo.tools.safe_eval import time as safe_time


class IrActionsServer(models.Model):
    """A server action that publishes its records under a contract.

    It works in automation rules, in scheduled actions, in the *Actions* menu and behind
    buttons.
    """

    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("interop_publish", "Publish Message")],
        ondelete={"interop_publish": "cascade"},
    )
    interop_contract_id = fields.Many2one(
        "interop.contract",
        "Contract",
        ondelete="restrict",
        domain="[('model_id', '=', model_id), ('state', '!=', 'retired')]",
        help="The contract under which records are published. Each active interface "
        "that carries this message type, in any version, sends them.",
    )
    interop_domain = fields.Char(
        "Records",
        help="Records that the action publishes when it runs without a selection, as a "
        "scheduled action does. Automation rules and menus use their own records.",
    )

    @api.model
    def _warning_depends(self):
        return [*super()._warning_depends(), "interop_contract_id", "interop_domain"]

    def _get_warning_messages(self):
        warnings = super()._get_warning_messages()
        if self.state == "interop_publish":
            problem = self._interop_problem()
            if problem:
                warnings.append(problem)
        return warnings

    def _interop_problem(self):
        """Return why this action cannot publish (text), or ``None``."""
        self.ensure_one()
        # sudo: a user who sets up automation may not read the catalogue
        contract_sudo = self.sudo().interop_contract_id
        if not contract_sudo:
            return self.env._("Choose the contract to publish.")
        if contract_sudo.model_id and contract_sudo.model_id != self.model_id:
            return self.env._(
                "Contract %(contract)s is about %(expected)s, but this action is about "
                "%(model)s. Choose a contract about the same object.",
                contract=contract_sudo.display_name,
                expected=contract_sudo.model_id.name,
                model=self.model_id.name,
            )
        if self.usage == "ir_cron" and not self.interop_domain:
            return self.env._(
                "Choose the records to publish: a scheduled action has no selection."
            )
        return None

    @api.constrains(
        "state", "interop_contract_id", "interop_domain", "model_id", "usage"
    )
    def _check_interop_publish(self):
        for action in self.filtered(lambda item: item.state == "interop_publish"):
            problem = action._interop_problem()
            if problem:
                raise ValidationError(problem)
            try:
                domain = Domain(action._interop_records_domain())
                domain.validate(self.env[action.model_id.model])
            except Exception as error:  # noqa: BLE001 (a domain can fail in any way)
                raise ValidationError(
                    self.env._("The domain of the records is not valid: %s", error)
                ) from None

    @api.depends("usage")
    def _compute_allowed_states(self):
        """Allow the types code and publish in scheduled actions; others need a
        record."""
        result = super()._compute_allowed_states()
        for action in self.filtered(lambda item: item.usage == "ir_cron"):
            action.allowed_states = ["code", "interop_publish"]
        return result

    def _name_depends(self):
        return [*super()._name_depends(), "interop_contract_id"]

    def _generate_action_name(self):
        if self.state == "interop_publish" and self.interop_contract_id:
            # sudo: as in _interop_problem
            contract_sudo = self.sudo().interop_contract_id
            return self.env._("Publish %s", contract_sudo.message_type)
        return super()._generate_action_name()

    def _interop_records_domain(self):
        """Return the domain of the records to publish without a selection (list)."""
        self.ensure_one()
        scope = {
            "uid": self.env.uid,
            "time": safe_time,
            "datetime": safe_datetime,
            "relativedelta": dateutil.relativedelta.relativedelta,
            "context_today": lambda: fields.Date.context_today(self),
        }
        return list(safe_eval(self.interop_domain or "[]", scope))

    def _run_action_interop_publish_multi(self, eval_context=None):
        """Publish the records of the action, or those that match its domain."""
        self.ensure_one()
        context = eval_context or {}
        records = context.get("records") or context.get("record")
        if not records:
            if not self.interop_domain:
                raise UserError(
                    self.env._(
                        "“%s” has no records to publish. Set “Records” in its form.",
                        self.name,
                    )
                )
            model = self.env[self.sudo().model_id.model]  # sudo: technical name
            records = model.search(self._interop_records_domain())
        events = self.env["interop.event"]
        # sudo: as in _interop_problem
        contract_sudo = self.sudo().interop_contract_id
        # Odoo writes a new record several times and triggers the rule each time.
        events._publish(contract_sudo.message_type, records, combine=True)
        if self._interop_runs_on_unlink():
            # The records are deleted next, so their content is captured now.
            self.env.flush_all()
            events._snapshot_transaction()
        return False

    def _interop_runs_on_unlink(self):
        """Return whether an automation rule runs this because records are deleted."""
        if "base_automation_id" not in self._fields:
            return False
        return (
            self.sudo().base_automation_id.trigger == "on_unlink"
        )  # sudo: its trigger
