"""The integration log: one message on one interface, in or out."""

import hashlib
import re
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ... import clock, const
from ..engine.superseded import Superseded
from .message_order import MessageOrder

MAX_KEY = 255  # characters of a key in clear
FEW_FOUND = 1000  # messages that a search by business key names one by one


class InteropMessage(models.Model):
    """Log line, replay guard and idempotency record at once.

    Rows are written by the engine only; every move between states is a transition in
    ``interop_message_transition.py`` or a claim in ``interop_message_claim.py``.
    """

    _name = "interop.message"
    _description = "Message"
    _inherit = ["interop.state.mixin"]
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
        "interop.contract", readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        "res.company", "Facility", readonly=True, ondelete="restrict"
    )
    external_id = fields.Char(
        "Message ID",
        required=True,
        readonly=True,
        help="The id that both sides know: webhook-id, the same for every retry.",
    )
    state = fields.Selection(
        const.MESSAGE_STATES, required=True, readonly=True, default="pending"
    )
    data_class = fields.Selection(const.DATA_CLASSES, required=True, readonly=True)
    test = fields.Boolean(
        readonly=True, help="A test message: receivers verify it and do nothing else."
    )
    # --- engine ---
    lane = fields.Char(required=True, readonly=True)
    next_attempt_at = fields.Datetime("Next Try", readonly=True)
    waiting_reason = fields.Char(
        "Why It Waits",
        compute="_compute_waiting",
        help="The reason why this message waits, and the next step.",
    )
    waiting_until = fields.Datetime(
        "Waits Until",
        compute="_compute_waiting",
        help="When the next try is due. Empty when the message is due now, or when a "
        "person has to act first.",
    )
    is_held = fields.Boolean(
        "Held Back",
        compute="_compute_waiting",
        help="A stop, the environment, the interface or the receiver keeps this "
        "message back.",
    )
    endpoint_id = fields.Many2one(related="interface_id.endpoint_id")
    blocked_by_id = fields.Many2one("interop.message", compute="_compute_blocked")
    blocked_since = fields.Datetime(compute="_compute_blocked")
    blocked_reason = fields.Char("Why That One Waits", compute="_compute_blocked")
    blocking_count = fields.Integer("Holds Back", compute="_compute_blocking")
    blocking_since = fields.Datetime("Holds Back Since", compute="_compute_blocking")
    lease_token = fields.Char(readonly=True, copy=False)
    lease_until = fields.Datetime(readonly=True, copy=False)
    try_count = fields.Integer("Times Claimed", readonly=True)
    attempt_count = fields.Integer("Tries", readonly=True)
    # --- failure ---
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_kind = fields.Selection(const.ERROR_KINDS, readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Text("What Happened", readonly=True)
    error_pointer = fields.Char(
        "Where",
        readonly=True,
        help="JSON Pointer (RFC 6901) of the member that is wrong, where one is known.",
    )
    cause = fields.Char(
        readonly=True, help="Fingerprint: failures with the same cause have the same."
    )
    owner_user_id = fields.Many2one(
        "res.users", "Owner", readonly=True, ondelete="restrict"
    )
    owner_team_id = fields.Many2one(
        "interop.team", "Owning Team", readonly=True, ondelete="restrict"
    )
    next_step = fields.Char(compute="_compute_next_step")
    next_action = fields.Selection(
        [
            ("retry", "Retry"),
            ("resubmit", "Resubmit"),
            ("skip", "Skip"),
            ("none", "None"),
        ],
        compute="_compute_next_action",
        help="The button that the next step asks for.",
    )
    # --- replaced ---
    superseded_by_id = fields.Many2one(
        "interop.message",
        "Replaced By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The newer message about the same record for which this one was skipped.",
    )
    newer_id = fields.Many2one(
        "interop.message",
        "Newer Message",
        compute="_compute_newer",
        help="The newest message about the same record. Its content is more recent.",
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
        help="Whether you have the access right to see the content.",
    )
    # --- what it is about ---
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", readonly=True
    )
    resource_ref = fields.Reference(
        selection="_selection_resource_ref",
        string="Record",
        compute="_compute_resource_ref",
    )
    resource_name = fields.Char("Record Name", compute="_compute_resource_name")
    business_key = fields.Char(
        readonly=True, help="What users know it by. Hidden for protected data classes."
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
    # --- times ---
    occurred_at = fields.Datetime("Occurred", readonly=True)
    first_attempt_at = fields.Datetime("First Try", readonly=True)
    done_at = fields.Datetime("Finished", readonly=True)
    attempt_ids = fields.One2many("interop.attempt", "message_id", "Timeline")

    # Each index is written three times per delivery. One serves two ends here: inbound
    # messages, with a rule of their own, have no interface in it and never collide.
    _outbound_external_id_uniq = models.UniqueIndex(
        "(external_id, (CASE WHEN direction = 'out' THEN interface_id END))",
        "A message with this id exists on this interface.",
    )
    _inbound_external_id_uniq = models.UniqueIndex(
        "(client_id, external_id) WHERE direction = 'in'",
        "This client has sent a message with this id already.",
    )
    # A reconciliation asks for a span of time; rows are stored about in that order.
    _occurred_idx = models.Index("USING brin (occurred_at) WITH (pages_per_range = 32)")
    _inbound_known = models.Constraint(
        "CHECK (direction <> 'in' OR (client_id IS NOT NULL AND external_id IS NOT "
        "NULL))",
        "An inbound message has a sender and an id.",
    )
    _company_known = models.Constraint(
        "CHECK (company_id IS NOT NULL OR direction = 'in')",
        "An outbound message belongs to a facility.",
    )
    _due_idx = models.Index(
        "(lane, (attempt_count = 0), next_attempt_at, id) WHERE state = 'pending'"
    )
    # What was with a dead worker: few, and looked for all the time.
    _suspect_idx = models.Index(
        "(lane, next_attempt_at, id)"
        " WHERE state = 'pending' AND try_count > attempt_count"
    )
    _ordered_idx = models.Index(
        "(lane, ordering_key, id)"
        " WHERE state IN ('pending', 'processing', 'dead', 'parked')"
    )
    _lease_idx = models.Index("(lease_until) WHERE state = 'processing'")
    _kind_idx = models.Index("(error_kind, id) WHERE error_kind IS NOT NULL")
    _test_idx = models.Index("(id) WHERE test")
    _waiting_test_idx = models.Index("(interface_id) WHERE test AND state = 'pending'")
    _failed_idx = models.Index("(id) WHERE state IN ('dead', 'parked')")
    _owner_idx = models.Index("(owner_user_id) WHERE owner_user_id IS NOT NULL")
    _team_idx = models.Index("(owner_team_id) WHERE owner_team_id IS NOT NULL")
    _state_idx = models.Index("(state, company_id)")
    _created_idx = models.Index("(create_date)")
    _interface_idx = models.Index("(interface_id, state)")
    _system_idx = models.Index("(system_id, id)")
    _record_idx = models.Index("(res_model, res_id)")
    _business_idx = models.Index("(business_key) WHERE business_key IS NOT NULL")
    _business_prefix_idx = models.Index(
        "(lower(business_key) text_pattern_ops) WHERE business_key IS NOT NULL"
    )
    _business_blind_idx = models.Index(
        "(business_key_index) WHERE business_key_index IS NOT NULL"
    )
    _correlation_idx = models.Index("(correlation_id) WHERE correlation_id IS NOT NULL")
    _cause_idx = models.Index("(cause) WHERE cause IS NOT NULL")
    _error_idx = models.Index("(error_class) WHERE error_class IS NOT NULL")
    _payload_idx = models.Index("(payload_id) WHERE payload_id IS NOT NULL")
    _parent_idx = models.Index("(parent_id) WHERE parent_id IS NOT NULL")

    # === COMPUTE METHODS === #

    @api.model
    def _selection_resource_ref(self):
        # sudo: model names are no secret, and users may not read ir.model
        models_sudo = self.env["ir.model"].sudo().search([("transient", "=", False)])
        return [(model.model, model.name) for model in models_sudo]

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_resource_name(self):
        """The log shows this column: a query or two per model, not per message."""
        readable = self._readable_resources()
        for message in self:
            record = readable.get((message.res_model, message.res_id))
            message.resource_name = record and record.display_name

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_resource_ref(self):
        """For one message: Odoo checks each reference that is assigned on its own."""
        readable = self._readable_resources()
        for message in self:
            key = (message.res_model, message.res_id)
            message.resource_ref = f"{key[0]},{key[1]}" if key in readable else False

    def _readable_resources(self):
        """Return ``{(model, id): record}`` of what exists and the user may read."""
        ids_by_model = defaultdict(set)
        for message in self.filtered("res_id"):
            if message.res_model in self.env:
                ids_by_model[message.res_model].add(message.res_id)
        readable = {}
        for model, ids in ids_by_model.items():
            records = self.env[model].sudo(False).browse(ids).exists()
            for record in records._filtered_access("read"):
                readable[model, record.id] = record
        return readable

    @api.depends("state", "direction", "error_class", "error_kind", "is_superseded")
    def _compute_next_step(self):
        steps = self._next_steps()
        for message in self:
            failed = message.state in const.FAILED_STATES
            step = self._next_step_of(message, steps)
            if message.is_superseded:
                step = self.env._(
                    "A newer message about the same record replaces this one. Skip it."
                )
            message.next_step = failed and step

    @api.depends("child_ids", "state")
    @api.depends_context("uid")
    def _compute_resubmission(self):
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT old.id, (SELECT max(m.id) FROM interop_message m
                                WHERE m.parent_id = old.id)
                 FROM unnest(%s::int[]) AS old(id)""",
            [self._origin.ids],
        )
        newest = dict(self.env.cr.fetchall())
        self.env.cr.execute(
            "SELECT parent_id FROM interop_event WHERE parent_id = ANY(%s)",
            [self._origin.ids],
        )
        building = {parent_id for (parent_id,) in self.env.cr.fetchall()}
        for message in self:
            child = self.browse(newest.get(message._origin.id) or ())
            message.is_resubmitted = child or message._origin.id in building
            message.resubmission_id = child._filtered_access("read")

    @api.depends("data_class")
    @api.depends_context("uid")
    def _compute_may_view_payload(self):
        for message in self:
            message.may_view_payload = message._may_view_payload()

    @api.model
    def _next_step_of(self, failure, steps):
        """Return the next step of a failed message, or of a cause of failures."""
        if failure.direction == "out" and failure.error_kind == "business":
            return self.env._(
                "Correct the record named here, then resubmit the message."
            )
        if failure.direction == "in" and failure.error_class == "schema":
            return self.env._(
                "Correct the mapping and retry the message. If the content is wrong, "
                "have the sender correct it and send it under a new id."
            )
        return steps.get(failure.error_class, "")

    @api.depends("state", "attempt_count", "next_attempt_at", "interface_id", "test")
    @api.depends_context("uid", "lang", "tz")
    def _compute_waiting(self):
        """The log shows it: looked up per interface and facility, not per message."""
        now, known = clock.database_now(self.env.cr), {}
        for message in self:
            # sudo: the reason is told to whoever may see the message
            message_sudo = message.sudo()
            reason, until, held = message_sudo._waiting(now, known)
            message.waiting_reason = reason
            message.waiting_until = until
            message.is_held = held

    def _waiting(self, now, known):
        """Return ``(why this message is still open, until when, whether it is held)``.

        :param datetime now: naive UTC
        :param dict known: what was found for other messages of the same interface
        """
        self.ensure_one()
        if self.state not in const.OPEN_STATES:
            return False, False, False
        if self.state in const.FAILED_STATES:
            text = self.env._(
                "The message failed. Correct the cause and retry the message, or "
                "cancel it."
            )
            return text, False, False
        if self.state == "processing":
            return self.env._("A worker is processing the message now."), False, False
        key = (self.interface_id, self.company_id, self.test)
        if key not in known:
            known[key] = self.interface_id._holds(self.company_id, self.test)
        holds = known[key]
        due = self.next_attempt_at if (self.next_attempt_at or now) > now else False
        if holds:
            ends = [hold.until for hold in holds]
            until = max([*ends, due or now]) if all(ends) else False
            return " ".join(hold.text for hold in holds), until, True
        if self.attempt_count:
            return self.env._("The last try failed. The next one follows."), due, False
        return self.env._("The message waits for the next free worker."), due, False

    def _compute_blocked(self):
        for message in self:
            first = MessageOrder(message).first()
            # Who may not read the first one still learns since when this one waits.
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
            message.next_action = message._next_action()

    def _next_action(self):
        """Return the button that the next step asks for; addons that tell other steps
        extend it."""
        self.ensure_one()
        if self.state not in const.FAILED_STATES or self.error_class == "ownership":
            return "none"
        if self.is_superseded:
            return "skip"
        built_anew = self.direction == "out" and self.error_kind == "business"
        return "resubmit" if built_anew and self.res_id else "retry"

    @api.depends("state", "superseded_by_id")
    @api.depends_context("uid")
    def _compute_newer(self):
        failed = self.filtered(lambda item: item.state in const.FAILED_STATES)
        newer = Superseded(self.env).newer(failed._origin.ids) if failed else {}
        for message in self:
            found = self.browse(newer.get(message._origin.id, ()))
            # sudo: that a newer message exists is told to whoever sees this one
            found = found or message.sudo().superseded_by_id.sudo(False)
            message.is_superseded = bool(found)
            message.newer_id = found._filtered_access("read")

    @api.model
    def _next_steps(self):
        """Return ``{error class: what the owner does next}``."""
        check_then_retry = self.env._("Check the other side, then retry.")
        return {
            "dns": self.env._("Check the host name of the endpoint, then retry."),
            "connect": self.env._("Check that the receiver is up, then retry."),
            "tls": self.env._("Check the receiver's certificate, then retry."),
            "timeout": check_then_retry,
            "http_5xx": check_then_retry,
            "throttled": self.env._("Lower the rate of the endpoint, then retry."),
            "auth": self.env._("Check the secret on both sides, then retry."),
            "config": self.env._("Complete the set-up named here, then retry."),
            "internal": self.env._("Ask an administrator to read the server log."),
            "schema": self.env._("Correct the record or the mapping, then resubmit."),
            "unknown_identifier": self.env._("Link the identifier, then retry."),
            "ownership": self.env._("Change it in the system that owns the data."),
            "business_rule": self.env._("Correct the record named here, then retry."),
            "conflict": self.env._("Decide which record is right, then retry."),
        }

    @api.depends("business_key")
    def _compute_search_key(self):
        for message in self:
            message.search_key = message.search_all = message.business_key

    def _search_search_key(self, operator, value):
        """Find by business key: in clear where it is so, else by blind index."""
        if operator not in ("=", "ilike", "=ilike", "like", "in"):
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or [])
        values = [item for item in values if isinstance(item, str) and item.strip()]
        if not values:
            return Domain.FALSE
        vault = self.env["interop.vault"]
        known = vault._available()
        blind = [vault._blind("business_key", item) for item in values] if known else []
        prefixes = [] if operator in ("=", "in") else values
        self.flush_model(["business_key", "business_key_index"])

        def to_sql(model, alias, query):
            return self._key_condition(alias, values, prefixes, blind)

        # Sorted by id, a rare key makes PostgreSQL read the log backwards for it.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM interop_message WHERE %s LIMIT %s",
                to_sql(self, self._table, None),
                FEW_FOUND + 1,
            ),
            log_exceptions=False,
        )
        ids = [message_id for (message_id,) in self.env.cr.fetchall()]
        if len(ids) <= FEW_FOUND:
            return Domain("id", "in", ids)
        return Domain.custom(to_sql=to_sql)

    def _search_search_all(self, operator, value):
        """Find by whatever a person has at hand: an id, a number, a name."""
        if operator not in ("=", "ilike", "=ilike", "like", "in"):
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or [])
        values = [item.strip() for item in values if isinstance(item, str)]
        values = [item for item in values if item]
        if not values:
            return Domain.FALSE
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id FROM interop_message"
            " WHERE external_id = ANY(%(values)s) OR correlation_id = ANY(%(values)s)"
            " LIMIT %(limit)s",
            {"values": values, "limit": FEW_FOUND},
            log_exceptions=False,
        )
        exact = [message_id for (message_id,) in self.env.cr.fetchall()]
        if exact:  # an id is no name: looking on could only take time
            return Domain("id", "in", exact)
        return Domain.OR(
            [
                Domain(
                    "search_key", operator, values[0] if len(values) == 1 else values
                ),
                *self._record_domains(values),
            ]
        )

    @api.model
    def _record_domains(self, names):
        """Return domains of the messages about records that the user finds by name."""
        # Each object once, by its index: the log has millions of lines and few objects.
        self.env.cr.execute(
            """WITH RECURSIVE object(name) AS (
                   SELECT min(res_model) FROM interop_message
                    UNION ALL
                   SELECT (SELECT min(m.res_model) FROM interop_message m
                            WHERE m.res_model > object.name)
                     FROM object WHERE object.name IS NOT NULL)
               SELECT name FROM object WHERE name IS NOT NULL"""
        )
        domains = []
        for (model,) in self.env.cr.fetchall():
            records = self.env.get(model)
            if records is None or not records.sudo(False).has_access("read"):
                continue
            records = records.sudo(False)
            ids = {
                record_id
                for name in names
                for record_id, _label in records.name_search(name, limit=FEW_FOUND)
            }
            if ids:
                domains.append(
                    Domain("res_model", "=", model) & Domain("res_id", "in", list(ids))
                )
        return domains

    @api.model
    def _key_condition(self, alias, values, prefixes, blind):
        """Return the SQL of a key among ``values``, or with one of ``prefixes``, or
        behind one of the ``blind`` indexes; each part has an index of its own."""
        key = SQL.identifier(alias, "business_key")
        parts = [SQL("%s = ANY(%s)", key, values)]
        parts += [
            SQL("lower(%s) LIKE lower(%s)", key, self._prefix(item))
            for item in prefixes
        ]
        if blind:
            hidden = SQL.identifier(alias, "business_key_index")
            parts.append(SQL("%s = ANY(%s)", hidden, blind))
        return SQL("(%s)", SQL(" OR ").join(parts))

    @api.model
    def _prefix(self, text):
        """Return the pattern of what begins with ``text``, taken literally."""
        return re.sub(r"([\\%_])", r"\\\1", text) + "%"

    # === GROUPING === #

    @api.model
    def formatted_read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        """Group as usual; a cause reads as what happened, not as a fingerprint."""
        groups = super().formatted_read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )
        if "cause" in groupby:
            self._label_causes(domain, groups)
        return groups

    @api.model
    def _label_causes(self, domain, groups):
        """Replace each fingerprint by a text of the same group that the user may read.

        The end of the fingerprint stays: two causes may read alike.
        """
        causes = [group["cause"] for group in groups if group["cause"]]
        texts = dict(
            self._read_group(
                Domain(domain) & Domain("cause", "in", causes),
                ["cause"],
                ["error_message:max"],
            )
        )
        for group in groups:
            if text := texts.get(group["cause"]):
                group["cause"] = f"{text[:100]} · {group['cause'][-4:]}"

    # === CONTENT === #

    @api.private
    @api.model
    @api.private
    def _action_log(self, domain):
        """Return the action that opens the log with the messages of ``domain``."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        return {**action, "domain": domain, "context": {}}

    def _payload_bytes(self):
        """Return the exact bytes, or ``None`` when there never were any or they are
        purged."""
        self.ensure_one()
        # sudo: columns of the content are closed to every group
        return self.sudo().payload_id._read() if self.payload_id else None

    @api.model
    @api.private
    def _key_values(self, data_class, business_key, ordering_key):
        """Return the searchable keys as stored: blind for protected classes."""
        if data_class not in const.PROTECTED_CLASSES:
            # Longer ones have no room in an index: what orders stays distinct.
            if len(ordering_key or "") > MAX_KEY:
                digest = hashlib.sha256(ordering_key.encode()).hexdigest()
                ordering_key = f"{ordering_key[: MAX_KEY - len(digest)]}{digest}"
            return {
                "business_key": (business_key or "")[:MAX_KEY] or None,
                "business_key_index": None,
                "ordering_key": ordering_key or None,
            }
        blind = self.env["interop.vault"]._blind
        return {
            "business_key": None,
            # Messages without a key have no order: "" would be one that they share.
            "business_key_index": blind("business_key", business_key)
            if business_key
            else None,
            "ordering_key": blind("ordering_key", ordering_key)
            if ordering_key
            else None,
        }

    # === GUARDS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Messages are removed by retention only, never by hand.")
        )
