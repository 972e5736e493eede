"""Generates the key file that ``[interop] key_file`` in odoo.conf names.

One key per line, ``<key id> = <base64 of 32 random bytes>``; ``#`` starts a
comment. The line with key id ``blind`` is the key of the blind indexes. Of the
others the first encrypts and all decrypt.
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
    """The text of a fresh key file with these key ids and a blind-index key."""
    lines = [f"{key_id} = {new_key()}\n" for key_id in (*key_ids, BLIND)]
    return HEADER + "".join(lines)


def ensure(path: Path) -> Path:
    """Make a key file, readable by its owner only, unless there is one.

    Of several processes at once one makes it: nobody goes on with a key that another
    one replaces.
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
