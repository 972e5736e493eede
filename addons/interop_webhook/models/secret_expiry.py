"""Warnings before a secret of an endpoint expires."""

from datetime import timedelta

from odoo.addons.interop_base import clock

from .. import const


class SecretExpiry:
    """Warns the owners of systems of secrets that expire soon.

    A secret with a valid successor needs no warning.
    """

    def __init__(self, env, days=None):
        """Set the limit of the warning.

        :param int days: days before the expiry; by default the value in the Settings
        """
        self.env = env
        if days is None:
            days = env["interop.secret"]._warning_days()
        self.limit = clock.now() + timedelta(days=days)

    def warn(self):
        """Schedule one activity for each secret that expires soon."""
        endpoints = self.env["interop.endpoint"].search(
            [
                ("secret_ids.valid_to", "<=", self.limit),
                ("secret_ids.revoked_at", "=", False),
            ]
        )
        for endpoint in endpoints:
            for secret in self.expiring(endpoint):
                self._warn(endpoint, secret)

    def expiring(self, endpoint):
        """Return the last secret of each use that expires before the limit."""
        expiring = self.env["interop.secret"]
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
                expiring |= own.sorted("valid_to")[-1]
        return expiring

    def _uses(self, endpoint):
        """Return ``(kind, purpose)`` of the secrets that an endpoint uses."""
        kinds = const.SECRET_KINDS[endpoint.signature_version]
        uses = [(kind, False) for kind in kinds]
        if endpoint.auth_method != "none":
            uses.append(("credential", "receiver"))
        if endpoint.use_proxy:
            uses.append(("credential", "proxy"))
        return [*uses, ("credential", "client_certificate")]

    def _warn(self, endpoint, secret):
        """Schedule one activity per secret, due when the secret expires."""
        summary = self.env._(
            "%(secret)s (%(fingerprint)s) expires soon",
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
                    "Rotate or replace the secret before %s UTC. After that time nothing "
                    "is delivered to this endpoint.",
                    secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                ),
            )
