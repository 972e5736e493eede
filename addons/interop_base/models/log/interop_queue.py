"""The queue: what has to move, or waits for a person."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ... import const
from . import queue_statements as statements
from .guarded import GuardedMany2one

PROMOTE_BATCH = 1000  # keys that one claim looks at


class InteropQueue(models.Model):
    """One narrow row beside each open message; its id is the id of the message.

    A message enters the queue when it is stored and leaves it when it is finished. A claim
    changes no indexed column, so that it stays within the page of the row. Failed messages
    stay here with their cause and owner, so that lists of failures read a small table.

    Only ``interop.message._move``, ``_enqueue`` and the claim write rows, always with SQL.
    There is no foreign key: PostgreSQL would look up each message again and mark its row.
    Retention deletes no message that is still in the queue, and the foreign keys of the
    message guard the interface, the facility and the owner.
    """

    _name = "interop.queue"
    _description = "Queued Message"
    _order = "next_attempt_at, id"
    _rec_name = "message_id"
    _log_access = False

    message_id = fields.Many2one(
        "interop.message",
        compute="_compute_message_id",
        search="_search_message_id",
        help="The message in the log, with its content and its attempts.",
    )
    state = fields.Selection(
        [item for item in const.MESSAGE_STATES if item[0] in const.OPEN_STATES],
        required=True,
        readonly=True,
        help="A message in progress is stored as waiting, with a lease.",
    )
    lane = fields.Char(
        "Destination",
        required=True,
        readonly=True,
        help="The endpoint, or the interface without an endpoint, whose limit and order "
        "this message shares with others.",
    )
    interface_id = GuardedMany2one("interop.interface", readonly=True, required=True)
    company_id = GuardedMany2one("res.company", "Facility", readonly=True)
    test = fields.Boolean(readonly=True)
    next_attempt_at = fields.Datetime(
        "Next Attempt", readonly=True, help="Empty when a person has to act first."
    )
    ordering_key = fields.Char(
        "Order",
        readonly=True,
        help="Messages with the same value are processed one after the other. Without a "
        "value, the message waits for no other one.",
    )
    place = fields.Integer(
        "Place in Order",
        required=True,
        readonly=True,
        help="Messages of the same order are processed by this number.",
    )
    is_first = fields.Boolean(
        "First in Order",
        readonly=True,
        help="No earlier message of the same order is open.",
    )
    lease_token = fields.Char("Lease", readonly=True)
    lease_until = fields.Datetime("Lease Ends", readonly=True)
    try_count = fields.Integer("Claims", readonly=True)
    attempt_count = fields.Integer("Attempts", readonly=True)
    dead_workers = fields.Integer(
        readonly=True,
        help="Server processes that died while they worked on the message.",
    )
    failed_at = fields.Datetime("Failed On", readonly=True)
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_kind = fields.Selection(const.ERROR_KINDS, readonly=True)
    cause = fields.Char(
        readonly=True, help="Failures with the same cause have the same value."
    )
    owner_user_id = GuardedMany2one("res.users", "Owner", readonly=True)
    owner_team_id = GuardedMany2one("interop.team", "Owning Team", readonly=True)

    _due_idx = models.Index(
        "(lane, (attempt_count = 0), next_attempt_at, id)"
        " WHERE state = 'pending' AND is_first AND dead_workers = 0"
    )
    _crashed_idx = models.Index(
        "(lane, next_attempt_at, id) WHERE state = 'pending' AND dead_workers > 0"
    )
    _order_idx = models.Index(
        "(lane, ordering_key, place) WHERE ordering_key IS NOT NULL"
    )
    _failed_idx = models.Index("(id) WHERE state IN ('dead', 'parked')")
    _test_idx = models.Index("(interface_id) WHERE test")

    @api.depends_context("uid")
    def _compute_message_id(self):
        for row in self:
            row.message_id = row._origin.id

    def _search_message_id(self, operator, value):
        return Domain("id", operator, value)

    # === ENTERING === #

    @api.model
    @api.private
    def _enqueue(self, ids, due=None):
        """Put messages that were just stored, or opened again, into the queue.

        :param ids: ids of messages; one that is in the queue stays as it is
        :param due: moment of the next attempt (naive UTC) for each of them; now by default
        """
        if not ids:
            return
        self.env["interop.message"].flush_model()
        due = list(due or [None] * len(ids))
        self.env.cr.execute(
            SQL(statements.ENQUEUE, ids=list(ids), due=due), log_exceptions=False
        )
        self.invalidate_model(flush=False)

    @api.model
    def _rows(self, ids):
        """Return ``{message id: columns}`` of the messages that are in the queue."""
        self.env.cr.execute(
            """SELECT id, next_attempt_at, lease_token, lease_until
                 FROM interop_queue WHERE id = ANY(%s)""",
            [list(ids)],
        )
        return {row["id"]: row for row in self.env.cr.dictfetchall()}

    @api.model
    def _busy(self, lanes):
        """Return which of the lanes have a message that is due (set)."""
        self.env.cr.execute(SQL(statements.BUSY, lanes=lanes))
        return {lane for (lane,) in self.env.cr.fetchall()}

    # === ORDER === #

    @api.model
    @api.private
    def _promote(self):
        """Find the new first messages of ordering keys since the last claim."""
        self.env.cr.execute(SQL(statements.PROMOTE, limit=PROMOTE_BATCH))

    @api.model
    @api.private
    def _follow_endpoints(self):
        """Let waiting messages follow endpoints whose order was changed.

        No event becomes a message meanwhile: it would be queued in the order before.

        :returns: lanes that cannot be claimed from yet, because a worker holds that lock
        """
        self.env["interop.endpoint"].flush_model(["ordering"])
        self.env.cr.execute(
            """SELECT h.endpoint_id
                 FROM interop_endpoint_health h
                 JOIN interop_endpoint e ON e.id = h.endpoint_id
                WHERE h.queue_ordering IS DISTINCT FROM e.ordering"""
        )
        changed = [endpoint_id for (endpoint_id,) in self.env.cr.fetchall()]
        if not changed:
            return set()
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [const.MATERIALIZE_LOCK]
        )
        if not self.env.cr.fetchone()[0]:
            return {f"endpoint:{endpoint_id}" for endpoint_id in changed}
        self.env.cr.execute(SQL(statements.REORDER, endpoints=changed))
        self.env.cr.execute(
            """UPDATE interop_endpoint_health h SET queue_ordering = e.ordering
                 FROM interop_endpoint e
                WHERE e.id = h.endpoint_id AND h.endpoint_id = ANY(%s)""",
            [changed],
        )
        self.invalidate_model(flush=False)
        return set()

    @api.model
    @api.private
    def _heal(self):
        """Find ordering keys whose first message is not marked as the first, and leases
        that are not noted.

        A transaction that was rolled back at the wrong moment can leave such a key.
        """
        self.env.cr.execute(SQL(statements.HEAL))
        self.env.cr.execute(SQL(statements.FIND_LEASES))

    # === GUARDS === #

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Refuse: messages enter the queue with their log row."""
        raise AccessError(self.env._("The queue is written by the engine only."))

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse, see ``create``."""
        raise AccessError(self.env._("The queue is written by the engine only."))

    def unlink(self):  # pylint: disable=method-required-super
        """Refuse, see ``create``."""
        # pylint: disable-next=no-raise-unlink
        raise AccessError(self.env._("The queue is written by the engine only."))

    @api.autovacuum
    def _gc_orphans(self):
        """Remove rows whose message was deleted with SQL by hand."""
        self.env.cr.execute(
            """DELETE FROM interop_queue q
                WHERE NOT EXISTS (SELECT FROM interop_message m WHERE m.id = q.id)"""
        )
