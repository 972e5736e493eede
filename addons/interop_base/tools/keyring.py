"""The key file, AES-256-GCM encryption and keyed blind indexes.

The file has one key per line, ``<key_id> = <base64 of 32 bytes>``. A line with ``#`` is
a comment. The key named ``blind`` is for blind indexes only. Of the other keys, the
first one encrypts and all decrypt. A rotation adds a new first line, and keeps the old
ones until everything is encrypted again.
"""

import base64
import binascii
import hmac
import json
import os
import re
import secrets
import unicodedata
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import DecryptError, KeyFileError

BLIND_KEY_ID = "blind"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
BLIND_LENGTH = 32  # hexadecimal digits
MAX_FILE_LENGTH = 64 * 1024

_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_HEADER = """\
# Keys of the Healthcare Integration suite. With this file and the database, anyone can
# read all stored secrets and payloads. Keep it out of the backups of the database, and
# keep a copy of it in a safe place.
# The key "blind" makes the searchable keys and must never change. Of the other keys,
# the first one encrypts and all decrypt.
"""


class Keyring:
    """The keys of one file. It shows no key material and cannot be pickled."""

    __slots__ = ("_blind", "_ciphers", "current_key_id")

    def __init__(self, keys: dict[str, bytes], blind: bytes):
        """``keys`` maps key ids to 32 bytes each; the first one encrypts."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._blind = blind
        self.current_key_id = next(iter(keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the encryption keys, the current one first."""
        return tuple(self._ciphers)

    def encrypt(self, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        """Return (key id, nonce and ciphertext and tag) with the current key.

        The nonce is random. Therefore, rotate a key before it has encrypted 2**32
        values.

        :param aad: associated data of the record (see :func:`aad`)
        """
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.current_key_id].encrypt(
            nonce, bytes(plaintext), aad
        )
        return self.current_key_id, nonce + sealed

    def decrypt(self, key_id: str, blob: bytes, aad: bytes) -> bytes:
        """Return the plaintext.

        :raises DecryptError: with the reason, and what to do
        """
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise DecryptError(
                "unknown_key",
                "The key of this value is missing in the key file. Add it again.",
            )
        blob = bytes(blob or b"")
        if len(blob) < NONCE_BYTES + TAG_BYTES:
            raise DecryptError("malformed", "The stored value is too short.")
        try:
            return cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], aad)
        except InvalidTag:
            pass
        raise DecryptError(
            "tampered", "The stored value belongs to another record or key."
        )

    def blind(self, purpose: str, value: str) -> str:
        """Return the blind index of a value: 32 hexadecimal digits of HMAC-SHA256.

        Values that differ only in case, surrounding blanks or Unicode composition have
        the same index. Each ``purpose`` gives unrelated indexes of the same value.
        """
        message = json.dumps(["interop-blind-v1", purpose, _normalize(value)]).encode(
            "ascii"
        )
        return hmac.digest(self._blind, message, "sha256").hex()[:BLIND_LENGTH]

    def __repr__(self):
        return f"<Keyring {', '.join(self._ciphers)}>"

    def __reduce__(self):
        raise TypeError("A keyring cannot be serialized.")


def aad(model: str, uuid: str, company_id: int | None) -> bytes:
    """Return the associated data that binds an encrypted value to its record.

    ``company_id`` is None, or Odoo's False, for a record without a company.
    """
    company = int(company_id) if company_id else None
    return json.dumps(["interop-aad-v1", str(model), str(uuid), company]).encode(
        "ascii"
    )


def parse_key_file(text: str) -> Keyring:
    """Return the keyring of a key file's text.

    :raises KeyFileError: with the line and the remedy, without the content
    """
    keys = {}
    for number, key_id, key in _lines(text):
        if key_id in keys:
            raise KeyFileError("this key id occurs twice.", number)
        if key in keys.values():
            raise KeyFileError("this key occurs twice, with two ids.", number)
        keys[key_id] = key
    blind = keys.pop(BLIND_KEY_ID, None)
    if blind is None:
        raise KeyFileError('the line "blind = <base64 of 32 bytes>" is missing.')
    if not keys:
        raise KeyFileError("there is no encryption key besides the blind key.")
    return Keyring(keys, blind)


def generate_key_file(now: datetime) -> str:
    """Return the text of a new key file with the date ``now`` (naive means UTC)."""
    return f"{_HEADER}{_new_line(now, ())}{BLIND_KEY_ID} = {_new_key()}\n"


def add_key(text: str, now: datetime) -> str:
    """Return the text of the key file with a new first key; the old keys stay.

    :raises KeyFileError: the text is not a valid key file
    """
    taken = parse_key_file(text).key_ids
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    first = next(number for number, _key_id, _key in _lines(text))
    return "".join([*lines[: first - 1], _new_line(now, taken), *lines[first - 1 :]])


def _lines(text):
    """Yield (line number, key id, key bytes) of each key line."""
    if not isinstance(text, str) or len(text) > MAX_FILE_LENGTH:
        raise KeyFileError("this is not a key file.")
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key_id, equals, encoded = line.partition("=")
        if not equals or not _KEY_ID.fullmatch(key_id.strip()):
            raise KeyFileError("the form is <key id> = <base64 of 32 bytes>.", number)
        yield number, key_id.strip(), _key_bytes(encoded.strip(), number)


def _key_bytes(encoded, number):
    """Return the 32 bytes of a key."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError("the key is not the base64 of 32 bytes.", number)
    return key


def _new_line(now, taken):
    """Return the line of a new random key; its id contains the time."""
    if now.tzinfo:
        now = now.astimezone(UTC)
    name = f"k{now:%Y%m%d-%H%M%S}"
    key_id, count = name, 1
    while key_id in taken:
        count += 1
        key_id = f"{name}-{count}"
    return f"{key_id} = {_new_key()}\n"


def _new_key():
    """Return a new random key as text."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


def _normalize(value):
    """Return the normalized form of a value for blind indexes."""
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", value).casefold()
    ).strip()
