"""Settings of inbound REST."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from .. import const
from ..tools import headers


class ResConfigSettings(models.TransientModel):
    """Adds limits of requests, tokens, and the address for partners."""

    _inherit = "res.config.settings"

    interop_rest_tolerance_seconds = fields.Integer(
        "Clock Tolerance (s)",
        config_parameter=const.PARAM_TOLERANCE,
        default=const.SETTINGS[const.PARAM_TOLERANCE][0],
        help="Maximum difference between the timestamp of a signature and the clock of "
        "this server, in the past and in the future.",
    )
    interop_rest_max_body_kb = fields.Integer(
        "Maximum Message Size (KB)",
        config_parameter=const.PARAM_MAX_BODY_KB,
        default=const.SETTINGS[const.PARAM_MAX_BODY_KB][0],
        help="Larger messages are refused.",
    )
    interop_rest_max_batch_kb = fields.Integer(
        "Maximum Batch Size (KB)",
        config_parameter=const.PARAM_MAX_BATCH_KB,
        default=const.SETTINGS[const.PARAM_MAX_BATCH_KB][0],
        help="Larger batches are refused.",
    )
    interop_rest_max_depth = fields.Integer(
        "Maximum Nesting",
        config_parameter=const.PARAM_MAX_DEPTH,
        default=const.SETTINGS[const.PARAM_MAX_DEPTH][0],
        help="Maximum number of nested levels of objects and lists in one message.",
    )
    interop_rest_max_items = fields.Integer(
        "Maximum Items",
        config_parameter=const.PARAM_MAX_ITEMS,
        default=const.SETTINGS[const.PARAM_MAX_ITEMS][0],
        help="Maximum number of object members and list elements in one message.",
    )
    interop_rest_retry_after_seconds = fields.Integer(
        "Retry After (s)",
        config_parameter=const.PARAM_RETRY_AFTER,
        default=const.SETTINGS[const.PARAM_RETRY_AFTER][0],
        help="Waiting time that callers are told when a request fails for a reason on this "
        "server.",
    )

    interop_rest_token_days = fields.Integer(
        "Token Validity (Days)",
        config_parameter=const.PARAM_TOKEN_DAYS,
        default=const.SETTINGS[const.PARAM_TOKEN_DAYS][0],
        help="Validity of a new token of a client.",
    )
    interop_rest_rate_per_minute = fields.Integer(
        "Requests per Minute",
        config_parameter=const.PARAM_RATE,
        default=const.SETTINGS[const.PARAM_RATE][0],
        help="Maximum number of requests of each client per minute, over all workers. A "
        "rate limit on the client replaces this value.",
    )
    interop_rest_failures_per_minute = fields.Integer(
        "Failed Authentications per Minute",
        config_parameter=const.PARAM_FAILURES,
        default=const.SETTINGS[const.PARAM_FAILURES][0],
        help="Maximum number of failed authentications per minute for one client code and "
        "one network. After more failures the owner of the system is notified, and "
        "failing calls are told to wait. Valid calls are still accepted.",
    )
    interop_rest_public_openapi = fields.Boolean(
        "Public API Description",
        config_parameter=const.PARAM_PUBLIC_OPENAPI,
        help="Callers without credentials may read the routes and errors of this API. "
        "Only clients can read the message types.",
    )
    interop_rest_public_url = fields.Char(
        "Address for Partners",
        config_parameter=const.PARAM_PUBLIC_URL,
        help="The address at which partners reach this server, such as "
        "https://api.hospital.example. It is shown in the API description and in the "
        "webhook addresses of clients. Leave empty to show the address at which you "
        "opened Odoo.",
    )
    interop_rest_server_wide = fields.Boolean(
        compute="_compute_interop_rest_server_wide",
        help="Whether callers get problem details while no database is reachable.",
    )

    @api.depends_context("uid")
    def _compute_interop_rest_server_wide(self):
        for settings in self:
            settings.interop_rest_server_wide = (
                "interop_rest" in config["server_wide_modules"]
            )

    @api.constrains("interop_rest_public_url")
    def _check_interop_rest_public_url(self):
        for settings in self:
            text = settings.interop_rest_public_url or ""
            if text and not headers.is_root_url(text):
                raise ValidationError(
                    self.env._(
                        "Address for Partners: %s has a path or is not a web address. "
                        "Enter scheme and host only, such as "
                        "https://api.hospital.example.",
                        text,
                    )
                )

    @api.constrains(
        "interop_rest_tolerance_seconds",
        "interop_rest_max_body_kb",
        "interop_rest_max_batch_kb",
        "interop_rest_max_depth",
        "interop_rest_max_items",
        "interop_rest_retry_after_seconds",
        "interop_rest_token_days",
        "interop_rest_rate_per_minute",
        "interop_rest_failures_per_minute",
    )
    def _check_interop_rest_bounds(self):
        for settings in self:
            for parameter, (_default, lowest, highest) in const.SETTINGS.items():
                name = parameter.replace(".", "_")
                if not lowest <= settings[name] <= highest:
                    raise ValidationError(
                        self.env._(
                            "%(setting)s is out of range. Enter a number from %(lowest)s "
                            "to %(highest)s.",
                            setting=self._fields[name].string,
                            lowest=lowest,
                            highest=highest,
                        )
                    )
