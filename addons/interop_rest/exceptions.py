"""The refusals of the inbound layer."""

import logging

from odoo.addons.interop_base.tools.errors import InteropError

from .tools import problems


class Problem(InteropError):
    """A refusal that becomes problem+json. Whatever the request did is rolled back.

    ``code`` is in ``tools.problems.KINDS``; ``detail`` and ``errors`` are for the
    caller and hold no value of the message; ``reason`` is for the server log only;
    ``headers`` are added to the answer.
    """

    loglevel = logging.INFO  # Odoo logs one line with str(), without a traceback

    def __init__(
        self, code, *, reason="", detail="", errors=(), headers=None, client=""
    ):
        self.code = code
        self.reason = reason
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.client = client
        self.trace_id = ""
        super().__init__(code)

    @property
    def status(self):
        """The HTTP status."""
        return problems.KINDS[self.code].status

    def __str__(self):
        parts = [f"interop refused a request: {self.code}"]
        for name in ("reason", "client", "trace_id"):
            if getattr(self, name):
                parts.append(f"{name}={getattr(self, name)}")
        return " ".join(parts)
