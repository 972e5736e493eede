"""Failed messages by cause: one line per cause."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const
from ..engine.superseded import Superseded
from . import message_guidance

COUNTED = 1000  # messages of a cause that are checked for newer ones


class InteropDeadLetterCause(models.Model):
    """Group failed messages by cause, so that a user can retry them together."""

    _name = "interop.dead.letter.cause"
    _description = "Failures by Cause"
    _auto = False
    _order = "message_count desc, id"
    _rec_name = "error_message"

    cause = fields.Char(readonly=True)
    state = fields.Selection(const.MESSAGE_STATES, readonly=True)
    direction = fields.Selection(const.DIRECTIONS, readonly=True)
    interface_id = fields.Many2one("interop.interface", readonly=True)
    system_id = fields.Many2one("interop.system", readonly=True)
    company_id = fields.Many2one("res.company", "Facility", readonly=True)
    owner_user_id = fields.Many2one("res.users", "Owner", readonly=True)
    owner_team_id = fields.Many2one("interop.team", "Owning Team", readonly=True)
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_kind = fields.Selection(const.ERROR_KINDS, readonly=True)
    error_message = fields.Text(
        "Reason",
        readonly=True,
        help="The error message of the latest message with this cause.",
    )
    next_step = fields.Char(compute="_compute_next_step")
    next_action = fields.Selection(
        [("retry", "Retry"), ("resubmit", "Resubmit")],
        compute="_compute_next_step",
        help="The button for the next step.",
    )
    superseded_count = fields.Integer(
        "Replaced",
        compute="_compute_superseded_count",
        help="The number of messages with this cause that newer messages about the same "
        "records replace. A retry skips them. Only the first 1000 messages with this "
        "cause are checked.",
    )
    message_count = fields.Integer("Messages", readonly=True)
    first_seen = fields.Datetime(readonly=True)
    last_seen = fields.Datetime(readonly=True)
    example_id = fields.Many2one("interop.message", readonly=True)

    @property
    def _table_query(self):
        # The id of the oldest message stays while that message is failed.
        return """
            SELECT g.*, example.system_id, example.error_message, example.error_class,
                   example.error_kind, example.direction,
                   COALESCE(oldest.first_attempt_at, oldest.create_date) AS first_seen
              FROM (SELECT min(id) AS id, max(id) AS example_id, cause, state,
                           interface_id, company_id, owner_user_id, owner_team_id,
                           count(*)::int AS message_count, max(failed_at) AS last_seen
                      FROM interop_queue
                     WHERE state IN ('dead', 'parked')
                  GROUP BY cause, state, interface_id, company_id, owner_user_id,
                           owner_team_id) g
              JOIN interop_message example ON example.id = g.example_id
              JOIN interop_message oldest ON oldest.id = g.id"""

    @api.depends("error_class", "error_kind", "direction")
    def _compute_next_step(self):
        steps = message_guidance.next_steps(self.env)
        for cause in self:
            cause.next_step = message_guidance.next_step_of(cause, steps)
            built_anew = cause.direction == "out" and cause.error_kind == "business"
            cause.next_action = "resubmit" if built_anew else "retry"

    @api.depends("message_count")
    def _compute_superseded_count(self):
        """Check the first messages of all causes with one search for newer ones."""
        by_cause = {}
        for cause in self:
            domain = [(name, "=", value) for name, value in cause._scope()[0].items()]
            domain.append(("company_id", "=", cause.company_id.id))
            found = self.env["interop.message"]._search(
                domain, order="id", limit=COUNTED
            )
            by_cause[cause] = set(found.get_result_ids())
        newer = Superseded(self.env).newer(set().union(*by_cause.values()))
        for cause in self:
            cause.superseded_count = len(by_cause[cause] & newer.keys())

    # === ACTIONS === #

    def _scope(self):
        """Return the common column values of the messages, one dict per cause."""
        return [
            {
                "cause": cause.cause or False,
                "state": cause.state,
                "interface_id": cause.interface_id.id,
                "owner_user_id": cause.owner_user_id.id,
                "owner_team_id": cause.owner_team_id.id,
            }
            for cause in self
        ]

    def action_open_messages(self):
        """Show the messages of one cause."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "interop_base.interop_message_action_failed"
        )
        (scope,) = self._scope()
        domain = [(name, "=", value) for name, value in scope.items()]
        domain.append(("company_id", "=", self.company_id.id))
        return {**action, "domain": domain, "context": {}, "path": False}

    def action_retry(self):
        """Retry all messages of these causes, as a job with progress."""
        return self._start("send")

    def action_resubmit(self):
        """Build all messages of these causes again from their records, as a job."""
        if any(cause.direction != "out" for cause in self._known()):
            raise UserError(
                self.env._("Only failed outbound messages can be resubmitted.")
            )
        return self._start("rebuild")

    def action_close(self):
        """Ask for the reason, then close all messages of these causes."""
        self._known()
        action = self.env["interop.message"].action_close()
        action["context"] = {
            "default_res_model": self._name,
            "default_res_ids": ",".join(map(str, self.ids)),
        }
        return action

    def _known(self):
        """Return the causes that still exist, and check the rights of the user."""
        self.env["interop.guard"]._require_group("interop_base_group_user")
        known = self.exists()
        if not known:
            raise UserError(
                self.env._("These failures no longer exist. Reload the list.")
            )
        known.check_access("read")
        return known

    def _start(self, operation, reason=None):
        """Start one job per facility and show it."""
        known = self._known()
        replays = self.env["interop.replay"]
        for company, causes in known.grouped("company_id").items():
            what = (causes[0].error_message or "").strip()[:100]
            text = reason or (
                self.env._("Resubmit: %s", what)
                if operation == "rebuild"
                else self.env._("Retry: %s", what)
            )
            replays |= replays._start_for(operation, company, causes._scope(), text)
        return replays._action_show()
