"""The state that an approval covers: canonical text, fingerprint, differences.

A state is a flat dict: key → text, number, boolean, or list of texts. Empty values
count as absent, so that a new addon without values changes no fingerprint.
"""

import hashlib
import json

SHOWN = 12  # first characters of a fingerprint, for people


def clean(state):
    """Return ``state`` without empty values and with sorted lists.

    :param dict state: see the module
    """
    return {
        key: sorted(value) if isinstance(value, list | tuple | set) else value
        for key, value in state.items()
        if value
    }


def canonical(state):
    """Return the canonical text of ``state`` (JSON with sorted keys)."""
    return json.dumps(
        clean(state), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def fingerprint(state):
    """Return the SHA-256 of the canonical text (64 hexadecimal digits)."""
    return hashlib.sha256(canonical(state).encode()).hexdigest()


def digest(text):
    """Return a short digest of a text that is compared but not shown."""
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN] if text else ""


def differences(before, after):
    """Return ``[(key, removed, added)]`` of two states, sorted by key.

    ``removed`` and ``added`` are lists. For a list they contain its removed and added
    items, for any other value the old and the new value.
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
