"""Repeated failures of proof: told to who can do something, slow for who repeats them.

What an attacker can do to a client by failing in its name is nothing: whoever proves
that it is the client is let in, however many failures came before and wherever from.
There is no lock, therefore, and no delay, which would hold a worker. What changes after
too many failures in a minute under one code from one network is the refusal: 429 with
the time to wait instead of 401. Codes that exist and codes that do not are counted
alike, so that the refusal tells nothing about either.
"""

import hashlib
import logging
import time

from odoo import SUPERUSER_ID, api, models

from .. import const
from ..exceptions import Problem
from ..tools import networks

_logger = logging.getLogger(__name__)

# Codes and networks are put into this many drawers, so that nobody makes the table
# grow. Who shares a drawer with an attacker is told to wait earlier when it fails
# itself.
DRAWERS = {"code": 4096, "network": 64}
QUIET = 60  # minutes without too many failures after which an episode is over
NOTE_EVERY = 60.0  # seconds between notes of one worker about one episode

_noted = {}  # (database, code) -> moment of the monotonic clock


class InteropInbound(models.AbstractModel):
    """Counts what could not be proven."""

    _inherit = "interop.inbound"

    @api.model
    def _refuse_proof(self, call, client_sudo, code, reason):
        """Refuse a caller that has proven nothing; ``client_sudo`` may be empty.

        :raises Problem: always
        """
        allowed, _left, _reset, wait = self.env["interop.rate.counter"]._allow(
            self._failure_subject(code, call.address),
            self._setting(const.PARAM_FAILURES),
        )
        if allowed:
            raise Problem("unauthorized", reason=reason, client=code)
        self._note_episode(client_sudo, code, call.address)
        raise Problem(
            "too_many_failures",
            reason=reason,
            client=code,
            headers={"Retry-After": str(wait)},
        )

    @api.model
    def _failure_subject(self, code, address):
        """Return what failures under a code from an address are counted as."""
        drawers = [
            int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
            % DRAWERS[name]
            for name, text in (("code", code), ("network", networks.around(address)))
        ]
        return f"failure:{drawers[0]}:{drawers[1]}"

    @api.model
    def _note_episode(self, client_sudo, code, address):
        """Raise the alarm once per episode and client, whichever worker is first."""
        key = (self.env.cr.dbname, code)
        now = time.monotonic()
        if _noted.get(key, 0) > now:
            return
        if len(_noted) > 1000:
            _noted.clear()
        _noted[key] = now + NOTE_EVERY
        drawer = self._failure_subject(code, "").split(":")[1]
        subject = f"episode:{client_sudo.id or ''}:{drawer}"
        if not self.env["interop.rate.counter"]._begins(subject, QUIET):
            return
        network = networks.around(address)
        _logger.warning(
            "repeated failures of proof: client=%s network=%s", code or "?", network
        )
        if client_sudo:
            # On a cursor of its own: the refusal undoes what the request did.
            with self.env.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["interop.client"].browse(client_sudo.id)._alert_failures(network)
