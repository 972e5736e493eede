"""What travels between the controllers and the services."""

from typing import NamedTuple

from odoo.addons.interop_base.tools.trace import TraceContext


class Call(NamedTuple):
    """One HTTP request: ``headers`` are (name, value) pairs, ``body`` and ``query`` the
    raw bytes, ``url`` is absolute and as sent. ``limits`` takes up what is told about
    rates, by name, if anybody listens. ``once``: the call has a body, but it is no
    message that is known by its id, so a nonce is good for one such call."""

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
    """What to answer; ``body`` is a JSON object, or a text of another ``media_type``,
    without anything that only staff may see."""

    status: int
    body: dict | str
    headers: dict
    media_type: str = "application/json"
