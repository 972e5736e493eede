"""One run of the pump: the order of steps, and which cursor each of them uses.

No transaction of ours is open while a message travels. Steps that read and write are model
methods; this file only opens cursors, commits and decides what comes next.
"""

import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .. import clock
from ..exceptions import HandledError
from .engine_types import Result

_logger = logging.getLogger(__name__)

LINGER = 1.0  # seconds without work before the pump ends; longer than ARM_INTERVAL
IDLE_POLL = 0.1
RECORD_BATCH = 64


class PumpRun:
    """Moves messages until there is nothing due or the time is up."""

    def __init__(self, registry, uid, options, inline_env=None):
        self.registry = registry
        self.uid = uid
        self.options = options
        self.inline_env = inline_env

    @contextmanager
    def _env(self, read_committed=False):
        """Open an environment on a cursor of its own and commit at the end."""
        if self.inline_env is not None:
            env = self.inline_env(user=self.uid, su=True)
            env.flush_all()
            yield env
            env.flush_all()
            return
        with self.registry.cursor() as cr:
            if read_committed:
                cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            # sudo: the engine moves messages of every facility
            yield api.Environment(cr, self.uid, {}, su=True)

    # === RUNNING === #

    def run(self):
        """Run for ``pump_seconds`` at most, then see to it that the next one comes."""
        with self._env() as env:
            problems = env["interop.guard"]._problems()
        if problems:
            _logger.warning("no message moves: %s", " | ".join(problems))
            return 0
        end = time.monotonic() + self.options["pump_seconds"]
        idle_since, total = None, 0
        while time.monotonic() < end:
            moved = self.cycle(end)
            total += moved
            if moved:
                idle_since = None
                continue
            idle_since = idle_since or time.monotonic()
            if time.monotonic() - idle_since > LINGER:
                break
            time.sleep(IDLE_POLL)
        self._hand_over()
        return total

    def run_once(self):
        """Move what is due now, once; used inside a transaction by tests and tools."""
        with self._env() as env:
            env["interop.guard"]._check()
        end = time.monotonic() + self.options["pump_seconds"]
        total = 0
        while moved := self.cycle(end):
            total += moved
        return total

    def cycle(self, end):
        """Events → messages, claim, move, record. Returns how much was moved."""
        with self._env(read_committed=True) as env:
            moved = env["interop.pump"]._materialize()
        with self._env(read_committed=True) as env:
            claims, kinds = self._claim(env)
        for kind, group in groupby(
            sorted(claims, key=lambda claim: kinds[claim.interface_id]),
            key=lambda claim: kinds[claim.interface_id],
        ):
            self._move(kind, list(group), end)
        return moved + len(claims)

    def _claim(self, env):
        pump = env["interop.pump"]
        env["interop.message"]._set_reclaimed()
        interfaces = pump._moving_interfaces()
        claims = env["interop.message"]._set_claimed(
            pump._lanes(interfaces, self.options["pump_batch"]),
            interfaces.ids,
            self.options["lease_seconds"],
        )
        kinds = {
            interface.id: (interface.direction, interface.transport or "")
            for interface in interfaces
        }
        return claims, kinds

    def _move(self, kind, claims, end):
        direction, transport = kind
        if direction == "in":
            for claim in claims:
                self._apply(claim)
            return
        model = f"interop.transport.{transport}"
        by_id = {claim.message_id: claim for claim in claims}
        with self._env() as env:
            sender = env[model]
            deliveries, results = sender._prepare(claims)
        self._record(results, model, by_id)
        batch = []
        for result in sender._exchange(deliveries, end):
            batch.append(result)
            if len(batch) >= RECORD_BATCH:
                self._record(batch, model, by_id)
                batch = []
        self._record(batch, model, by_id)

    def _record(self, results, model=None, claims=None):
        if not results:
            return
        with self._env(read_committed=True) as env:
            updated = set(env["interop.message"]._set_results(results))
            if model:
                env[model]._note_results(
                    [
                        (result, claims[result.message_id])
                        for result in results
                        if result.message_id in updated
                    ]
                )
        if len(updated) < len(results):
            _logger.warning(
                "%s results discarded: their lease was taken by another worker",
                len(results) - len(updated),
            )

    # === INBOUND === #

    def _apply(self, claim):
        """Apply one claimed inbound message in a transaction of its own, fenced."""
        started = clock.now()
        clocked = time.monotonic()
        try:
            with self._env() as env:
                message = env["interop.message"].browse(claim.message_id)
                if not message._lock_claim(claim.lease_token):
                    return
                message._apply_now()
                message._note_applied(started, time.monotonic() - clocked)
            return
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            failure = ("internal", "serialization", "Another transaction was faster.")
        except HandledError as error:
            failure = (error.error_class, error.code, str(error))
        except Exception as error:
            _logger.error("message %s: %s", claim.message_id, type(error).__name__)
            failure = ("internal", "apply_failed", type(error).__name__)
        outcome = "deferred" if failure[1] == "serialization" else "retry"
        self._record(
            [
                Result(
                    message_id=claim.message_id,
                    lease_token=claim.lease_token,
                    outcome=outcome,
                    started_at=started,
                    duration_ms=int(1000 * (time.monotonic() - clocked)),
                    error_class=failure[0],
                    error_code=failure[1],
                    error_message=failure[2],
                )
            ]
        )

    # === HANDING OVER === #

    def _hand_over(self):
        with self._env() as env:
            pump = env["interop.pump"]
            due = pump._next_due()
            if due is None:
                return
            now = clock.now()
            pump._arm(None if due <= now else max(due, now + timedelta(seconds=1)))
