"""The exact state that an approval names: canonical text, fingerprint, differences.

A state is a flat dict: key → text, number, boolean, or list of texts. Empty values count
as absent, so that a new addon with nothing set changes no fingerprint.
"""

import hashlib
import json

SHOWN = 12  # characters of a fingerprint that people compare


def clean(state):
    """Return ``state`` without empty values; lists are sorted.

    :param dict state: see above
    """
    return {
        key: sorted(value) if isinstance(value, list | tuple | set) else value
        for key, value in state.items()
        if value
    }


def canonical(state):
    """Return the one text that stands for ``state`` (JSON, sorted keys)."""
    return json.dumps(
        clean(state), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def fingerprint(state):
    """Return the SHA-256 of the canonical text (64 hexadecimal digits)."""
    return hashlib.sha256(canonical(state).encode()).hexdigest()


def digest(text):
    """Return a short digest of a text that is compared and not shown."""
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN] if text else ""


def differences(before, after):
    """Return ``[(key, removed, added)]`` of two states, by key.

    ``removed`` and ``added`` are lists: of a list the items that went and came, of any
    other value the old and the new one.
    """
    before, after = clean(before or {}), clean(after or {})
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = _items(before.get(key)), _items(after.get(key))
        removed = [item for item in old if item not in new]
        added = [item for item in new if item not in old]
        if removed or added:
            found.append((key, removed, added))
    return found


def _items(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
