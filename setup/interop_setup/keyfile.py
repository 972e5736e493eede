"""Generate the key file of ``[interop] key_file`` in odoo.conf.

The file has one key per line, ``<key id> = <base64 of 32 random bytes>``; ``#`` starts a
comment. The key id ``blind`` is the key of the blind indexes. The first other key encrypts,
and all keys decrypt.
"""

import base64
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from .files import write_text

KEY_BYTES = 32
BLIND = "blind"
HEADER = (
    "# Keys of the interop addons: keep this file out of the database's backups.\n"
    "# The first key encrypts, all decrypt; 'blind' keys the searchable indexes.\n"
)


def new_key() -> str:
    """One fresh key, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


def generate(key_ids: tuple[str, ...] = ("k1",)) -> str:
    """Return the text of a new key file with these key ids and a blind index key."""
    lines = [f"{key_id} = {new_key()}\n" for key_id in (*key_ids, BLIND)]
    return HEADER + "".join(lines)


def ensure(path: Path) -> Path:
    """Create a key file for its owner only, unless the file exists.

    If several processes call this at once, one creates the file and all use it.
    """
    if not path.exists():
        own = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        write_text(own, generate(), 0o600)
        try:
            with suppress(FileExistsError):
                path.hardlink_to(own)
        finally:
            own.unlink()
    return path
