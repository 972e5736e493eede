"""Lines of an address: as many as a sender has, two fields here, lines again outside."""

MAX_LINE = 255  # characters of one line in the contracts
SEPARATOR = ", "


def joined(lines) -> str:
    """Return lines as the text of one field."""
    return SEPARATOR.join(lines)


def lines(street: str, street2: str, limit: int = MAX_LINE) -> list[str]:
    """Return the two fields of an address as lines that contracts take.

    The second field is split where lines were joined, only where it is too long, and
    into as few lines as possible: what came in as lines fits the same number of lines.
    A part without a separator that is longer than ``limit`` stays whole, for the contract
    to refuse.
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
