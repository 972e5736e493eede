"""The integration log: one message on one interface, in or out."""

import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ... import clock, const
from ...tools import field_report as report_tools
from ...tools import statement
from ..engine import origin
from ..engine.superseded import Superseded
from . import message_guidance, message_report
from . import message_moves as moves
from .message_actions import MessageActions, Rebuilding
from .message_batch import MessageBatch
from .message_effect import MessageEffect
from .message_leases import MessageLeases
from .message_order import MessageOrder
from .message_retention import MessageRetention
from .message_search import MessageSearch
from .message_state import MessageClaims, MessageState

_logger = logging.getLogger(__name__)


class InteropMessage(models.Model):
    """Store a message: log entry, guard against repetition and idempotency record.

    Only the engine writes rows, and only ``_move`` writes their state. Collaborators do
    the larger tasks: ``MessageLeases`` (the pump), ``MessageEffect`` (applying),
    ``MessageActions`` (buttons), ``CatchUp`` (receivers).
    """

    _name = "interop.message"
    _description = "Message"
    _inherit = [
        "interop.state.mixin",
        "interop.message.record.mixin",
        "interop.message.group.mixin",
    ]
    _order = "id desc"
    _rec_name = "external_id"

    direction = fields.Selection(const.DIRECTIONS, required=True, readonly=True)
    interface_id = fields.Many2one(
        "interop.interface", required=True, readonly=True, ondelete="restrict"
    )
    system_id = fields.Many2one(
        "interop.system", required=True, readonly=True, ondelete="restrict"
    )
    client_id = fields.Many2one(
        "interop.client",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    contract_id = fields.Many2one(
        "interop.contract", readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", "Facility", readonly=True, ondelete="restrict"
    )
    external_id = fields.Char(
        "Message ID",
        required=True,
        readonly=True,
        help="The id of the message in both systems. Webhooks send it as webhook-id. Every "
        "retry has the same id.",
    )
    state = MessageState(
        const.MESSAGE_STATES, required=True, readonly=True, default="pending"
    )
    is_withdrawn = fields.Boolean(
        "Skipped or Cancelled",
        readonly=True,
        copy=False,
        help="The message ended without being delivered or applied.",
    )
    data_class = fields.Selection(const.DATA_CLASSES, required=True, readonly=True)
    test = fields.Boolean(
        readonly=True, help="Receivers verify a test message and do nothing else."
    )
    # --- engine ---
    lane = fields.Char(required=True, readonly=True)
    next_attempt_at = fields.Datetime("Next Attempt", compute="_compute_queue")
    waiting_reason = fields.Char(
        compute="_compute_waiting",
        help="The reason why this message waits, and the next step.",
    )
    waiting_until = fields.Datetime(
        compute="_compute_waiting",
        help="The time of the next attempt. Empty if the message is due now, or if a user "
        "has to act first.",
    )
    is_held = fields.Boolean(
        "Held Back",
        compute="_compute_waiting",
        help="A stop, the environment, the interface or the receiver prevents this "
        "message from moving.",
    )
    endpoint_id = fields.Many2one(related="interface_id.endpoint_id")
    blocked_by_id = fields.Many2one("interop.message", compute="_compute_blocked")
    blocked_since = fields.Datetime(compute="_compute_blocked")
    blocked_reason = fields.Char("Blocking Reason", compute="_compute_blocked")
    blocking_count = fields.Integer("Blocked Messages", compute="_compute_blocking")
    blocking_since = fields.Datetime(compute="_compute_blocking")
    lease_token = fields.Char("Lease", compute="_compute_queue")
    lease_until = fields.Datetime("Lease Ends", compute="_compute_queue")
    try_count = MessageClaims("Claims", readonly=True)
    attempt_count = fields.Integer("Attempts", readonly=True)
    # --- failure ---
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_kind = fields.Selection(const.ERROR_KINDS, readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Text("Reason", readonly=True)
    error_pointer = fields.Char(
        "Error Location",
        readonly=True,
        help="JSON Pointer (RFC 6901) to the invalid member. Empty if it is not known.",
    )
    cause = fields.Char(
        readonly=True, help="Failures with one cause have the same fingerprint."
    )
    owner_user_id = fields.Many2one(
        "res.users", "Owner", readonly=True, ondelete="restrict"
    )
    owner_team_id = fields.Many2one(
        "interop.team", "Owning Team", readonly=True, ondelete="restrict"
    )
    next_step = fields.Char(compute="_compute_next_step")
    next_action = fields.Selection(
        message_guidance.NEXT_ACTIONS,
        compute="_compute_next_action",
        help="The button for the next step.",
    )
    # --- replaced ---
    superseded_by_id = fields.Many2one(
        "interop.message",
        "Replaced By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The newer message about the same record. It replaces this skipped message.",
    )
    newer_id = fields.Many2one(
        "interop.message",
        "Newer Message",
        compute="_compute_newer",
        help="The newest message about the same record.",
    )
    is_superseded = fields.Boolean(
        "Replaced",
        compute="_compute_newer",
        help="A newer message about the same record exists. A retry skips this message, "
        "because its content would overwrite newer content.",
    )
    # --- tracing ---
    correlation_id = fields.Char(readonly=True)
    causation_id = fields.Char(readonly=True)
    traceparent = fields.Char("Trace Context", readonly=True)
    sequence = fields.Integer(readonly=True)
    epoch = fields.Integer(readonly=True)
    ordering_key = fields.Char(readonly=True)
    parent_id = fields.Many2one(
        "interop.message", "Resubmission Of", readonly=True, ondelete="set null"
    )
    child_ids = fields.One2many("interop.message", "parent_id", "Resubmissions")
    is_resubmitted = fields.Boolean(
        "Resubmitted",
        compute="_compute_resubmission",
        help="A new message was built from the record, or is being built.",
    )
    resubmission_id = fields.Many2one(
        "interop.message",
        "New Message",
        compute="_compute_resubmission",
        help="The latest message that was built again from the record of this message.",
    )
    may_view_payload = fields.Boolean(
        compute="_compute_may_view_payload",
        help="Whether you have the right to view the content.",
    )
    # --- what it is about, see the mixin ---
    business_key = fields.Char(
        readonly=True,
        help="The number by which users know it. Empty for protected data classes.",
    )
    business_key_index = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    search_key = fields.Char(
        "Business Key Search",
        compute="_compute_search_key",
        search="_search_search_key",
    )
    search_all = fields.Char(
        "ID, Record or Number",
        compute="_compute_search_key",
        search="_search_search_all",
        help="Finds a message by its ID, its correlation ID, its number or key, or the "
        "name of its record.",
    )
    # --- content ---
    payload_id = fields.Many2one(
        "interop.payload", readonly=True, ondelete="set null", copy=False
    )
    size = fields.Integer("Size (bytes)", readonly=True)
    body_hash = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    answer_status = fields.Integer("Answer", readonly=True)
    answer_body = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    field_report = fields.Json(readonly=True, copy=False)
    has_field_notes = fields.Boolean(
        "Has Field Exceptions",
        readonly=True,
        copy=False,
        help="At least one value was ignored, rejected, or accepted from a system that "
        "is not its system of record.",
    )
    field_report_html = fields.Html(
        "Field Outcomes", compute="_compute_field_report_html"
    )
    # --- times ---
    occurred_at = fields.Datetime("Occurred", readonly=True)
    first_attempt_at = fields.Datetime("First Attempt", readonly=True)
    done_at = fields.Datetime("Finished", readonly=True)
    attempt_ids = fields.One2many("interop.attempt", "message_id", "Timeline")

    # The log row is inserted once and updated once: no index names a column that changes
    # when a message is delivered, so that the update stays within the page of the row. What
    # is open is found in the queue. An index of few rows costs other messages nothing.

    # One index serves two purposes. Inbound messages have no interface in it. Their unique
    # index follows.
    _outbound_external_id_uniq = models.UniqueIndex(
        "(external_id, (CASE WHEN direction = 'out' THEN interface_id END))",
        "A message with this id already exists on this interface.",
    )
    _inbound_external_id_uniq = models.UniqueIndex(
        "(client_id, external_id) WHERE direction = 'in'",
        "This client has already sent a message with this id.",
    )
    # A reconciliation and the log search by time. Rows are stored roughly in that order.
    _occurred_idx = models.Index("USING brin (occurred_at) WITH (pages_per_range = 32)")
    _created_idx = models.Index("USING brin (create_date) WITH (pages_per_range = 32)")
    _inbound_known = models.Constraint(
        "CHECK (direction <> 'in' OR (client_id IS NOT NULL AND external_id IS NOT "
        "NULL))",
        "An inbound message must have a sender and an id.",
    )
    _company_known = models.Constraint(
        "CHECK (company_id IS NOT NULL OR direction = 'in')",
        "An outbound message must belong to a facility.",
    )
    _interface_idx = models.Index("(interface_id, id)")
    _record_idx = models.Index("(res_model, res_id)")
    _business_prefix_idx = models.Index(
        "(lower(business_key) text_pattern_ops) WHERE business_key IS NOT NULL"
    )
    _business_blind_idx = models.Index(
        "(business_key_index) WHERE business_key_index IS NOT NULL"
    )
    _correlation_idx = models.Index("(correlation_id) WHERE correlation_id IS NOT NULL")
    _payload_idx = models.Index("(payload_id) WHERE payload_id IS NOT NULL")
    _stream_idx = models.Index(
        "(interface_id, epoch, sequence) WHERE direction = 'out' AND sequence > 0"
    )
    # What the log is grouped by; equal entries are stored once.
    _group_idx = models.Index(
        "(company_id, interface_id, system_id, contract_id, owner_user_id, owner_team_id,"
        " error_class, cause)"
    )
    # Few rows.
    _kind_idx = models.Index("(error_kind, id) WHERE error_kind IS NOT NULL")
    _error_idx = models.Index("(error_class) WHERE error_class IS NOT NULL")
    _cause_idx = models.Index("(cause) WHERE cause IS NOT NULL")
    _owner_idx = models.Index("(owner_user_id) WHERE owner_user_id IS NOT NULL")
    _team_idx = models.Index("(owner_team_id) WHERE owner_team_id IS NOT NULL")
    _withdrawn_idx = models.Index("(id) WHERE is_withdrawn")
    _test_idx = models.Index("(id) WHERE test")
    _parent_idx = models.Index("(parent_id) WHERE parent_id IS NOT NULL")
    _field_notes_idx = models.Index("(id) WHERE has_field_notes")

    # === COMPUTE METHODS === #

    @api.depends("state", "direction", "error_class", "error_kind", "is_superseded")
    def _compute_next_step(self):
        steps = message_guidance.next_steps(self.env)
        for message in self:
            failed = message.state in const.FAILED_STATES
            message.next_step = failed and message_guidance.next_step_of(message, steps)

    @api.depends("child_ids", "state")
    @api.depends_context("uid")
    def _compute_resubmission(self):
        newest, building = Rebuilding(self._origin).found()
        for message in self:
            child = self.browse(newest.get(message._origin.id) or ())
            message.is_resubmitted = child or message._origin.id in building
            message.resubmission_id = child._filtered_access("read")

    @api.depends("data_class")
    @api.depends_context("uid")
    def _compute_may_view_payload(self):
        for item in self:
            item.may_view_payload = MessageActions(item).may_view_payload()

    @api.depends("state", "attempt_count")
    def _compute_queue(self):
        """Read the rows of the queue, in one statement for all messages."""
        rows = self.env["interop.queue"]._rows(self._origin.ids)
        for message in self:
            row = rows.get(message._origin.id, {})
            message.next_attempt_at = row.get("next_attempt_at")
            message.lease_token = row.get("lease_token")
            message.lease_until = row.get("lease_until")

    @api.depends("state", "attempt_count", "next_attempt_at", "interface_id", "test")
    @api.depends_context("uid", "lang", "tz")
    def _compute_waiting(self):
        """Look it up once per interface and facility, because lists show it."""
        now, known = clock.database_now(self.env.cr), {}
        for message in self:
            # sudo: each user who may see the message may see the reason
            found = message_guidance.waiting(message.sudo(), now, known)
            message.waiting_reason, message.waiting_until, message.is_held = found

    def _compute_blocked(self):
        for message in self:
            first = MessageOrder(message).first()
            # A user without access to the first message still sees the date.
            message.blocked_by_id = first._filtered_access("read")
            message.blocked_since = first and message.create_date
            message.blocked_reason = message.blocked_by_id.waiting_reason

    def _compute_blocking(self):
        for message in self:
            count, since = MessageOrder(message).behind()
            message.blocking_count, message.blocking_since = count, since

    @api.depends("next_step", "direction", "error_class", "error_kind", "is_superseded")
    def _compute_next_action(self):
        for message in self:
            message.next_action = message_guidance.next_action_of(message)

    @api.depends("state", "superseded_by_id")
    @api.depends_context("uid")
    def _compute_newer(self):
        failed = self.filtered(lambda item: item.state in const.FAILED_STATES)
        newer = Superseded(self.env).newer(failed._origin.ids) if failed else {}
        for message in self:
            found = self.browse(newer.get(message._origin.id, ()))
            # sudo: a user who sees this message may know that a newer one exists
            found = found or message.sudo().superseded_by_id.sudo(False)
            message.is_superseded = bool(found)
            message.newer_id = found._filtered_access("read")

    @api.depends("business_key")
    def _compute_search_key(self):
        for message in self:
            message.search_key = message.search_all = message.business_key

    def _search_search_key(self, operator, value):
        return MessageSearch(self).by_key(operator, value)

    def _search_search_all(self, operator, value):
        return MessageSearch(self).by_anything(operator, value)

    @api.depends("field_report")
    @api.depends_context("lang")
    def _compute_field_report_html(self):
        for message in self:
            report = message.field_report or []
            message.field_report_html = message_report.table(self.env, report)

    @api.model
    @api.private
    def _action_log(self, domain):
        """Return the action that opens the log with the messages of ``domain``."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        return {**action, "domain": domain, "context": {}}

    def _payload_bytes(self):
        """Return the exact bytes of the content, ``None`` if it is not stored."""
        self.ensure_one()
        # sudo: columns of the content are closed to every group
        return self.sudo().payload_id._read() if self.payload_id else None

    # === STATES === #

    @api.private
    def _move(self, move, values=None, source=None, fence=None, returning=None):
        """Write the state of messages with the other columns of the move.

        Only this method writes the state. One statement moves the messages whose state
        in the database allows the move. Then it calls ``_after_move``. The rows of the
        queue are locked first, therefore they decide.

        :param move: ``message_moves.Move``
        :param dict values: more columns, as in ``Move.columns``, which they replace; of the
            queue for a move that only the queue sees
        :param SQL source: query of the rows ``v``: ``id`` and what the columns name; by
            default these messages
        :param SQL fence: another condition on ``q`` and ``v``
        :param SQL returning: columns to return, of ``m`` and ``v`` (of ``m`` and ``q`` for
            a move that only the queue sees)
        :returns: the messages that moved, or their ``returning`` columns
        """
        if source is None:
            source = SQL("SELECT unnest((SELECT %s::int[])) AS id", list(self.ids))
        self.flush_model()
        queue, values = self.env["interop.queue"], values or {}
        wanted = returning or SQL("NULL")
        if move.columns is None:
            query = moves.in_queue(queue, move, values, source, wanted)
        else:
            query = SQL(
                """WITH v AS MATERIALIZED (%s), %s
                 UPDATE interop_message m SET state = %s, %s FROM moved v
                  WHERE m.id = v.id AND m.id = ANY(ARRAY(SELECT id FROM moved))
                    AND (v.queued OR m.state = ANY(%s))
              RETURNING m.id, m.state, v.queued, %s, %s""",
                source,
                moves.through_queue(queue, move, values, fence),
                move.state,
                moves.assignments(
                    self, {**move.columns, **values, **moves.stamps(self.env)}
                ),
                list(move.allowed),
                move.queue.get("next_attempt_at") or SQL("NULL"),
                wanted,
            )
        self.env.cr.execute(query, log_exceptions=False)
        rows = self.env.cr.fetchall()
        entering = sorted((row[0], row[3]) for row in rows if not row[2])
        if entering and not move.ends:
            queue._enqueue(*zip(*entering, strict=True))
        self.invalidate_model(flush=False)
        queue.invalidate_model(flush=False)
        for state in sorted({row[1] for row in rows}):
            ids = sorted(row[0] for row in rows if row[1] == state)
            self.browse(ids)._after_move(state)
        if rows and move.wakes:
            self.env["interop.pump"]._arm_after_commit()
        if returning:
            return [row[4:] for row in rows]
        return self.browse(sorted(row[0] for row in rows))

    def _after_move(self, state):
        """Hook: update records that depend on messages that moved to ``state``.

        Called by ``_move`` after each statement that moved messages, once per state, in
        the same transaction. Buttons, replays, receipts, decisions and the pump move
        messages, up to hundreds in one call. An override updates dependent records with
        one or two statements for all of them.

        An override calls ``super()``. It must not move these messages again, commit,
        call the network or read each message separately.

        :param str state: state of all of them
        """

    def _transition(self, vals):
        """Refuse, because only ``_move`` writes the state."""
        raise AccessError(self._guarded_message("state"))

    def _make(self, move, **values):
        """Move all of these messages. A repeated move is logged and has no effect.

        :raises UserError: one is in a state from which ``move`` does not start
        :returns: the messages that moved
        """
        moving = self
        if move.state not in move.allowed:
            repeated = self.filtered(lambda message: message.state == move.state)
            if repeated:
                _logger.info("messages %s are %s already", repeated.ids, move.state)
            moving -= repeated
        moving._check_moves(move.state, move.allowed)
        return moving._move(move, values) if moving else moving

    def _set_done(self, record=None, answer_status=None, answer_body=None, **vals):
        """Set messages to done: they were applied, or the receiver confirmed them."""
        if record:
            vals.update(res_model=record._name, res_id=record.id)
        if answer_status:
            vals.update(answer_status=answer_status, answer_body=answer_body)
        return self._make(moves.DONE, **vals)

    def _failure_values(self, error_class, code, text):
        """Return the columns of a failure, with its owner."""
        self.ensure_one()
        return moves.failure(self.interface_id, error_class, code, text)

    def _set_failed(self, move, error_class, code, text, **vals):
        """Make ``move`` because of a failure; see ``_make``."""
        for messages in self.grouped("interface_id").values():
            failure = messages[:1]._failure_values(error_class, code, text)
            messages._make(move, **{**failure, **vals})
        return self

    def _set_dead(self, error_class, code, text, **vals):
        """Set messages to failed. No retry follows until their owner acts."""
        return self._set_failed(moves.DEAD, error_class, code, text, **vals)

    def _set_parked(self, error_class, code, text, **vals):
        """Park messages until a user decides."""
        return self._set_failed(moves.PARKED, error_class, code, text, **vals)

    def _set_skipped(self, reason, **vals):
        """Skip messages deliberately. The reason is stored."""
        return self._make(moves.SKIPPED, error_message=reason, **vals)

    def _set_cancelled(self, reason):
        """Cancel messages for a reason. The messages that they held back continue."""
        return self._make(moves.CANCELLED, error_message=reason)

    def _set_pending(self, old_content=False):
        """Retry from the start of the schedule, with the same id and the same bytes.

        A message is skipped if a newer message about the same record replaces it. It stays
        as it is if the newer message is not built yet.

        :param bool old_content: a user asked to send it although a newer one exists
        """
        if old_content:
            return self._make(moves.RETRIED_OLD)
        aside = MessageBatch(self.env).set_old_aside(self.ids)
        return (self - self.browse(aside))._make(moves.RETRIED)

    # === THE PUMP === #

    def _retry_delay(self, result):
        """Hook: decide when a message is retried.

        Called for each result that is not final, in the transaction that records it, before
        anything is written. The default asks the interface's retry policy. Override it
        for messages that follow no schedule.

        An override must not write; it is called for messages whose lease may be lost.

        :param result: ``engine_types.Result``; ``retry`` or ``deferred``
        :returns: ``(state, seconds)``: ``pending`` again, or ``dead`` when the budget is
            spent (``None`` seconds)
        """
        self.ensure_one()
        return MessageLeases(self.env).scheduled(self, result)

    # === APPLYING === #

    def _service_user(self):
        """Hook: return the user with whose rights an inbound message is applied.

        Called before each attempt. The default is the user of the client, with its
        current rights, or the integration user for a message without a client. An
        override must not return a user with more rights than the sender.
        """
        self.ensure_one()
        return MessageEffect(self).service_user()

    def _note_refusal(self, error):
        """Hook: record a decision that users have to make after a refusal.

        Called once per attempt that ended with a ``HandledError``, after the rollback and
        the move to its end state. The default does nothing. An override calls
        ``super()`` and must not move the message.

        :param error: ``HandledError``; ``question`` describes the decision
        """

    @api.private
    def _apply_now(self, data=None, started=None):
        """Apply one inbound message; see ``MessageEffect.apply``. Return it."""
        MessageEffect(self, started).apply(data)
        return self

    @api.private
    def _statement(self):
        """Return the time of the values of this inbound message, and its order among the
        messages of its sender (``tools.statement``)."""
        self.ensure_one()
        return statement.build(
            self.occurred_at or None,
            self.create_date or clock.now(),
            self.sequence,
            self.epoch,
            self._origin.id,
        )

    @api.private
    def _note_fields(self, report):
        """Add entries to the report (``tools.field_report.entries``). While the message is
        applied, the report is written together with the outcome."""
        self.ensure_one()
        if not report or origin.add_to_report(self, report):
            return
        # sudo: the service user has no right to write the log
        message_sudo = self.sudo()
        whole = (message_sudo.field_report or []) + report
        message_sudo.write(message_report.columns(whole))

    @api.private
    def _answer_fields(self):
        """Return the report for the sender, without internal ids and values."""
        self.ensure_one()
        return report_tools.public_entries(self.field_report or [])

    @api.model
    @api.private
    def _field_sources(self, model, ids, since):
        """Hook: return ``{(record id, field): (source, reference, moment)}`` of the values
        that messages set since a moment.

        Called before a user undoes a merge of records: these values stay. An override
        adds sources that are more exact than the reports. The caller filters them by the
        rights of the user.

        :param datetime since: naive, in UTC
        :returns: ``source`` is a record in superuser mode with ``system_id`` and
            ``company_id``; ``reference`` is the id of the message, as text
        """
        return message_report.sources(self.env, model, ids, since)

    # === BUTTONS === #

    def action_retry(self):
        """Retry failed messages with the same id and the same bytes."""
        return MessageActions(self).retry()

    def action_resubmit(self):
        """Build failed outbound messages again from their corrected records."""
        return MessageActions(self).resubmit()

    def action_cancel(self):
        """Cancel waiting or failed messages."""
        return MessageActions(self).cancel()

    def action_skip_superseded(self):
        """Skip failed messages that newer messages about the same records replace."""
        return MessageActions(self).skip_superseded()

    def action_send_superseded(self):
        """Send one message although a newer one replaces it (operators)."""
        return MessageActions(self).send_superseded()

    def action_close(self):
        """Ask for the reason, then close failed messages."""
        return MessageActions(self).ask_to_close()

    def _close(self, reason):
        """Close the failed ones of these messages. Return their number."""
        return MessageActions(self).close(reason)

    def action_view_payload(self):
        """Show the content to users with the right to it. Record the access."""
        return MessageActions(self).view_payload()

    def action_view_resubmission(self):
        """Open the message that was built again from the same record."""
        return MessageActions(self).view_resubmission()

    def action_view_resource(self):
        """Open the record that the message is about, under the user's own rights."""
        return MessageActions(self).view_resource()

    @api.autovacuum
    def _gc_payloads(self):
        return MessageRetention(self.env).remove_payloads()

    @api.autovacuum
    def _gc_messages(self):
        return MessageRetention(self.env).remove_messages()

    # === GUARDS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Put open messages into the queue. The engine inserts with SQL and does the
        same."""
        messages = super().create(vals_list)
        waiting = messages.filtered(lambda item: item.state in const.OPEN_STATES)
        self.env["interop.queue"]._enqueue(waiting.ids)
        return messages

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Messages cannot be deleted manually. Retention deletes them.")
        )
