"""The outgoing proxy: named in Settings, chosen per endpoint, never gone around."""

import dataclasses

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base.exceptions import ConfigurationError

from .. import const
from ..tools import http_channel, proxy_channel, url_guard


class InteropEndpoint(models.Model):
    """Deliveries of this endpoint, and what asks for its tokens, use the proxy."""

    _inherit = "interop.endpoint"

    use_proxy = fields.Boolean(
        "Use the Outgoing Proxy",
        tracking=True,
        help="Deliveries go through the proxy named in Settings, in a tunnel that is "
        "encrypted up to the receiver. While the proxy cannot be reached, messages "
        "wait and are tried again; they never go around it.",
    )

    @api.model
    def _outbound_proxy(self):
        """Return the URL of the outgoing proxy, or ``""``."""
        # sudo: which proxy there is is a system parameter
        params_sudo = self.env["ir.config_parameter"].sudo()
        return params_sudo.get_param(const.PARAM_PROXY) or ""

    @api.constrains("use_proxy", "url", "auth_method", "oauth_token_url")
    def _check_use_proxy(self):
        for endpoint in self.filtered("use_proxy"):
            if not self._outbound_proxy():
                raise ValidationError(
                    self.env._(
                        "“%s” cannot use the outgoing proxy: Settings name none "
                        "(Healthcare Integration, Webhooks, Outgoing proxy).",
                        endpoint.name,
                    )
                )
            try:
                for url in endpoint._guarded_urls():
                    proxy_channel.check_receiver(url)
            except url_guard.GuardRefusal as refusal:
                raise endpoint._refused(refusal) from None

    def _receiver(self):
        receiver = super()._receiver()
        if not self.use_proxy:
            return receiver
        url = self._outbound_proxy()
        if not url:
            raise ConfigurationError(
                self.env._(
                    "“%s” uses the outgoing proxy, and Settings name none.", self.name
                ),
                code="no_proxy",
            )
        credential = self._optional_credential(
            "proxy",
            self.env._("The credential of “%s” for the proxy has expired.", self.name),
        )
        return dataclasses.replace(
            receiver, proxy=http_channel.Proxy(url, credential or "")
        )

    # === ACTIONS === #

    def action_set_proxy_credential(self):
        """Open the dialog that takes user and password for the proxy."""
        return self._action_credential("proxy", self.env._("Set Proxy Credential"))
