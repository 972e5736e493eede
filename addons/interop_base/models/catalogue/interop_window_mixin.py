"""The hours in which messages of a batch interface are processed."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ... import clock
from ...tools import send_window
from ..engine.engine_types import Hold


class InteropWindowMixin(models.AbstractModel):
    """A send window for interfaces whose latency tier is batch."""

    _name = "interop.window.mixin"
    _description = "Send Window"

    window_start = fields.Float(
        tracking=True,
        help="Time of day from which messages are processed. Only batch interfaces have a "
        "window. Leave start and end at 0:00 to process messages at any time.",
    )
    window_end = fields.Float(
        tracking=True,
        help="Time of day until which messages are processed. An end before the start "
        "is on the next day.",
    )
    window_tz = fields.Selection(
        _tz_get,
        "Window Time Zone",
        tracking=True,
        help="Time zone of the window. Leave empty for UTC.",
    )

    _window_hours = models.Constraint(
        "CHECK (COALESCE(window_start, 0) BETWEEN 0 AND 24"
        " AND COALESCE(window_end, 0) BETWEEN 0 AND 24)",
        "A window starts and ends between 0:00 and 24:00.",
    )

    @api.constrains("latency_tier", "window_start", "window_end")
    def _check_window(self):
        for record in self:
            if record.latency_tier != "batch" and (
                record.window_start or record.window_end
            ):
                raise ValidationError(
                    self.env._(
                        "Interface “%s” has a send window, which only batch interfaces "
                        "have. Set start and end to 0:00, or choose the latency tier Batch.",
                        record.name,
                    )
                )

    def _window_opens(self):
        """Return when the window opens (naive UTC), ``None`` while it is open."""
        self.ensure_one()
        if self.latency_tier != "batch":
            return None
        return send_window.opens_at(
            clock.database_now(self.env.cr),
            self.window_start,
            self.window_end,
            self.window_tz or "UTC",
        )

    def _window_holds(self):
        """Return why messages wait for the window, as a list of ``Hold``."""
        opens = self._window_opens()
        if not opens:
            return []
        local = fields.Datetime.context_timestamp(self, opens)
        text = self.env._(
            "The send window of this interface opens on %s.",
            local.strftime("%Y-%m-%d %H:%M"),
        )
        return [Hold(text, opens)]
