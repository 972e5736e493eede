"""Objects and fields that no message may change, even with an approval.

A message must never change access rights or program code. Such objects are closed by
name, before any list of allowed objects is read.
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
    "company_id",  # the envelope names the facility, the data cannot change it
    "company_ids",
    "create_date",
    "create_uid",
    "id",
    "parent_path",
    "write_date",
    "write_uid",
}


def is_closed(model: str) -> bool:
    """Return whether the object ``model`` (technical name) is always closed."""
    return any(
        model == prefix or model.startswith((f"{prefix}.", f"{prefix}_"))
        for prefix in CLOSED_PREFIXES
    )


def is_closed_field(name: str) -> bool:
    """Return whether the field ``name`` is closed on all objects."""
    return name in CLOSED_FIELDS or name.endswith(("_token", "password"))
