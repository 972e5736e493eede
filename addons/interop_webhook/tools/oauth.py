"""Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4).

Tokens are kept only in the memory of one process. Errors contain no part of the response
of the token endpoint, because the response may contain secrets.
"""

import asyncio
import base64
import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

from .errors import TokenRefusal

DEFAULT_SECONDS = 300  # validity if the response has no expires_in
MARGIN_SECONDS = 30  # a token is not used shortly before it expires
MAX_SECONDS = 86400
MAX_TOKEN = 16384

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Grant:
    """The settings of a token request. Equal grants share one token.

    ``receiver`` is the ``http_channel.Receiver`` of the token endpoint. ``in_body`` sends
    the client credentials in the form instead of HTTP Basic.
    """

    receiver: object
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    in_body: bool = False


class Token(NamedTuple):
    """An access token; ``until`` is the ``time.monotonic()`` of its last use."""

    value: str
    until: float


def basic(user: str, password: str) -> str:
    """Return the value of ``Authorization`` for HTTP Basic (RFC 7617, UTF-8)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def request_parts(grant: Grant) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the token request."""
    form = {"grant_type": "client_credentials"}
    if grant.scope:
        form["scope"] = grant.scope
    headers = {
        "content-type": "application/x-www-form-urlencoded",
    }
    if grant.in_body:
        form.update(client_id=grant.client_id, client_secret=grant.client_secret)
    else:  # section 2.3.1: both parts are form-encoded before Basic
        headers["Authorization"] = basic(
            quote_plus(grant.client_id), quote_plus(grant.client_secret)
        )
    return headers, urlencode(form).encode()


def read_answer(status: int | None, failure: str | None, body: bytes) -> tuple:
    """Return ``(token, seconds)`` of a response of the token endpoint.

    :raises TokenRefusal: the response has no usable token
    """
    if failure:
        raise TokenRefusal(f"The request to the token endpoint failed ({failure}).")
    if status != 200:
        raise TokenRefusal(f"The token endpoint answered {status}.")
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise TokenRefusal("The token endpoint did not answer a JSON object.")
    token = value.get("access_token")
    if (
        not isinstance(token, str)
        or len(token) > MAX_TOKEN
        or not _TOKEN.fullmatch(token)
    ):
        raise TokenRefusal("The response of the token endpoint has no usable token.")
    if str(value.get("token_type", "")).lower() != "bearer":
        raise TokenRefusal(
            "The token endpoint issued a token that is not a bearer token."
        )
    return token, _seconds(value.get("expires_in"))


def _seconds(value):
    """Return the seconds for which a token is used; some servers send them as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or math.isnan(value)
    ):
        value = DEFAULT_SECONDS
    return max(0, min(value, MAX_SECONDS) - MARGIN_SECONDS)


class TokenCache:
    """Tokens of one event loop; concurrent requests share one token request."""

    def __init__(self):
        self._tokens: dict[Grant, Token] = {}
        self._locks: dict[Grant, asyncio.Lock] = {}

    async def get(self, grant, ask):
        """Return a token; ``await ask(grant)`` requests a new ``(token, seconds)``."""
        async with self._locks.setdefault(grant, asyncio.Lock()):
            token = self._tokens.get(grant)
            if token is None or token.until <= time.monotonic():
                self._forget_expired()
                value, seconds = await ask(grant)
                token = Token(value, time.monotonic() + seconds)
                self._tokens[grant] = token
            return token.value

    def drop(self, grant, value):
        """Remove a refused token, unless a newer token replaced it."""
        token = self._tokens.get(grant)
        if token and token.value == value:
            del self._tokens[grant]

    def _forget_expired(self):
        now = time.monotonic()
        for grant in [key for key, item in self._tokens.items() if item.until <= now]:
            del self._tokens[grant]
            if not self._locks[grant].locked():
                del self._locks[grant]
