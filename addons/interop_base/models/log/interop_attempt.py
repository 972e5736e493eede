"""One try at a message."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const, db


class InteropAttempt(models.Model):
    """Append-only evidence: when, how long, with what outcome."""

    _name = "interop.attempt"
    _description = "Message Try"
    _order = "id"
    _log_access = False

    message_id = fields.Many2one(
        "interop.message",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    number = fields.Integer("Try", readonly=True)
    started_at = fields.Datetime("Started", required=True, readonly=True)
    duration_ms = fields.Integer("Duration (ms)", readonly=True)
    outcome = fields.Selection(const.OUTCOMES, required=True, readonly=True)
    http_status = fields.Integer("HTTP Status", readonly=True)
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_message = fields.Char("What Happened", readonly=True)
    excerpt = fields.Char(
        "Answer Excerpt", readonly=True, help="Redacted before it is stored."
    )

    @api.model
    @api.private
    def _record(self, results, first=()):
        """Append one row per ``engine_types.Result`` in one statement.

        Deferrals are no tries and leave no row.

        :param first: ids of messages that were never tried before, which spares looking
        """
        rows = [
            (
                result.message_id,
                result.message_id in first,
                result.started_at,
                result.duration_ms,
                result.outcome,
                result.http_status,
                result.error_class,
                result.error_message,
                result.excerpt,
            )
            for result in results
            if result.outcome != "deferred"
        ]
        if not rows:
            return
        if len(rows) == 1 and rows[0][1]:
            self._insert_first(rows[0])
        else:
            self._insert_many(rows)
        self.invalidate_model(flush=False)

    @api.model
    def _insert_first(self, row):
        """Insert the first try of one message: nothing to look up, little to plan."""
        message_id, _first, *values = row
        db.execute(
            self.env.cr,
            """INSERT INTO interop_attempt (message_id, number, started_at, duration_ms,
                           outcome, http_status, error_class, error_message, excerpt)
               VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s)""",
            [message_id, *values],
        )

    @api.model
    def _insert_many(self, rows):
        """Insert tries of any number of messages."""
        db.execute(
            self.env.cr,
            """INSERT INTO interop_attempt (message_id, number, started_at, duration_ms,
                           outcome, http_status, error_class, error_message, excerpt)
               SELECT row.id,
                      CASE WHEN row.first THEN 1 ELSE (
                          SELECT count(*) + 1 FROM interop_attempt earlier
                           WHERE earlier.message_id = row.id) END,
                      row.started_at, row.duration_ms, row.outcome, row.http_status,
                      row.error_class, row.error_message, row.excerpt
                 FROM unnest(%s::int[], %s::bool[], %s::timestamp[], %s::int[],
                             %s::text[], %s::int[], %s::text[], %s::text[], %s::text[])
                   AS row(id, first, started_at, duration_ms, outcome, http_status,
                          error_class, error_message, excerpt)""",
            [list(column) for column in zip(*rows, strict=True)],
        )

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: tries are append-only."""
        raise UserError(self.env._("Tries are evidence and cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Tries are removed with their message only."))
