"""The ordering key of messages about one record, if the sender sends none."""


def of_identifier(identifier) -> str:
    """Return the ordering key of an identifier ``{"system", "value"}`` in a message.

    It is FHIR's token ``system|value``. The same value of two authorities gives two
    keys, so that their messages do not wait for each other. Without a value it is
    ``""``; the contract refuses such an identifier later.
    """
    if not isinstance(identifier, dict):
        return ""
    value, system = identifier.get("value"), identifier.get("system")
    if not isinstance(value, str) or not value.strip():
        return ""
    return f"{system if isinstance(system, str) else ''}|{value.strip()}"


def of_first(identifiers) -> tuple[str, str]:
    """Return ``(value, ordering key)`` of the first of several identifiers, ``""`` for
    both if there is none."""
    first = (
        identifiers[0]
        if isinstance(identifiers, list | tuple) and identifiers
        else None
    )
    key = of_identifier(first)
    return (first["value"] if key else ""), key
