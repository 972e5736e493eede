"""Secrets: key material with a lifecycle."""

import base64
import uuid
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import clock, const, parameters
from ...exceptions import ConfigurationError
from ...tools import signing

USED_EVERY = timedelta(minutes=5)
SECRET_STATES = [
    ("pending", "Not Yet Valid"),
    ("active", "Active"),
    ("expiring", "Expires Soon"),
    ("expired", "Expired"),
    ("revoked", "Revoked"),
]

# Written by _store_value only. The AAD binds them to their own row.
_MATERIAL = ("ciphertext", "key_id", "public_value", "fingerprint")


class InteropSecret(models.Model):
    """One key, token or credential. Its value is shown once, when it is generated."""

    _name = "interop.secret"
    _description = "Integration Secret"
    _inherit = ["mail.thread"]
    _order = "valid_from desc, id desc"

    name = fields.Char(required=True, tracking=True)
    uuid = fields.Char(
        required=True, readonly=True, copy=False, default=lambda self: str(uuid.uuid4())
    )
    system_id = fields.Many2one(
        "interop.system",
        required=True,
        ondelete="restrict",
        index=True,
        readonly=True,
    )
    company_id = fields.Many2one("res.company", "Facility", index=True, readonly=True)
    kind = fields.Selection(const.SECRET_KINDS, required=True, readonly=True)
    key_id = fields.Char(
        "Encryption Key", readonly=True, copy=False, groups=fields.NO_ACCESS
    )
    ciphertext = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    public_value = fields.Char(
        "Public Key",
        readonly=True,
        copy=False,
        help="Give this key to the partner, who uses it to verify our signatures.",
    )
    fingerprint = fields.Char(
        readonly=True,
        copy=False,
        help="A keyed digest. Both partners use it to tell keys apart.",
    )
    valid_from = fields.Datetime(required=True, default=lambda self: clock.now())
    valid_to = fields.Datetime("Valid Until", tracking=True)
    client_id = fields.Many2one(
        "interop.client", ondelete="restrict", index=True, readonly=True
    )
    last_used_at = fields.Datetime(
        "Last Used",
        readonly=True,
        copy=False,
        help="Time of the last accepted use, with a precision of five minutes.",
    )
    revoked_at = fields.Datetime("Revoked On", readonly=True, copy=False, tracking=True)
    state = fields.Selection(SECRET_STATES, compute="_compute_state")

    _uuid_uniq = models.Constraint("UNIQUE (uuid)", "Another secret has this id.")
    _valid_range = models.Constraint(
        "CHECK (valid_to IS NULL OR valid_to >= valid_from)",
        "The end of validity must not be before its start.",
    )

    @api.depends("valid_from", "valid_to", "revoked_at")
    def _compute_state(self):
        now = clock.now()
        soon = now + timedelta(days=self._warning_days())
        for secret in self:
            if secret.revoked_at:
                secret.state = "revoked"
            elif secret.valid_from and secret.valid_from > now:
                secret.state = "pending"
            elif secret.valid_to and secret.valid_to <= now:
                secret.state = "expired"
            elif secret.valid_to and secret.valid_to <= soon:
                secret.state = "expiring"
            else:
                secret.state = "active"

    @api.model
    def _warning_days(self):
        return parameters.number(self.env, "interop_base.secret_warning_days", 30)

    @api.model
    def _overlap_hours(self):
        return parameters.number(self.env, "interop_base.secret_overlap_hours", 24)

    # === KEY MATERIAL === #

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Refuse: a secret gets its value when it is generated or received."""
        raise UserError(
            self.env._(
                "A secret cannot be created without a value. Generate a secret, or "
                "enter the secret that the partner sent."
            )
        )

    def _create_row(self, vals):
        """Create the row of a new secret; ``_create_value`` adds the value."""
        # Ignore default_… in the context.
        context = {
            key: value
            for key, value in self.env.context.items()
            if not key.startswith("default_")
        }
        rows = self.with_env(self.env(context=context))
        return super(InteropSecret, rows).create([vals]).with_env(self.env)

    def write(self, vals):
        """Refuse to change the key material, or to make an ended secret valid again."""
        fixed = {*_MATERIAL, "uuid", "kind", "system_id", "company_id", "revoked_at"}
        if "client_id" in vals:
            raise UserError(
                self.env._(
                    "A secret cannot move to another client. Generate a new secret."
                )
            )
        if (fixed | {"last_used_at"}) & vals.keys():
            raise UserError(
                self.env._("A secret cannot be edited. Rotate it or revoke it instead.")
            )
        dates = {"valid_from", "valid_to"} & vals.keys()
        if not dates:
            return super().write(vals)
        before = {secret.id: (secret.valid_from, secret.valid_to) for secret in self}
        now = clock.now()
        for secret in self:
            if secret.revoked_at or (secret.valid_to and secret.valid_to <= now):
                raise UserError(
                    self.env._(
                        "“%s” has expired or was revoked and cannot become valid "
                        "again. Generate a new secret instead.",
                        secret.name,
                    )
                )
        result = super().write(vals)
        self._log_validity(before)
        self.client_id._note_editor()
        return result

    def _log_validity(self, before):
        """Record changed dates in the audit trail; alert the owner of the system about
        a longer validity."""
        for secret in self:
            old_from, old_to = before[secret.id]
            if (old_from, old_to) == (secret.valid_from, secret.valid_to):
                continue
            self.env["interop.audit.event"]._log(
                "changed",
                secret,
                f"{old_from} – {old_to or '…'} → "
                f"{secret.valid_from} – {secret.valid_to or '…'}",
            )
            longer = old_to and (not secret.valid_to or secret.valid_to > old_to)
            if longer or secret.valid_from < old_from:
                secret._tell_owner(self.env._("%s is valid for longer", secret.name))

    def _tell_owner(self, summary, stewards=False):
        """Schedule an activity for the owner of the system, to check a change that
        needs no approval. If the owner made the change, all stewards get the activity.

        :param bool stewards: whether the stewards get the activity in any case
        """
        self.ensure_one()
        system_sudo = self.sudo().system_id  # sudo: each system has an owner to alert
        told = system_sudo.owner_id - self.env.user
        if stewards or not told:
            # sudo: list of the stewards
            group_sudo = self.env.ref("interop_base.interop_base_group_steward").sudo()
            told |= group_sudo.all_user_ids - self.env.user
        for user in told:
            system_sudo.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=summary,
                note=self.env._(
                    "User: %(user)s. Secret: %(fingerprint)s. If this change was not "
                    "intended, revoke the secret.",
                    user=self.env.user.name,
                    fingerprint=self.fingerprint or self.uuid,
                ),
            )

    @api.model
    @api.private
    def _create_value(self, vals, plaintext):
        """Create a secret with a value.

        :param dict vals: field values without key material
        :param str plaintext: ``whsec_…``, ``whsk_…``, ``whpk_…`` or a credential
        :raises GuardError: there is no key file
        """
        self.env["interop.vault"]._keyring()
        if vals["kind"] in ("hmac", "ed25519_private", "ed25519_public"):
            signing.decode_secret(plaintext)
        if any(vals.get(name) for name in _MATERIAL):
            raise UserError(
                self.env._(
                    "The value of a secret cannot be written directly. Generate the "
                    "secret, or enter it in the dialog."
                )
            )
        secret = self._create_row(vals)
        secret._store_value(plaintext)
        secret._note_created()
        return secret

    def _note_created(self):
        """Alert the responsible users about a new secret that has its value.

        Called after the value was stored. An override adds alerts for its kinds.

        A new key extends access to a client that was approved once. So the owner and
        the stewards are alerted, also while the client is being changed.
        """
        client = self.client_id
        if not client:
            return
        client._note_editor()
        if client.approved_fingerprint:
            self.env["interop.audit.event"]._log(
                "changed", client, f"Keys: + {self._approval_text()}"
            )
            summary = self.env._("New key of client %s", client.name)
            self._tell_owner(summary, stewards=True)

    def _approval_text(self):
        """Return the text about this key in the approved state of the client."""
        self.ensure_one()
        start = fields.Datetime.to_string(self.valid_from)
        end = fields.Datetime.to_string(self.valid_to) or "…"
        return f"{self.kind} {self.fingerprint or '–'} ({self.uuid}) {start} – {end}"

    def _store_value(self, plaintext):
        self.ensure_one()
        vault = self.env["interop.vault"]
        key_id, blob = vault._encrypt(
            plaintext.encode(), self._name, self.uuid, self.company_id.id
        )
        values = {
            "key_id": key_id,
            "ciphertext": base64.b64encode(blob).decode(),
            "fingerprint": vault._blind("secret", plaintext)[:16],
        }
        if self.kind == "ed25519_public":
            values["public_value"] = plaintext
        elif self.kind == "ed25519_private":
            values["public_value"] = signing.public_key_of(plaintext)
        # sudo: no group may write key material, administrators included
        return super(InteropSecret, self.sudo()).write(values)

    @api.private
    def _get_value(self):
        """Return the plaintext (text). Only the engine may call it; no RPC, no export.

        :raises GuardError: there is no key file
        :raises ConfigurationError: no key of the file decrypts it
        """
        self.ensure_one()
        secret_sudo = self.sudo()  # sudo: no group may read these columns
        if not secret_sudo.ciphertext:
            raise ConfigurationError(
                self.env._(
                    "Secret “%s” has no value. Generate a new secret.", self.name
                )
            )
        return (
            self.env["interop.vault"]
            ._decrypt(
                secret_sudo.key_id,
                base64.b64decode(secret_sudo.ciphertext),
                self._name,
                self.uuid,
                self.company_id.id,
            )
            .decode()
        )

    def _usable(self, now):
        """Return the secrets that are valid at ``now``, the newest first."""
        return self.filtered(
            lambda secret: (
                not secret.revoked_at
                and secret.valid_from <= now
                and (not secret.valid_to or secret.valid_to > now)
            )
        ).sorted(lambda secret: (secret.valid_from, secret.id), reverse=True)

    def _note_used(self, now):
        """Record that a key or token was accepted at ``now``, at most every few
        minutes.

        It uses a separate cursor and never waits. Within the request, all requests of a
        client would write the same row, and a refused request would undo it.
        """
        self.ensure_one()
        before = now - USED_EVERY
        if self.last_used_at and self.last_used_at > before:
            return
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(
                    """UPDATE interop_secret SET last_used_at = %s
                        WHERE id = ANY(ARRAY(
                              SELECT id FROM interop_secret
                               WHERE id = %s AND (last_used_at IS NULL
                                                  OR last_used_at <= %s)
                                 FOR UPDATE SKIP LOCKED))""",
                    [now, self.id, before],
                    log_exceptions=False,
                )
        except psycopg2.errors.SerializationFailure:
            return  # another request has just written it

    @api.model
    @api.private
    def _generate_plaintext(self, kind):
        """Return new key material of ``kind`` in the text form of Standard Webhooks."""
        if kind == "hmac":
            return signing.generate_hmac_secret()
        if kind == "ed25519_private":
            return signing.generate_ed25519_keypair()[0]
        raise UserError(
            self.env._("The partner generates secrets of this kind. Enter it instead.")
        )

    def _rotation_values(self):
        """Return the values of a successor; an override adds the links of its addon."""
        self.ensure_one()
        return {
            "name": self.name,
            "system_id": self.system_id.id,
            "company_id": self.company_id.id,
            "kind": self.kind,
            "client_id": self.client_id.id,
        }

    @api.private
    def _rotate(self, overlap_hours=None):
        """Create a successor; this secret stays valid for ``overlap_hours``.

        :param int overlap_hours: by default as in the Settings
        :returns: ``(successor, plaintext)``
        """
        self.ensure_one()
        if self.revoked_at:
            raise UserError(
                self.env._(
                    "A revoked secret cannot be rotated. Generate a new secret instead."
                )
            )
        plaintext = self._generate_plaintext(self.kind)
        successor = self._create_value(self._rotation_values(), plaintext)
        if overlap_hours is None:
            overlap_hours = self._overlap_hours()
        end = clock.now() + timedelta(hours=overlap_hours)
        if not self.valid_to or self.valid_to > end:
            self.write({"valid_to": end})
        self.env["interop.audit.event"]._log("rotated", self)
        return successor, plaintext

    def _set_revoked(self):
        """Revoke the secrets; they stop working immediately."""
        moving = self.filtered(lambda secret: not secret.revoked_at)
        if moving:
            super(InteropSecret, moving).write({"revoked_at": clock.now()})
            self.env["interop.audit.event"]._log("revoked", moving)
        return moving

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "Secrets cannot be deleted: messages refer to them. Revoke them."
            )
        )

    @api.model
    def _reencrypt_all(self):
        """Encrypt all secrets with the newest key; return the number of changed
        ones."""
        current = self.env["interop.vault"]._keyring().current_key_id
        # sudo: the command line runs this without a user
        stale_sudo = self.sudo().search(
            [("key_id", "!=", current), ("ciphertext", "!=", False)]
        )
        for secret in stale_sudo:
            secret._store_value(secret._get_value())
        return len(stale_sudo)

    # === ACTIONS === #

    def _action_show_once(self, plaintext):
        """Return the client action that shows a value once; the value is not stored."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "interop_show_once",
            "name": self.env._("New Secret"),
            "target": "new",
            "params": {
                "title": self.name,
                "value": self.public_value or plaintext
                if self.kind == "ed25519_private"
                else plaintext,
                "note": self.env._(
                    "Copy the value now and send it over a secure channel. It cannot "
                    "be shown again."
                ),
            },
        }

    def action_rotate(self):
        """Rotate with the default overlap and show the new value once."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.ensure_one()
        successor, plaintext = self._rotate()
        return successor._action_show_once(plaintext)

    def action_revoke(self):
        """Revoke the secrets immediately."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._set_revoked()
        return True
