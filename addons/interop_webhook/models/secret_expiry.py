"""Warnings before a secret of an endpoint expires."""

from datetime import timedelta

from odoo.addons.interop_base import clock

from .. import const


class SecretExpiry:
    """Gives the owners of systems something to do about secrets that end soon.

    A secret whose successor is there already needs no warning.
    """

    def __init__(self, env, days=None):
        """``days`` ahead count as soon; by default what Settings say."""
        self.env = env
        if days is None:
            days = env["interop.secret"]._warning_days()
        self.limit = clock.now() + timedelta(days=days)

    def warn(self):
        """Schedule one activity for each secret that ends soon."""
        endpoints = self.env["interop.endpoint"].search(
            [
                ("secret_ids.valid_to", "<=", self.limit),
                ("secret_ids.revoked_at", "=", False),
            ]
        )
        for endpoint in endpoints:
            for secret in self.ending(endpoint):
                self._warn(endpoint, secret)

    def ending(self, endpoint):
        """Return, per use of a secret, the last one when it ends before the limit."""
        ending = self.env["interop.secret"]
        for kind, purpose in self._uses(endpoint):
            own = endpoint.secret_ids.filtered(
                lambda secret, kind=kind, purpose=purpose: (
                    not secret.revoked_at
                    and (secret.kind, secret.purpose) == (kind, purpose)
                )
            )
            if own and all(
                secret.valid_to and secret.valid_to <= self.limit for secret in own
            ):
                ending |= own.sorted("valid_to")[-1]
        return ending

    def _uses(self, endpoint):
        """Return ``(kind, purpose)`` of what an endpoint uses."""
        kinds = const.SECRET_KINDS[endpoint.signature_version]
        uses = [(kind, False) for kind in kinds]
        if endpoint.auth_method != "none":
            uses.append(("credential", "receiver"))
        if endpoint.use_proxy:
            uses.append(("credential", "proxy"))
        return [*uses, ("credential", "client_certificate")]

    def _warn(self, endpoint, secret):
        """Schedule one activity per secret, due when the secret ends."""
        summary = self.env._(
            "%(secret)s (%(fingerprint)s) ends",
            secret=secret.name,
            fingerprint=secret.fingerprint,
        )
        owner = endpoint.system_id.owner_id
        if owner and summary not in endpoint.activity_ids.mapped("summary"):
            endpoint.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=secret.valid_to.date(),
                user_id=owner.id,
                summary=summary,
                note=self.env._(
                    "Rotate or replace it before %s UTC: afterwards nothing is delivered.",
                    secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                ),
            )
