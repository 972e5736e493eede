"""Lines of an address: any number in messages, two fields in Odoo."""

MAX_LINE = 255  # characters of one line in the contracts
SEPARATOR = ", "


def joined(lines) -> str:
    """Return lines as the text of one field."""
    return SEPARATOR.join(lines)


def lines(street: str, street2: str, limit: int = MAX_LINE) -> list[str]:
    """Return the two fields of an address as lines that fit the contracts.

    The second field is split at the separators of joined lines, only if it is too long,
    and into as few lines as possible. So received lines fit into the same number of
    lines. A part without a separator that is longer than ``limit`` stays whole; the
    contract refuses it.
    """
    found = [street] if street else []
    line = None
    for part in (street2 or "").split(SEPARATOR) if street2 else ():
        longer = part if line is None else f"{line}{SEPARATOR}{part}"
        if line is not None and len(longer) > limit:
            found.append(line)
            longer = part
        line = longer
    return [*found, line] if line else found
