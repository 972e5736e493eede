"""The schemas of the members of a message, with descriptions."""

LARGEST_NUMBER = 2**31 - 1  # maximum of the column in the log
# The same rules as in ``interop_base/inbound/read.py``.
TEXT = {
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    "maxLength": 255,
}
_NO_CONTROLS = "Texts with control characters and blank texts are refused."
_KEYS = {
    "ordering_key": "Messages with the same ordering key are applied in order of arrival.",
    "correlation_id": "An id that all messages of one business process share.",
    "causation_id": "The id of the message that caused this message.",
}
_SUBJECT = {
    "description": "Identifiers of the record that the message is about.",
    "type": ["array", "null"],
    "maxItems": 50,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["system", "value"],
        "properties": {
            name: {"type": "string", **TEXT, "description": told}
            for name, told in (
                ("system", "The URI of the assigning authority."),
                ("value", "The identifier."),
                ("type", "Kind of the identifier."),
                ("use", "Use of the identifier, such as official."),
            )
        },
    },
}


def facility(contract) -> dict:
    """Return the schema of the member facility, with the codes of the reader's system."""
    told = "The facility of the message, by the code that your system uses."
    if contract.names_facility:
        told += " Required, because your client serves several facilities."
    elif contract.facilities:
        told += " Optional, because your client serves one facility."
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
    "description": "The sending application, for example as a URI. " + _NO_CONTROLS,
}


def members() -> dict:
    """Return the schemas of the members that do not depend on the contract."""
    key = {"type": ["string", "null"], **TEXT, "maxLength": 128}
    number = {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST_NUMBER}
    return {
        "id": {
            "type": "string",
            "pattern": "^[!-+\\-/-~]{1,128}$",
            "description": "The same text as the header webhook-id, without dots and "
            "commas.",
        },
        "source": _SOURCE,
        "occurred_at": {
            "type": "string",
            "format": "date-time",
            "description": "Time of the business event in the sending system: RFC 3339 "
            "with an offset.",
        },
        "sent_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "Time of sending, in the same format.",
        },
        "sequence": {**number, "description": "The sender's sequence number."},
        "epoch": {
            **number,
            "description": "A number that grows when the sender's sequence restarts.",
        },
        **{name: {**key, "description": told} for name, told in _KEYS.items()},
        "data_class": {
            "enum": ["none", "personal", "patient_adjacent", None],
            "description": "The sender's data class of the content. The data class of the "
            "interface decides how the message is stored.",
        },
        "test": {
            "type": ["boolean", "null"],
            "description": "A test message: it is verified and validated, answered with "
            "status skipped, and not applied.",
        },
        "subject": _SUBJECT,
    }
