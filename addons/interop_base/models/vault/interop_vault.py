"""The only file that encrypts.

The keys are in the file that ``[interop] key_file`` in odoo.conf names, outside the
database. So a dump, a replica or a copy alone reveals no secret and no protected
payload.
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
        """Return the parsed key file; it is read again after a change.

        :raises GuardError: there is no usable key file; the text says what to do
        """
        path = interop_conf.section().get("key_file")
        if not path:
            raise GuardError(
                self.env._(
                    "No key file is configured. Create one with “odoo interop "
                    "generate-key FILE” and add key_file = FILE to section [interop] "
                    "of odoo.conf."
                )
            )
        try:
            return self._read_key_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise GuardError(
                self.env._(
                    "The server cannot read the key file %(path)s that section "
                    "[interop] of odoo.conf names (%(reason)s). Restore the file, or "
                    "correct key_file.",
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
        """Return the parsed key file at ``path``, cached until the file changes.

        :raises GuardError: other users of the machine can read it
        :raises KeyFileError: it is not valid
        :raises OSError: it cannot be read
        """
        stat = os.stat(path)
        if stat.st_mode & 0o077:
            raise GuardError(
                self.env._(
                    "Other users of this machine can read the key file %(path)s. "
                    "Restrict access: chmod 600 %(path)s",
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
        """Return whether this server can read and write secrets and protected
        payloads."""
        try:
            self._keyring()
        except GuardError:
            return False
        return True

    @api.model
    def _problem(self):
        """Return why the key file cannot be used (text for administrators), or
        ``False``."""
        try:
            self._keyring()
        except GuardError as error:
            return str(error)
        return False

    @api.model
    @api.private
    def _encrypt(self, plaintext, model, uuid, company_id):
        """Encrypt bytes for one record (AES-256-GCM, AAD = model, uuid, company).

        :returns: ``(key_id, blob)``; the blob is nonce + ciphertext + tag
        :raises GuardError: there is no key file
        """
        return self._keyring().encrypt(
            plaintext, keyring.aad(model, uuid, company_id or None)
        )

    @api.model
    @api.private
    def _encrypt_many(self, items):
        """Encrypt many values; read the key file once.

        :param items: list of ``(plaintext, model, uuid, company_id)``
        :returns: list of ``(key_id, blob)`` in the same order
        :raises GuardError: there are items, but no key file
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
        """Decrypt a value that ``_encrypt`` returned for the same record.

        :raises GuardError: there is no key file
        :raises ConfigurationError: no key of the file decrypts it
        """
        try:
            return self._keyring().decrypt(
                key_id, bytes(blob), keyring.aad(model, uuid, company_id or None)
            )
        except DecryptError:
            raise ConfigurationError(
                self.env._(
                    "This server cannot decrypt the content of %(model)s. It was "
                    "encrypted with key “%(key)s”. Add this key to the key file.",
                    model=model,
                    key=key_id,
                ),
                code="decrypt",
            ) from None

    @api.model
    @api.private
    def _blind(self, purpose, value):
        """Return the blind index of ``value``; only a holder of the key can compute
        it."""
        return self._keyring().blind(purpose, value)

    @api.model
    @api.private
    def _body_hash(self, body):
        """Return a keyed digest of message bytes; it does not reveal guessable
        content."""
        return self._body_hash_of(hashlib.sha256(body).hexdigest())

    @api.model
    @api.private
    def _body_hash_of(self, digest):
        """Return the same digest from the SHA-256 of the bytes (hexadecimal)."""
        return self._keyring().blind("body", digest)
