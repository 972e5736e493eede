"""Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4).

Tokens live in the memory of one process, never anywhere else. Nothing that the token
endpoint answers gets into an error: it may hold what is secret.
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

DEFAULT_SECONDS = 300  # where the answer does not say how long the token holds
MARGIN_SECONDS = 30  # a token is not used in its last moments
MAX_SECONDS = 86400
MAX_TOKEN = 16384

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Grant:
    """How to get a token. Equal grants share one.

    ``receiver`` is the token endpoint as ``http_channel`` reaches it. ``in_body`` sends
    the client's credentials in the form instead of as HTTP Basic.
    """

    receiver: object
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    in_body: bool = False


class Token(NamedTuple):
    """An access token and the ``time.monotonic()`` until which it is used."""

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
    else:  # both parts are form-encoded before Basic, says section 2.3.1
        headers["Authorization"] = basic(
            quote_plus(grant.client_id), quote_plus(grant.client_secret)
        )
    return headers, urlencode(form).encode()


def read_answer(status: int | None, failure: str | None, body: bytes) -> tuple:
    """Return ``(token, seconds)`` of the token endpoint's answer.

    :raise TokenRefusal: with a sentence that holds nothing of the answer
    """
    if failure:
        raise TokenRefusal(f"The token endpoint could not be asked ({failure}).")
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
        raise TokenRefusal("The token endpoint answered no usable access token.")
    if str(value.get("token_type", "")).lower() != "bearer":
        raise TokenRefusal(
            "The token endpoint answered a token that is no bearer token."
        )
    return token, _seconds(value.get("expires_in"))


def _seconds(value):
    """Return how long a token is used; some servers answer the number as text."""
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
    """Tokens of one event loop; many requests at once ask for a token only once."""

    def __init__(self):
        self._tokens: dict[Grant, Token] = {}
        self._locks: dict[Grant, asyncio.Lock] = {}

    async def get(self, grant, ask):
        """Return a token; ``await ask(grant)`` answers a new ``(token, seconds)``."""
        async with self._locks.setdefault(grant, asyncio.Lock()):
            token = self._tokens.get(grant)
            if token is None or token.until <= time.monotonic():
                self._forget_expired()
                value, seconds = await ask(grant)
                token = Token(value, time.monotonic() + seconds)
                self._tokens[grant] = token
            return token.value

    def drop(self, grant, value):
        """Forget a token that was refused, unless a newer one took its place."""
        token = self._tokens.get(grant)
        if token and token.value == value:
            del self._tokens[grant]

    def _forget_expired(self):
        now = time.monotonic()
        for grant in [key for key, item in self._tokens.items() if item.until <= now]:
            del self._tokens[grant]
            if not self._locks[grant].locked():
                del self._locks[grant]
