"""The schemas of the members of a message, with what each of them says."""

LARGEST_NUMBER = 2**31 - 1  # what the log has room for
# As interop_base reads the texts of an envelope.
TEXT = {
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    "maxLength": 255,
}
_NO_CONTROLS = "Without control characters, and not blank."
_KEYS = {
    "ordering_key": "Messages that have it in common are applied in order of arrival.",
    "correlation_id": "The same in all messages of one process of yours.",
    "causation_id": "The id of the message that led to this one.",
}
_SUBJECT = {
    "description": "Identifiers of what it is about.",
    "type": ["array", "null"],
    "maxItems": 50,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["system", "value"],
        "properties": {
            name: {"type": "string", **TEXT, "description": told}
            for name, told in (
                ("system", "The URI of its assigning authority."),
                ("value", "The identifier."),
                ("type", "Kind of the identifier."),
                ("use", "Use of the identifier, such as official."),
            )
        },
    },
}


def facility(contract) -> dict:
    """Return the schema of the member facility, with the codes that the reader uses."""
    told = "The facility that it is about, by the code of your system."
    if contract.names_facility:
        told += " Required, since you serve several."
    elif contract.facilities:
        told += " May be left out, since there is only one."
    if contract.facilities:
        told += f" Codes: {', '.join(contract.facilities)}."
    kind = "string" if contract.names_facility else ["string", "null"]
    schema = {"type": kind, **TEXT, "description": f"{told} {_NO_CONTROLS}"}
    if contract.facilities:
        schema["examples"] = list(contract.facilities)
    return schema


_SOURCE = {
    "type": "string",
    **TEXT,
    "minLength": 1,
    "description": "The sending application, such as a URI of yours. " + _NO_CONTROLS,
}


def members() -> dict:
    """Return the schemas of the members of every message, but for those that its
    contract decides."""
    key = {"type": ["string", "null"], **TEXT, "maxLength": 128}
    number = {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST_NUMBER}
    return {
        "id": {
            "type": "string",
            "pattern": "^[!-+\\-/-~]{1,128}$",
            "description": "The same text as the header webhook-id; without . and ,",
        },
        "source": _SOURCE,
        "occurred_at": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened there: RFC 3339 with an offset.",
        },
        "sent_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it was sent, written in the same way.",
        },
        "sequence": {**number, "description": "The sender's own number of it."},
        "epoch": {
            **number,
            "description": "Counts up when the sender's numbers start anew.",
        },
        **{name: {**key, "description": told} for name, told in _KEYS.items()},
        "data_class": {
            "enum": ["none", "personal", "patient_adjacent", None],
            "description": "How the sender sees its content; the receiver keeps it as "
            "its interface says.",
        },
        "test": {
            "type": ["boolean", "null"],
            "description": "A trial: verified and checked like any other, answered with "
            "status skipped, and not applied.",
        },
        "subject": _SUBJECT,
    }
