"""One attempt at a message."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const, db


class InteropAttempt(models.Model):
    """Store start, duration and outcome of one attempt. Rows are append-only."""

    _name = "interop.attempt"
    _description = "Message Attempt"
    _order = "id"
    _log_access = False

    message_id = fields.Many2one(
        "interop.message",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    number = fields.Integer("Attempt", readonly=True)
    started_at = fields.Datetime("Started", required=True, readonly=True)
    duration_ms = fields.Integer("Duration (ms)", readonly=True)
    outcome = fields.Selection(const.OUTCOMES, required=True, readonly=True)
    http_status = fields.Integer("HTTP Status", readonly=True)
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_message = fields.Char("Reason", readonly=True)
    excerpt = fields.Char(
        "Answer Excerpt", readonly=True, help="Redacted before it is stored."
    )

    @api.model
    @api.private
    def _record(self, results, first=()):
        """Append one row per ``engine_types.Result`` in one statement.

        A deferral is not an attempt and adds no row.

        :param first: ids of messages without earlier attempts; they are not counted
        """
        tried = [result for result in results if result.outcome != "deferred"]
        before = self._counts({result.message_id for result in tried} - set(first))
        db.insert_rows(
            self,
            [
                {
                    "message_id": result.message_id,
                    "number": before.get(result.message_id, 0) + 1,
                    "started_at": result.started_at,
                    "duration_ms": result.duration_ms,
                    "outcome": result.outcome,
                    "http_status": result.http_status,
                    "error_class": result.error_class,
                    "error_message": result.error_message,
                    "excerpt": result.excerpt,
                }
                for result in tried
            ],
        )
        self.invalidate_model(flush=False)

    @api.model
    def _counts(self, message_ids):
        """Return ``{message id: number of attempts}``."""
        if not message_ids:
            return {}
        self.env.cr.execute(
            """SELECT message_id, count(*) FROM interop_attempt
                WHERE message_id = ANY(%s) GROUP BY message_id""",
            [list(message_ids)],
        )
        return dict(self.env.cr.fetchall())

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse the change, because attempts are append-only."""
        raise UserError(self.env._("Attempts are append-only and cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "Attempts cannot be deleted alone. They are deleted with their message."
            )
        )
