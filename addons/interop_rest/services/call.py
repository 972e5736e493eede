"""The values that controllers and services exchange."""

from typing import NamedTuple

from odoo.addons.interop_base.tools.trace import TraceContext


class Call(NamedTuple):
    """One HTTP request.

    ``headers`` are (name, value) pairs, ``body`` and ``query`` the raw bytes. ``url`` is
    absolute and as sent. The services put the rate limits that apply into ``limits``, by
    name. ``once`` is true for a call with a body that is not a message: its nonce may be
    used once.
    """

    headers: list
    body: bytes
    address: str
    trace: TraceContext
    base_url: str
    query: bytes = b""
    method: str = ""
    url: str = ""
    limits: dict | None = None
    once: bool = False


class Answer(NamedTuple):
    """One HTTP answer, without any content that only staff may see.

    ``body`` is a JSON object, or a text of another ``media_type``.
    """

    status: int
    body: dict | str
    headers: dict
    media_type: str = "application/json"
