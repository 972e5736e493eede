"""Settings of outbound webhooks."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import const
from ..tools import proxy_channel, url_guard


class ResConfigSettings(models.TransientModel):
    """Defaults of new endpoints, and the ports and proxy that any endpoint may use."""

    _inherit = "res.config.settings"

    interop_webhook_allowed_ports = fields.Char(
        "Allowed Ports",
        config_parameter=const.PARAM_PORTS,
        default=const.DEFAULT_PORTS,
        help="Ports and ranges, such as 443, 8443, 9000-9010. Every connection is "
        "held to them, also of endpoints that exist already.",
    )
    interop_webhook_connect_timeout = fields.Integer(
        "Connect Timeout (s)",
        config_parameter=const.PARAM_CONNECT_TIMEOUT,
        default=const.DEFAULT_CONNECT_TIMEOUT,
    )
    interop_webhook_total_timeout = fields.Integer(
        "Timeout (s)",
        config_parameter=const.PARAM_TOTAL_TIMEOUT,
        default=const.DEFAULT_TOTAL_TIMEOUT,
    )
    interop_webhook_max_response_kb = fields.Integer(
        "Answer Read (KB)",
        config_parameter=const.PARAM_MAX_RESPONSE_KB,
        default=const.DEFAULT_MAX_RESPONSE_KB,
    )

    interop_webhook_outbound_proxy = fields.Char(
        "Outgoing Proxy",
        config_parameter=const.PARAM_PROXY,
        help="Such as http://proxy.example.org:3128. Endpoints use it where they say "
        "so, and no other proxy: those of the server's environment are ignored.",
    )

    @api.constrains("interop_webhook_allowed_ports")
    def _check_interop_webhook_allowed_ports(self):
        for settings in self.filtered("interop_webhook_allowed_ports"):
            try:
                url_guard.parse_ports(settings.interop_webhook_allowed_ports)
            except url_guard.GuardRefusal as refusal:
                raise ValidationError(str(refusal)) from None

    @api.constrains("interop_webhook_outbound_proxy")
    def _check_interop_webhook_outbound_proxy(self):
        for settings in self:
            url = settings.interop_webhook_outbound_proxy
            if not url:
                settings._check_interop_webhook_no_proxy()
                continue
            try:
                proxy_channel.check_url(url)
            except url_guard.GuardRefusal as refusal:
                raise ValidationError(str(refusal)) from None

    def _check_interop_webhook_no_proxy(self):
        """Endpoints that use the proxy would have no way left."""
        # sudo: endpoints of every facility need it
        endpoints_sudo = (
            self.env["interop.endpoint"].sudo().with_context(active_test=False)
        )
        users_sudo = endpoints_sudo.search([("use_proxy", "=", True)], limit=5)
        if users_sudo:
            raise ValidationError(
                self.env._(
                    "These endpoints use the outgoing proxy: %s. Let them do without it "
                    "first.",
                    ", ".join(users_sudo.mapped("name")),
                )
            )

    @api.constrains(
        "interop_webhook_connect_timeout",
        "interop_webhook_total_timeout",
        "interop_webhook_max_response_kb",
    )
    def _check_interop_webhook_limits(self):
        for settings in self:
            connect = settings.interop_webhook_connect_timeout
            total = settings.interop_webhook_total_timeout
            size = settings.interop_webhook_max_response_kb
            if (
                not 0 < connect <= total <= const.MAX_TOTAL_TIMEOUT
                or not 0 < size <= const.MAX_RESPONSE_KB
            ):
                raise ValidationError(
                    self.env._(
                        "Webhook timeouts are at least one second and at most "
                        "%(seconds)s, connecting takes no longer than the whole, and "
                        "1 to %(size)s "
                        "KB of an answer are read.",
                        seconds=const.MAX_TOTAL_TIMEOUT,
                        size=const.MAX_RESPONSE_KB,
                    )
                )
