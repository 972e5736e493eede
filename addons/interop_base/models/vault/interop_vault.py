"""The one file that encrypts.

Keys live in the file named by ``[interop] key_file`` in odoo.conf, outside the
database, so that a dump, a replica or a copy reads no secret and no protected payload.
"""

import hashlib
import os

from odoo import api, models

from ...exceptions import ConfigurationError, GuardError
from ...tools import keyring
from ...tools.errors import DecryptError, KeyFileError
from ..engine import interop_conf

_cache = {}


class InteropVault(models.AbstractModel):
    """Encryption at rest and keyed blind indexes."""

    _name = "interop.vault"
    _description = "Integration Key Vault"

    @api.model
    @api.private
    def _keyring(self):
        """Return the parsed key file, read again when the file changes.

        :raises GuardError: when no usable key file is configured; the text says what to
            do
        """
        path = interop_conf.section().get("key_file")
        if not path:
            raise GuardError(
                self.env._(
                    "No key file is configured. Create one with “odoo interop "
                    "generate-key FILE” and name it in odoo.conf: section [interop], "
                    "key_file = FILE."
                )
            )
        try:
            return self._read_key_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise GuardError(
                self.env._(
                    "The key file %(path)s named in odoo.conf [interop] cannot be read "
                    "(%(reason)s). Put it back, or correct key_file.",
                    path=path,
                    reason=type(error).__name__,
                )
            ) from None
        except KeyFileError as error:
            raise GuardError(
                self.env._(
                    "The key file %(path)s is not valid: %(reason)s",
                    path=path,
                    reason=str(error),
                )
            ) from None

    def _read_key_file(self, path):
        """Return the parsed key file at ``path``, from memory while it is unchanged.

        :raises GuardError: other users of the machine can read it
        :raises KeyFileError: it is not valid
        :raises OSError: it cannot be read
        """
        stat = os.stat(path)
        if stat.st_mode & 0o077:
            raise GuardError(
                self.env._(
                    "The key file %(path)s can be read by other users of this "
                    "machine. Restrict it: chmod 600 %(path)s",
                    path=path,
                )
            )
        cached = _cache.get(path)
        if cached and cached[0] == stat.st_mtime_ns:
            return cached[1]
        with open(path, encoding="utf-8") as file:
            ring = keyring.parse_key_file(file.read())
        _cache[path] = (stat.st_mtime_ns, ring)
        return ring

    @api.model
    def _available(self):
        """Return whether secrets and protected payloads can be read and written here."""
        try:
            self._keyring()
        except GuardError:
            return False
        return True

    @api.model
    def _problem(self):
        """Return why the vault is closed, in words for an administrator, or ``False``."""
        try:
            self._keyring()
        except GuardError as error:
            return str(error)
        return False

    @api.model
    @api.private
    def _encrypt(self, plaintext, model, uuid, company_id):
        """Encrypt bytes for one record (AES-256-GCM, AAD = model, uuid, company).

        :returns: ``(key_id, blob)``: the key that was used and nonce + ciphertext + tag
        :raises GuardError: without a key file
        """
        return self._keyring().encrypt(
            plaintext, keyring.aad(model, uuid, company_id or None)
        )

    @api.model
    @api.private
    def _encrypt_many(self, items):
        """Encrypt many values with one look at the key file.

        :param items: list of ``(plaintext, model, uuid, company_id)``
        :returns: list of ``(key_id, blob)`` in the same order
        :raises GuardError: without a key file, unless there are no items
        """
        if not items:
            return []
        ring = self._keyring()
        return [
            ring.encrypt(plaintext, keyring.aad(model, uuid, company_id or None))
            for plaintext, model, uuid, company_id in items
        ]

    @api.model
    @api.private
    def _decrypt(self, key_id, blob, model, uuid, company_id):
        """Decrypt what ``_encrypt`` answered for the same record.

        :raises GuardError: without a key file
        :raises ConfigurationError: when no key of the file opens it
        """
        try:
            return self._keyring().decrypt(
                key_id, bytes(blob), keyring.aad(model, uuid, company_id or None)
            )
        except DecryptError:
            raise ConfigurationError(
                self.env._(
                    "The content of %(model)s cannot be decrypted with the keys of "
                    "this server. It was encrypted with key “%(key)s”: add that key "
                    "to the key file.",
                    model=model,
                    key=key_id,
                ),
                code="decrypt",
            ) from None

    @api.model
    @api.private
    def _blind(self, purpose, value):
        """Return the blind index of ``value``: searchable by who knows it, and only
        then.
        """
        return self._keyring().blind(purpose, value)

    @api.model
    @api.private
    def _body_hash(self, body):
        """Return a digest of message bytes that reveals nothing about guessable
        content.
        """
        return self._body_hash_of(hashlib.sha256(body).hexdigest())

    @api.model
    @api.private
    def _body_hash_of(self, digest):
        """Return the same from the SHA-256 of the bytes, in hexadecimal digits."""
        return self._keyring().blind("body", digest)
