"""When to try again."""

import random

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import backoff
from ...tools.errors import ScheduleError


class InteropRetryPolicy(models.Model):
    """A schedule of tries with jitter and a budget."""

    _name = "interop.retry.policy"
    _description = "Retry Policy"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    schedule = fields.Char(
        required=True,
        default="0s, 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h",
        help="Delay before each try, the first one included: 0s, 5s, 5m, 30m, 2h, 1d.",
    )
    auth_schedule = fields.Char(
        "Schedule After 401 or 403",
        default="0s, 1m, 5m, 30m",
        help="Delay before each try while the receiver refuses our credentials, the "
        "refused try included. A wrong clock of the receiver or a key rotation may be "
        "the cause. Leave empty to let the message fail at once.",
    )
    jitter_percent = fields.Integer(
        "Jitter (%)",
        default=20,
        help="Random spread around each delay, so that many messages do not come back at "
        "the same moment.",
    )
    retry_other_4xx = fields.Boolean(
        "Retry Other 4xx",
        help="408, 425, 429 and 5xx are always tried again, 401 and 403 on the "
        "schedule for them. Tick this to try again after any refusal (4xx, redirects) "
        "on the schedule above; otherwise the message fails at once.",
    )
    max_retry_after = fields.Integer(
        "Longest Retry-After (s)",
        default=86400,
        help="A receiver may ask for a pause of at most this many seconds.",
    )
    preview = fields.Char("In Words", compute="_compute_preview")

    _jitter_range = models.Constraint(
        "CHECK (jitter_percent BETWEEN 1 AND 50)", "Jitter is between 1 and 50 percent."
    )
    _retry_after_positive = models.Constraint(
        "CHECK (max_retry_after > 0)", "The longest Retry-After is a positive number."
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
                        "The schedule of “%(name)s” cannot be read: %(reason)s",
                        name=policy.name,
                        reason=str(error),
                    )
                ) from None

    def _next_delay(self, attempts_done):
        """Return the seconds to wait after ``attempts_done`` tries, jittered, or ``None``
        when the budget is spent."""
        self.ensure_one()
        return backoff.next_delay(
            backoff.parse_schedule(self.schedule),
            attempts_done,
            self.jitter_percent,
            random.SystemRandom(),
        )

    def _next_auth_delay(self, refusals):
        """Return the seconds to wait after so many refusals (401, 403) in a row, jittered,
        or ``None`` when no further try follows."""
        self.ensure_one()
        if not self.auth_schedule:
            return None
        return backoff.next_delay(
            backoff.parse_schedule(self.auth_schedule),
            refusals,
            self.jitter_percent,
            random.SystemRandom(),
        )
