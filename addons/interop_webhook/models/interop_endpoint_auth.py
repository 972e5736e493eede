"""How we show a receiver who we are, besides the signature."""

import dataclasses

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConfigurationError

from .. import const
from ..tools import oauth, url_guard


class InteropEndpoint(models.Model):
    """Bearer, Basic, OAuth 2.0 and mutual TLS. Every value is a secret."""

    _inherit = "interop.endpoint"

    auth_method = fields.Selection(
        const.AUTH_METHODS,
        "Credential",
        required=True,
        default="none",
        tracking=True,
        help="What the receiver asks for besides our signature.",
    )
    auth_user = fields.Char(
        "User or Client ID",
        tracking=True,
        help="Name that goes with the password, or the client id for OAuth 2.0.",
    )
    oauth_token_url = fields.Char("Token URL", tracking=True)
    oauth_scope = fields.Char("Scope", tracking=True)
    oauth_client_auth = fields.Selection(
        const.CLIENT_AUTHS,
        "Client Credentials Travel",
        required=True,
        default="basic",
        tracking=True,
    )
    has_credential = fields.Boolean(compute="_compute_has_credential")
    has_client_certificate = fields.Boolean(compute="_compute_has_credential")
    has_proxy_credential = fields.Boolean(compute="_compute_has_credential")

    @api.depends("secret_ids.valid_to", "secret_ids.revoked_at", "secret_ids.purpose")
    def _compute_has_credential(self):
        now = clock.now()
        for endpoint in self:
            # sudo: whether there is a secret is no secret
            usable_sudo = endpoint.sudo().secret_ids._usable(now)
            purposes = usable_sudo.mapped("purpose")
            endpoint.has_credential = "receiver" in purposes
            endpoint.has_client_certificate = "client_certificate" in purposes
            endpoint.has_proxy_credential = "proxy" in purposes

    # === CHECKS === #

    @api.constrains("auth_method", "auth_user", "oauth_token_url")
    def _check_auth(self):
        for endpoint in self:
            method = endpoint.auth_method
            if method in ("basic", "oauth2") and not endpoint.auth_user:
                raise ValidationError(
                    self.env._("“%s” needs a user or client id.", endpoint.name)
                )
            if method == "basic" and ":" in endpoint.auth_user:
                raise ValidationError(
                    self.env._(
                        "The user of “%s” cannot contain a colon.", endpoint.name
                    )
                )
            if method == "oauth2" and not endpoint.oauth_token_url:
                raise ValidationError(
                    self.env._("“%s” needs the URL of its tokens.", endpoint.name)
                )

    def _guarded_urls(self):
        urls = super()._guarded_urls()
        return [*urls, self.oauth_token_url] if self.auth_method == "oauth2" else urls

    @api.constrains("auth_method", "oauth_token_url", "allow_http", "allowed_networks")
    def _check_token_url(self):
        self._check_url()

    # === BUSINESS METHODS === #

    @api.private
    def _credential(self, purpose):
        """Return the newest usable value, or ``None``."""
        self.ensure_one()
        # sudo: the engine shows credentials whoever caused the message
        secrets_sudo = self.sudo().secret_ids.filtered(
            lambda secret: secret.purpose == purpose
        )
        secret_sudo = secrets_sudo._usable(clock.now())[:1]
        return secret_sudo._get_value() if secret_sudo else None

    def _optional_credential(self, purpose, expired):
        """Return the newest usable value, or ``None`` where none was ever wanted.

        :param str expired: what to say when it was set and holds no longer: without it
            the other side would refuse every message for good
        :raises ConfigurationError: with that text
        """
        value = self._credential(purpose)
        if not value and self.secret_ids.filtered(
            lambda secret: secret.purpose == purpose and not secret.revoked_at
        ):
            raise ConfigurationError(expired, code="no_credential")
        return value

    @api.private
    def _authorization(self):
        """Return ``(headers, oauth.Grant or None)``.

        :raises ConfigurationError: when the credential is missing or expired
        """
        self.ensure_one()
        if self.auth_method == "none":
            return {}, None
        value = self._credential("receiver")
        if not value:
            raise ConfigurationError(
                self.env._(
                    "Endpoint “%s” has no usable credential. Set it.", self.name
                ),
                code="no_credential",
            )
        if self.auth_method == "bearer":
            return {"Authorization": f"Bearer {value}"}, None
        if self.auth_method == "basic":
            return {"Authorization": oauth.basic(self.auth_user, value)}, None
        receiver = dataclasses.replace(
            self._receiver(), key=f"token:{self.id}", url=self.oauth_token_url
        )
        return {}, oauth.Grant(
            receiver,
            self.auth_user,
            value,
            self.oauth_scope or "",
            self.oauth_client_auth == "body",
        )

    def _receiver(self):
        receiver = super()._receiver()
        pem = self._optional_credential(
            "client_certificate",
            self.env._("The client certificate of “%s” has expired.", self.name),
        )
        return dataclasses.replace(receiver, client_pem=pem or "")

    def _missing_credential(self):
        """Return what is missing to show who we are, or ``None``."""
        self.ensure_one()
        try:
            self._authorization()
            self._receiver()
        except (ConfigurationError, url_guard.GuardRefusal) as error:
            return str(error)
        return None

    # === ACTIONS === #

    def action_set_credential(self):
        """Open the dialog that takes the credential."""
        return self._action_credential("receiver", self.env._("Set Credential"))

    def action_set_client_certificate(self):
        """Open the dialog that takes the client certificate and its key."""
        return self._action_credential(
            "client_certificate", self.env._("Set Client Certificate")
        )

    def _action_credential(self, purpose, name):
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "interop.credential.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_endpoint_id": self.id,
                "default_purpose": purpose,
            },
        }
