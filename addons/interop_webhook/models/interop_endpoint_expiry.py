"""Warnings before a secret of an endpoint expires."""

from datetime import timedelta

from odoo import api, models

from odoo.addons.interop_base import clock

from .. import const


class InteropEndpoint(models.Model):
    """A secret whose successor is there already needs no warning."""

    _inherit = "interop.endpoint"

    @api.model
    def _cron_warn_secrets(self):
        """Give the owners of systems something to do about secrets that end soon."""
        days = self.env["interop.secret"]._warning_days()
        limit = clock.now() + timedelta(days=days)
        endpoints = self.search(
            [
                ("secret_ids.valid_to", "<=", limit),
                ("secret_ids.revoked_at", "=", False),
            ]
        )
        for endpoint in endpoints:
            for secret in endpoint._ending_secrets(limit):
                endpoint._warn_secret(secret)

    def _ending_secrets(self, limit):
        """Return, per use of a secret, the last one when it ends before ``limit``."""
        self.ensure_one()
        ending = self.env["interop.secret"]
        for kind, purpose in self._secret_uses():
            own = self.secret_ids.filtered(
                lambda secret, kind=kind, purpose=purpose: (
                    not secret.revoked_at
                    and (secret.kind, secret.purpose) == (kind, purpose)
                )
            )
            if own and all(
                secret.valid_to and secret.valid_to <= limit for secret in own
            ):
                ending |= own.sorted("valid_to")[-1]
        return ending

    def _secret_uses(self):
        """Return ``(kind, purpose)`` of what this endpoint uses."""
        self.ensure_one()
        uses = [(kind, False) for kind in const.SECRET_KINDS[self.signature_version]]
        if self.auth_method != "none":
            uses.append(("credential", "receiver"))
        if self.use_proxy:
            uses.append(("credential", "proxy"))
        return [*uses, ("credential", "client_certificate")]

    def _warn_secret(self, secret):
        """Schedule one activity per secret, due when the secret ends."""
        summary = self.env._(
            "%(secret)s (%(fingerprint)s) ends",
            secret=secret.name,
            fingerprint=secret.fingerprint,
        )
        owner = self.system_id.owner_id
        if owner and summary not in self.activity_ids.mapped("summary"):
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=secret.valid_to.date(),
                user_id=owner.id,
                summary=summary,
                note=self.env._(
                    "Rotate or replace it before %s UTC: afterwards nothing is delivered.",
                    secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                ),
            )
