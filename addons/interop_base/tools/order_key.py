"""What keeps messages about the same record in order, when the sender says nothing."""


def of_identifier(identifier) -> str:
    """Return the order key of an identifier ``{"system", "value"}`` as messages carry it.

    It is FHIR's token ``system|value``: the same value of two authorities is two
    numbers, which do not wait for each other. ``""`` for anything that has no value;
    the contract refuses that later.
    """
    if not isinstance(identifier, dict):
        return ""
    value, system = identifier.get("value"), identifier.get("system")
    if not isinstance(value, str) or not value.strip():
        return ""
    return f"{system if isinstance(system, str) else ''}|{value.strip()}"


def of_first(identifiers) -> tuple[str, str]:
    """Return ``(value, order key)`` of the first of several identifiers, ``""`` each
    where there is none."""
    first = (
        identifiers[0]
        if isinstance(identifiers, list | tuple) and identifiers
        else None
    )
    key = of_identifier(first)
    return (first["value"] if key else ""), key
