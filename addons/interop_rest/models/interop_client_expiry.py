"""Reminders before a client, a key or a token of it ends."""

from datetime import timedelta

from odoo import api, models

from odoo.addons.interop_base import clock


class InteropClient(models.Model):
    """A key whose successor is there already needs no reminder."""

    _inherit = "interop.client"

    @api.model
    def _cron_remind(self):
        """Give the owners of systems something to do about what ends soon; take from
        service users the rights that they had only for messages that waited."""
        self.search([("user_id", "!=", False)])._sync_service_user()
        days = self.env["interop.secret"]._warning_days()
        limit = clock.now() + timedelta(days=days)
        for client in self.search([("state", "in", ("approved", "active"))]):
            if client.expires_at and client.expires_at <= limit:
                client._remind(
                    self.env._("Client %s ends", client.name),
                    client.expires_at,
                    self.env._(
                        "Request approval again with a later date before %s UTC: "
                        "afterwards it is refused.",
                        client.expires_at.strftime("%Y-%m-%d %H:%M"),
                    ),
                )
            for secret in client._ending_secrets(limit):
                client._remind(
                    self.env._(
                        "%(secret)s (%(fingerprint)s) ends",
                        secret=secret.name,
                        fingerprint=secret.fingerprint,
                    ),
                    secret.valid_to,
                    self.env._(
                        "Rotate or replace it before %s UTC: afterwards what it proves is "
                        "refused.",
                        secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                    ),
                )

    def _ending_secrets(self, limit):
        """Return, per kind, the last key or token when it ends before ``limit``."""
        self.ensure_one()
        ending = self.env["interop.secret"]
        valid = self._present_keys()
        for kind in set(valid.mapped("kind")):
            own = valid.filtered(lambda secret, kind=kind: secret.kind == kind)
            if all(secret.valid_to and secret.valid_to <= limit for secret in own):
                ending |= own.sorted("valid_to")[-1]
        return ending

    def _remind(self, summary, end, note):
        """Schedule one activity per summary, due when it ends (naive UTC)."""
        owner = self.system_id.owner_id
        if owner and summary not in self.activity_ids.mapped("summary"):
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=end.date(),
                user_id=owner.id,
                summary=summary,
                note=note,
            )
