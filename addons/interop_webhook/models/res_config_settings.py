"""Settings of outbound webhooks."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import const
from ..tools import proxy_channel, url_guard


class ResConfigSettings(models.TransientModel):
    """Adds defaults of new endpoints, allowed ports and the outgoing proxy."""

    _inherit = "res.config.settings"

    interop_webhook_allowed_ports = fields.Char(
        "Allowed Ports",
        config_parameter=const.PARAM_PORTS,
        default=const.DEFAULT_PORTS,
        help="Ports and ranges that deliveries may use, such as 443, 8443, 9000-9010. The "
        "check also applies to existing endpoints.",
    )
    interop_webhook_connect_timeout = fields.Integer(
        "Connect Timeout (s)",
        config_parameter=const.PARAM_CONNECT_TIMEOUT,
        default=const.DEFAULT_CONNECT_TIMEOUT,
        help="Connect timeout of new endpoints.",
    )
    interop_webhook_total_timeout = fields.Integer(
        "Timeout (s)",
        config_parameter=const.PARAM_TOTAL_TIMEOUT,
        default=const.DEFAULT_TOTAL_TIMEOUT,
        help="Timeout of new endpoints.",
    )
    interop_webhook_max_response_kb = fields.Integer(
        "Maximum Response Size (KB)",
        config_parameter=const.PARAM_MAX_RESPONSE_KB,
        default=const.DEFAULT_MAX_RESPONSE_KB,
        help="Maximum response size of new endpoints.",
    )

    interop_webhook_outbound_proxy = fields.Char(
        "Outgoing Proxy",
        config_parameter=const.PARAM_PROXY,
        help="The proxy of endpoints with Use Outgoing Proxy, such as "
        "http://proxy.example.org:3128. Leave empty if there is no proxy. Proxies of the "
        "server's environment variables are ignored.",
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
        """Refuse to remove the proxy while endpoints use it."""
        # sudo: endpoints of every facility count
        endpoints_sudo = (
            self.env["interop.endpoint"].sudo().with_context(active_test=False)
        )
        users_sudo = endpoints_sudo.search([("use_proxy", "=", True)], limit=5)
        if users_sudo:
            raise ValidationError(
                self.env._(
                    "The outgoing proxy cannot be removed, because these endpoints use it: "
                    "%s. Clear Use Outgoing Proxy on these endpoints first.",
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
                        "A webhook limit is out of range. The connect timeout is at least "
                        "1 second and at most the timeout. The timeout is at most "
                        "%(seconds)s seconds. The maximum response size is 1 to %(size)s "
                        "KB.",
                        seconds=const.MAX_TOTAL_TIMEOUT,
                        size=const.MAX_RESPONSE_KB,
                    )
                )
