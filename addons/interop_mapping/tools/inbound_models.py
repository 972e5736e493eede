"""Which objects and fields no message may ever reach, whoever approves it.

An object that decides what people may do, or that holds program text, turns a message
into a way in: it is closed by name, before any list of what is allowed.
"""

CLOSED_PREFIXES = (
    "auth",
    "base",
    "bus",
    "change.password",
    "digest",
    "fetchmail",
    "iap",
    "interop",
    "ir",
    "mail",
    "payment",
    "queue",
    "report",
    "res.company",
    "res.config",
    "res.device",
    "res.groups",
    "res.role",
    "res.users",
    "sms",
    "web_editor",
    "web_tour",
    "website",
)
CLOSED_FIELDS = {
    "access_token",
    "company_id",  # the facility of a message is the envelope's, not the sender's word
    "company_ids",
    "create_date",
    "create_uid",
    "id",
    "parent_path",
    "write_date",
    "write_uid",
}


def is_closed(model: str) -> bool:
    """Return whether the object ``model`` (technical name) is closed for good."""
    return any(
        model == prefix or model.startswith((f"{prefix}.", f"{prefix}_"))
        for prefix in CLOSED_PREFIXES
    )


def is_closed_field(name: str) -> bool:
    """Return whether the field ``name`` is closed on every object."""
    return name in CLOSED_FIELDS or name.endswith(("_token", "password"))
