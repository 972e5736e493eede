"""Replays: send, rebuild or close many messages in throttled batches."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ... import clock, const
from ..log.message_actions import Rebuilding
from ..log.message_batch import MessageBatch

_logger = logging.getLogger(__name__)

OPERATIONS = [
    ("send", "Send Again"),
    ("rebuild", "Rebuild from Records"),
    ("close", "Close"),
]
STATES = [
    ("draft", "Draft"),
    ("running", "Running"),
    ("paused", "Paused"),
    ("done", "Finished"),
    ("cancelled", "Cancelled"),
]
MESSAGE_STATES = [
    ("done", "Delivered"),
    ("failed", "Failed"),
    ("both", "Delivered and Failed"),
]
FILTERS = {
    "operation",
    "company_id",
    "message_states",
    "date_from",
    "date_to",
    "interface_ids",
    "endpoint_ids",
    "contract_ids",
}

BATCH = 2000  # maximum number of messages per transaction
WINDOW = 10  # seconds of throttled messages per transaction
LOST_AFTER = 60  # seconds without progress after which the cron looks for the job

# The ids of the messages per treatment. Each treatment is one statement.
_FATES = """
WITH batch AS MATERIALIZED (%(batch)s)
SELECT CASE WHEN %(closing)s THEN 'close'
            WHEN i.state <> ALL(%(capturing)s) THEN 'unused'
            WHEN %(rebuilding)s AND m.direction = 'out' AND m.res_id > 0 THEN 'rebuild'
            WHEN m.payload_id IS NOT NULL THEN 'send'
            WHEN m.direction = 'out' AND m.state IN ('dead', 'parked')
                 AND COALESCE(m.size, 0) = 0 AND m.res_id > 0 THEN 'rebuild'
            ELSE 'purged' END AS fate,
       array_agg(m.id ORDER BY m.id)
  FROM batch
  JOIN interop_message m ON m.id = batch.id
  JOIN interop_interface i ON i.id = m.interface_id
 GROUP BY 1
