"""Settings of the inbound layer."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from .. import const
from ..tools import headers


class ResConfigSettings(models.TransientModel):
    """Limits that every request meets before any work is done for it."""

    _inherit = "res.config.settings"

    interop_rest_tolerance_seconds = fields.Integer(
        "Clock Tolerance (s)",
        config_parameter=const.PARAM_TOLERANCE,
        default=const.SETTINGS[const.PARAM_TOLERANCE][0],
        help="How far the timestamp of a signature may be from this server's clock, "
        "into the past and the future.",
    )
    interop_rest_max_body_kb = fields.Integer(
        "Largest Message (KB)",
        config_parameter=const.PARAM_MAX_BODY_KB,
        default=const.SETTINGS[const.PARAM_MAX_BODY_KB][0],
    )
    interop_rest_max_batch_kb = fields.Integer(
        "Largest Batch (KB)",
        config_parameter=const.PARAM_MAX_BATCH_KB,
        default=const.SETTINGS[const.PARAM_MAX_BATCH_KB][0],
    )
    interop_rest_max_depth = fields.Integer(
        "Deepest Nesting",
        config_parameter=const.PARAM_MAX_DEPTH,
        default=const.SETTINGS[const.PARAM_MAX_DEPTH][0],
        help="Levels of objects and lists in one message.",
    )
    interop_rest_max_items = fields.Integer(
        "Most Items",
        config_parameter=const.PARAM_MAX_ITEMS,
        default=const.SETTINGS[const.PARAM_MAX_ITEMS][0],
        help="Members and elements of one message together.",
    )
    interop_rest_retry_after_seconds = fields.Integer(
        "Retry After (s)",
        config_parameter=const.PARAM_RETRY_AFTER,
        default=const.SETTINGS[const.PARAM_RETRY_AFTER][0],
        help="When callers are told to try again.",
    )

    interop_rest_token_days = fields.Integer(
        "Tokens End After (Days)",
        config_parameter=const.PARAM_TOKEN_DAYS,
        default=const.SETTINGS[const.PARAM_TOKEN_DAYS][0],
    )
    interop_rest_rate_per_minute = fields.Integer(
        "Requests per Minute",
        config_parameter=const.PARAM_RATE,
        default=const.SETTINGS[const.PARAM_RATE][0],
        help="How many requests each client may make in a minute, over all workers, "
        "unless it has a limit of its own.",
    )
    interop_rest_failures_per_minute = fields.Integer(
        "Failed Proofs per Minute",
        config_parameter=const.PARAM_FAILURES,
        default=const.SETTINGS[const.PARAM_FAILURES][0],
        help="How many calls under one client code from one network may fail to prove "
        "who they are in a minute before the owner of the system is told.",
    )
    interop_rest_public_openapi = fields.Boolean(
        "Public Description",
        config_parameter=const.PARAM_PUBLIC_OPENAPI,
        help="Let anybody read the routes and errors of this API. Message types are "
        "shown to clients only.",
    )
    interop_rest_public_url = fields.Char(
        "Address for Partners",
        config_parameter=const.PARAM_PUBLIC_URL,
        help="The address under which partners reach this server, such as "
        "https://api.hospital.example. It is shown in the API description and in the "
        "webhook addresses of clients. Leave empty to show the address by which you "
        "reach Odoo yourself.",
    )
    interop_rest_server_wide = fields.Boolean(
        compute="_compute_interop_rest_server_wide",
        help="Whether callers get problem details when no database can be reached.",
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
                        "Address for Partners: %s is not the root of a server. Enter "
                        "scheme and host only, such as https://api.hospital.example.",
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
                            "%(setting)s: choose from %(lowest)s to %(highest)s.",
                            setting=self._fields[name].string,
                            lowest=lowest,
                            highest=highest,
                        )
                    )
