"""Conversion of envelopes to CloudEvents 1.0 (HTTP binding)."""

import json
import re
from urllib.parse import quote

from .errors import WrongContent

MAX_SOURCE = 128
_RESERVED = "!#$%&'()*+,/:;=?@[]~"


def source_uri(source: str) -> str:
    """Return the envelope's source as a URI reference of at most 128 characters.

    Characters that a URI cannot contain are percent-encoded.
    """
    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", source)
    text = quote(text, safe=_RESERVED)[:MAX_SOURCE]
    return re.sub(r"%[0-9A-F]?$", "", text)


def read_object(body: bytes) -> dict:
    """Return the JSON object in the stored bytes of a message.

    :raises WrongContent: the bytes are not a JSON object
    """
    try:
        value = json.loads(body)
    except ValueError:
        raise WrongContent("The content is not JSON.") from None
    if not isinstance(value, dict):
        raise WrongContent("The content is not a JSON object.")
    return value
