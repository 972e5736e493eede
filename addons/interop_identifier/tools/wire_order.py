"""Order the identifiers of a message by the namespaces that its receiver knows."""

MEMBER = "identifiers"
UNKNOWN = 9


def sort(wires: list, ranks: dict) -> None:
    """Sort identifiers (``{"system", "value", …}``) in place by the rank of their
    system, lowest first. Identifiers of one rank keep their order."""
    if len(wires) > 1:
        wires.sort(key=lambda wire: ranks.get(str(wire.get("system")), UNKNOWN))


def sort_all(data, ranks: dict) -> None:
    """Sort every list named ``identifiers`` within JSON ``data`` in place.

    Lists that contain anything but objects stay unchanged.
    """
    if isinstance(data, dict):
        for name, value in data.items():
            if name == MEMBER and _is_wires(value):
                sort(value, ranks)
            else:
                sort_all(value, ranks)
    elif isinstance(data, list):
        for item in data:
            sort_all(item, ranks)


def _is_wires(value) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