"""


class InteropReplay(models.Model):
    """One job over many messages of one facility.

    It works with the rights of the user who requested it, in one transaction per batch.
    The transaction also stores the position, so that the replay continues after a restart.
    """

    _name = "interop.replay"
    _description = "Replay"
    _inherit = ["interop.state.mixin"]
    _order = "id desc"
    _rec_name = "reason"

    reason = fields.Char(
        required=True,
        help="The reason for the replay. It is stored in the audit trail.",
    )
    operation = fields.Selection(OPERATIONS, required=True, default="send")
    state = fields.Selection(STATES, required=True, readonly=True, default="draft")
    # --- which messages ---
    company_id = fields.Many2one(
        "res.company", "Facility", default=lambda self: self.env.company.id
    )
    message_states = fields.Selection(MESSAGE_STATES, required=True, default="done")
    date_from = fields.Datetime(
        "Logged From", help="Messages that were logged at this time or later."
    )
    date_to = fields.Datetime(
        "Logged Until", help="Messages that were logged before this time."
    )
    interface_ids = fields.Many2many(
        "interop.interface",
        string="Interfaces",
        domain=[("direction", "=", "out")],
        help="Leave empty for all outbound interfaces.",
    )
    endpoint_ids = fields.Many2many(
        "interop.endpoint", string="Endpoints", help="Leave empty for all endpoints."
    )
    contract_ids = fields.Many2many(
        "interop.contract", string="Contracts", help="Leave empty for all contracts."
    )
    scope = fields.Json(readonly=True, copy=False)
    matching_count = fields.Integer(
        "Matching Messages", compute="_compute_matching_count"
    )
    # --- how ---
    per_second = fields.Integer(
        "Messages per Second",
        default=50,
        help="Maximum number of messages that become due per second, so that new messages "
        "are not delayed. 0: as fast as the receivers allow. You can change it while the "
        "replay runs.",
    )
    # --- how far ---
    requested_by_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env.uid,
        ondelete="restrict",
    )
    cursor_id = fields.Integer("Position", readonly=True, copy=False)
    upto_id = fields.Integer("Last Message", readonly=True, copy=False)
    total_count = fields.Integer("Total", readonly=True, copy=False)
    moved_count = fields.Integer("Handled", readonly=True, copy=False)
    skipped_count = fields.Integer("Skipped", readonly=True, copy=False)
    skipped = fields.Json("Skipped by Reason", readonly=True, copy=False)
    skipped_text = fields.Text("Skip Reasons", compute="_compute_skipped_text")
    progress = fields.Float(compute="_compute_progress")
    pause_reason = fields.Char(readonly=True, copy=False)
    started_at = fields.Datetime("Started", readonly=True, copy=False)
    finished_at = fields.Datetime("Finished", readonly=True, copy=False)

    _per_second_positive = models.Constraint(
        "CHECK (per_second >= 0)", "The messages per second must not be negative."
    )
    _running_idx = models.Index("(write_date) WHERE state = 'running'")

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {
            "scope",
            "requested_by_id",
            "cursor_id",
            "upto_id",
            "total_count",
            "moved_count",
            "skipped_count",
            "skipped",
            "pause_reason",
            "started_at",
            "finished_at",
        }

    # === COMPUTE METHODS === #

    @api.depends(*sorted(FILTERS))
    def _compute_matching_count(self):
        for replay in self:
            draft = replay.state == "draft"
            replay.matching_count = draft and replay._matching().search_count(
                replay._domain()
            )

    @api.depends("total_count", "moved_count", "skipped_count", "state")
    def _compute_progress(self):
        for replay in self:
            handled = replay.moved_count + replay.skipped_count
            whole = max(replay.total_count, handled)
            replay.progress = 100.0 * handled / whole if whole else 0.0
            if replay.state == "done":
                replay.progress = 100.0

    @api.depends("skipped")
    @api.depends_context("lang")
    def _compute_skipped_text(self):
        words = self._skip_words()
        for replay in self:
            replay.skipped_text = "\n".join(
                self.env._(
                    "%(count)s messages: %(reason)s Example: %(example)s.",
                    count=found["count"],
                    reason=words.get(reason, reason),
                    example=found["example"],
                )
                for reason, found in sorted((replay.skipped or {}).items())
            )

    @api.model
    def _skip_words(self):
        """Return ``{reason: sentence}`` for messages that a replay skips."""
        return {
            "purged": self.env._("Retention has deleted their content."),
            "unused": self.env._("Their interface is no longer in use."),
            "contract": self.env._("Their contract is no longer in use."),
            "record": self.env._("Their record was deleted."),
            "superseded": self.env._(
                "Newer messages about the same records replace them."
            ),
            "building": self.env._(
                "Newer messages about the same records are being built. Repeat this "
                "in a minute."
            ),
        }

    # === SELECTION OF MESSAGES === #

    def _matching(self):
        """Return ``interop.message`` with the rights of the user who requested this."""
        self.ensure_one()
        user = self.requested_by_id or self.env.user
        # By id, because the user may have selected only some of the facilities in the
        # company switcher, and could not read the others.
        own = set(user._get_company_ids())
        allowed = [
            company_id for company_id in self.company_id.ids if company_id in own
        ]
        context = {"allowed_company_ids": allowed}
        return self.env(user=user, su=False, context=context)["interop.message"]

    def _domain(self):
        """Return the domain of the messages of this replay."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id or False)
        if self.scope:
            wanted = Domain.OR(
                Domain([(name, "=", value) for name, value in item.items()])
                for item in self.scope
            )
            return domain & wanted & Domain("state", "in", const.FAILED_STATES)
        states = {"done": ["done"], "failed": list(const.FAILED_STATES)}
        domain &= Domain("direction", "=", "out") & Domain("test", "=", False)
        domain &= Domain(
            "state",
            "in",
            states.get(self.message_states) or states["done"] + states["failed"],
        )
        interfaces = self._interfaces()
        if interfaces is not None:
            domain &= Domain("interface_id", "in", interfaces.ids)
        if self.contract_ids:
            domain &= Domain("contract_id", "in", self.contract_ids.ids)
        if self.date_from:
            domain &= Domain("create_date", ">=", self.date_from)
        if self.date_to:
            domain &= Domain("create_date", "<", self.date_to)
        return domain

    def _interfaces(self):
        """Return the selected interfaces, ``None`` for all."""
        self.ensure_one()
        interfaces = self.interface_ids._origin or None
        endpoints = self.endpoint_ids._origin
        if not endpoints:
            return interfaces
        served = self.env["interop.interface"].search(
            [("endpoint_id", "in", endpoints.ids)]
        )
        return served if interfaces is None else served & interfaces

    @api.constrains("operation", "message_states")
    def _check_operation(self):
        for replay in self:
            if replay.operation != "send" and replay.message_states != "failed":
                raise UserError(
                    self.env._(
                        "Only failed messages can be closed or rebuilt. Choose failed "
                        "messages."
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for replay in self:
            if replay.date_from and replay.date_to:
                if replay.date_from >= replay.date_to:
                    raise UserError(
                        self.env._(
                            "The period ends before it starts. Choose a later end."
                        )
                    )

    @api.onchange("operation")
    def _onchange_operation(self):
        if self.operation != "send":
            self.message_states = "failed"

    def _fixed_fields(self):
        """Return the fields that cannot change after the start."""
        return FILTERS

    def write(self, vals):
        """Refuse changes of the selection after the start; the speed may change."""
        if self._fixed_fields() & vals.keys() and any(
            replay.state != "draft" for replay in self
        ):
            raise UserError(
                self.env._(
                    "This replay was started, so its selection cannot change. Create a "
                    "new replay for other messages."
                )
            )
        return super().write(vals)

    # === TRANSITIONS === #

    def _set_running(self):
        """Start, or resume after a pause."""
        for replay in self.filtered(lambda item: item.state == "draft"):
            [(count, last)] = replay._matching()._read_group(
                replay._domain(), aggregates=["__count", "id:max"]
            )
            replay._transition(
                {
                    "total_count": count,
                    "upto_id": last or 0,
                    "started_at": clock.now(),
                }
            )
        return self._set_state("running", ("draft", "paused"), pause_reason=False)

    def _set_paused(self, reason):
        """Stop after the current batch; messages that are already due are sent."""
        return self._set_state("paused", ("running",), pause_reason=reason)

    def _set_cancelled(self):
        """Cancel the replay; the remaining messages stay as they are."""
        return self._set_state(
            "cancelled", ("draft", "running", "paused"), finished_at=clock.now()
        )

    def _set_done(self):
        """Finish the replay after its last message."""
        return self._set_state("done", ("running",), finished_at=clock.now())

    # === ACTIONS === #

    def _check_may_control(self):
        """Check that the user requested the replays or is an operator."""
        self.check_access("read")
        if any(replay.requested_by_id != self.env.user for replay in self):
            self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.env["interop.guard"]._require_group("interop_base_group_user")

    def action_start(self):
        """Start a draft with the rights of the current user."""
        self._check_may_control()
        if any(replay.state != "draft" for replay in self):
            raise UserError(
                self.env._(
                    "This replay was started already. Create a new replay to repeat it."
                )
            )
        self._transition_sudo({"requested_by_id": self.env.uid})
        return self._go_on(self.env._("started"))

    def action_resume(self):
        """Resume after a pause."""
        self._check_may_control()
        return self._go_on(self.env._("resumed"))

    def _go_on(self, word):
        replays_sudo = self.sudo()  # sudo: the caller has checked the rights
        moved_sudo = replays_sudo._set_running()
        action = "closed" if self[:1].operation == "close" else "replayed"
        for replay_sudo in moved_sudo:
            detail = self.env._(
                "%(word)s: %(count)s messages", word=word, count=replay_sudo.total_count
            )
            self._log(replay_sudo, action, detail)
            replay_sudo._enqueue()
        return True

    def action_pause(self):
        """Pause; messages that are already due are sent."""
        self._check_may_control()
        text = self.env._("Paused by %s.", self.env.user.name)
        # sudo: the rights were checked
        for replay_sudo in self.sudo()._set_paused(text):
            self._log(replay_sudo, "transition", self.env._("paused"))
        return True

    def action_cancel(self):
        """Cancel the replay; the remaining messages stay as they are."""
        self._check_may_control()
        # sudo: the rights were checked
        for replay_sudo in self.sudo()._set_cancelled():
            self._log(replay_sudo, "transition", self.env._("cancelled"))
        return True

    def _transition_sudo(self, vals):
        self.sudo()._transition(vals)  # sudo: the caller has checked the rights

    @api.model
    def _log(self, replay_sudo, action, detail):
        self.env["interop.audit.event"]._log(action, replay_sudo, detail)

    # === RUNNING === #

    def _enqueue(self, seconds=0):
        """Queue the next batch, once, in ``seconds`` from now."""
        self.ensure_one()
        user = self.env.ref("interop_base.user_integration")
        # sudo: the engine runs the job; the requesting user's rights find the messages
        job_sudo = self.with_env(self.env(user=user, su=True, context={}))
        job_sudo.with_delay(
            identity_key=f"interop.replay.{self.id}.{self.cursor_id}",
            eta=clock.now() + timedelta(seconds=seconds) if seconds else None,
            description="Replay integration messages",
        )._run_batch()

    def _run_batch(self):
        """Handle one batch and queue the next batch (queue_job)."""
        self.ensure_one()
        if not self.try_lock_for_update() or self.state != "running":
            return  # another worker runs the batch, or the replay was paused
        try:
            with self.env.cr.savepoint():
                problem = self._problem()
                if problem:
                    self._set_paused(problem)
                    return
                more, seconds = self._handle_batch()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # queue_job repeats the whole batch
        except Exception as error:  # noqa: BLE001 (handlers may raise anything)
            # A retry every minute would fail again. Only the type is logged, because the
            # text may hold content.
            kind = type(error).__name__
            _logger.error("replay %s failed: %s", self.id, kind)
            self.env.invalidate_all(flush=False)
            self._set_paused(
                self.env._(
                    "A batch failed (%s). Look for the cause in the server log, then "
                    "resume.",
                    kind,
                )
            )
            return
        if more:
            self._enqueue(seconds)
            return
        self._set_done()
        self._log(
            self,
            "closed" if self.operation == "close" else "replayed",
            self.env._(
                "finished: %(moved)s handled, %(skipped)s skipped",
                moved=self.moved_count,
                skipped=self.skipped_count,
            ),
        )

    def _problem(self):
        """Return the reason why the replay must not continue, or ``""``."""
        user = self.requested_by_id
        allowed = user.active and user.has_group("interop_base.interop_base_group_user")
        if not allowed and not user._is_superuser():
            return self.env._(
                "User %s no longer has the right to run replays. Cancel this replay and "
                "create a new one.",
                user.name,
            )
        return "\n".join(self.env["interop.guard"]._problems())

    def _handle_batch(self):
        """Handle one batch; returns ``(whether more is left, seconds until then)``."""
        closing = self.operation == "close"
        paced = self.per_second and not closing
        size = min(BATCH, self.per_second * WINDOW) if paced else BATCH
        fates = self._fates(size)
        ids = [message_id for found in fates.values() for message_id in found]
        moved, skipped = self._apply_fates(
            fates, 1.0 / self.per_second if paced else 0.0
        )
        if ids:
            self._transition(
                {
                    "cursor_id": max(ids),
                    "moved_count": self.moved_count + moved,
                    "skipped_count": self.skipped_count
                    + sum(map(len, skipped.values())),
                    "skipped": self._add_skipped(skipped),
                }
            )
        return len(ids) == size, len(ids) / self.per_second if paced else 0

    def _fates(self, size):
        """Return ``{treatment: message ids}`` of the next ``size`` messages."""
        domain = self._domain() & Domain(
            [("id", ">", self.cursor_id), ("id", "<=", self.upto_id)]
        )
        query = self._matching()._search(domain, order="id", limit=size)
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    _FATES,
                    batch=query.select(),
                    closing=self.operation == "close",
                    rebuilding=self.operation == "rebuild",
                    capturing=list(const.CAPTURING_STATES),
                )
            )
        )

    def _apply_fates(self, fates, pause):
        """Move the messages; returns ``(number moved, {reason: ids skipped})``."""
        batch = MessageBatch(self.env)
        skipped = {name: fates[name] for name in ("unused", "purged") if name in fates}
        moved = 0
        if "close" in fates:
            moved += len(batch.close(fates["close"], self.reason))
        if "send" in fates:
            sent, refused = batch.send_again(fates["send"], pause)
            moved += len(sent)
            self._merge_refused(skipped, refused)
        if "rebuild" in fates:
            messages = self.env["interop.message"].browse(fates["rebuild"])
            rebuilt, refused = Rebuilding(messages).those_that_can()
            moved += len(rebuilt)
            self._merge_refused(skipped, refused)
        return moved, skipped

    @api.model
    def _merge_refused(self, skipped, refused):
        for reason, ids in refused.items():
            if ids:
                skipped[reason] = [*skipped.get(reason, ()), *ids]

    def _add_skipped(self, skipped):
        """Return the count and one example per reason, with those of earlier batches."""
        whole = dict(self.skipped or {})
        for reason, ids in skipped.items():
            known = whole.get(reason, {"count": 0})
            example = self.env["interop.message"].browse(ids[0]).external_id
            whole[reason] = {
                "count": known["count"] + len(ids),
                "example": known.get("example") or example,
            }
        return whole

    # === AFTER A CRASH === #

    @api.model
    def _cron_continue(self):
        """Queue running replays whose job was lost; the identity key prevents duplicates."""
        lost = clock.database_now(self.env.cr) - timedelta(seconds=LOST_AFTER)
        for replay in self.search(
            [("state", "=", "running"), ("write_date", "<", lost)]
        ):
            replay._enqueue()

    # === MANY FAILED MESSAGES AT ONCE === #

    @api.model
    @api.private
    def _start_for(self, operation, company, scope, reason):
        """Start to handle failed messages now, with the rights of the current user.

        :param str operation: ``send`` or ``close``
        :param company: their facility, may be empty
        :param list scope: dicts of message fields and values; one of them has to match
        :param str reason: reason for the audit trail
        :returns: the replay
        """
        # sudo: the caller has checked the rights; users cannot create replays directly
        replay_sudo = self.sudo().create(
            {
                "reason": reason,
                "operation": operation,
                "company_id": company.id,
                "message_states": "failed",
            }
        )
        replay_sudo._transition({"scope": scope})
        replay_sudo._go_on(self.env._("started"))
        return replay_sudo.sudo(False)

    def _action_show(self):
        """Return the action that shows these replays and their progress."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "interop_base.interop_replay_action"
        )
        action.update(context={}, path=False)
        if len(self) == 1:
            return {**action, "res_id": self.id, "views": [(False, "form")]}
        return {**action, "domain": [("id", "in", self.ids)]}
