"""Retry policies: the times of further attempts."""

import random

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import backoff
from ...tools.errors import ScheduleError


class InteropRetryPolicy(models.Model):
    """A schedule of attempts with jitter; its length limits the attempts."""

    _name = "interop.retry.policy"
    _description = "Retry Policy"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    schedule = fields.Char(
        required=True,
        default="0s, 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h",
        help="Delay before each attempt, including the first: 0s, 5s, 5m, 30m, 2h, 1d.",
    )
    auth_schedule = fields.Char(
        "Schedule After 401 or 403",
        default="0s, 1m, 5m, 30m",
        help="Delay before each attempt while the receiver rejects our credentials, "
        "including the first rejected attempt. A wrong clock or a key rotation may be "
        "the cause. Leave empty to let the message fail immediately.",
    )
    jitter_percent = fields.Integer(
        "Jitter (%)",
        default=20,
        help="Random variation of each delay, so that many messages are not retried at "
        "the same moment.",
    )
    retry_other_4xx = fields.Boolean(
        "Retry Other 4xx",
        help="408, 425, 429 and 5xx are always retried, 401 and 403 according to their "
        "own schedule. Tick the box to retry all other 4xx and redirects according to "
        "the schedule above. Otherwise the message fails immediately.",
    )
    max_retry_after = fields.Integer(
        "Maximum Retry-After (s)",
        default=86400,
        help="Longest pause in seconds that a receiver may request with Retry-After.",
    )
    preview = fields.Char("Summary", compute="_compute_preview")

    _jitter_range = models.Constraint(
        "CHECK (jitter_percent BETWEEN 1 AND 50)",
        "The jitter must be between 1 and 50 percent.",
    )
    _retry_after_positive = models.Constraint(
        "CHECK (max_retry_after > 0)",
        "The maximum Retry-After must be greater than 0.",
    )

    @api.depends("schedule")
    def _compute_preview(self):
        for policy in self:
            try:
                policy.preview = backoff.describe(
                    backoff.parse_schedule(policy.schedule or "")
                )
            except ScheduleError as error:
                policy.preview = str(error)

    @api.constrains("schedule", "auth_schedule")
    def _check_schedule(self):
        for policy in self:
            try:
                backoff.parse_schedule(policy.schedule)
                if policy.auth_schedule:
                    backoff.parse_schedule(policy.auth_schedule)
            except ScheduleError as error:
                raise ValidationError(
                    self.env._(
                        "The schedule of “%(name)s” is not valid: %(reason)s",
                        name=policy.name,
                        reason=str(error),
                    )
                ) from None

    def _next_delay(self, attempts_done):
        """Return the seconds to wait after ``attempts_done`` attempts, with jitter, or
        ``None`` if no attempt is left."""
        self.ensure_one()
        return backoff.next_delay(
            backoff.parse_schedule(self.schedule),
            attempts_done,
            self.jitter_percent,
            random.SystemRandom(),
        )

    def _next_auth_delay(self, refusals):
        """Return the seconds to wait after ``refusals`` consecutive 401 or 403, with
        jitter, or ``None`` if no attempt is left."""
        self.ensure_one()
        if not self.auth_schedule:
            return None
        return backoff.next_delay(
            backoff.parse_schedule(self.auth_schedule),
            refusals,
            self.jitter_percent,
            random.SystemRandom(),
        )
