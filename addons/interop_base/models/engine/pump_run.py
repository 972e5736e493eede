"""The way out, on one page: what happens between a business change and its receiver.

1. **capture** (business transaction): ``interop.event._publish`` writes a narrow row; before
   commit the content is built. Hooks: the handler's (``interop.handler``: ``_build``,
   ``_subject``, ``_ordering_key``, ``_business_key``, ``_companies``) and
   ``interop.event._is_meant_for``. After commit the pump is armed.
2. **materialize** (one worker at a time): ``interop.materializer`` numbers the messages,
   writes their bytes once, checks and encrypts them. Hooks: ``_for_receiver``,
   ``_envelope_bytes``, ``_message_columns``, ``_is_test``.
3. **claim**: what is due is leased to this worker, per lane, and committed. Hooks of
   ``interop.pump``: ``_moving_interfaces``, ``_lanes``, ``_claim``, ``_next_due``.
4. **prepare** (a short transaction): the transport reads all that sending needs. Hook:
   ``interop.transport._prepare``.
5. **exchange** (no cursor open, a thread per batch): Hook: ``interop.transport._exchange``.
6. **record**: states and attempts, only where the lease is still ours. Hooks:
   ``interop.message._retry_delay`` and ``_after_move``, ``interop.transport._note_results``.
7. **hand over**: the next run is a job for the moment when something is due.

``PumpRun`` owns this order; what each step does is in the models named. No transaction of
ours is open while a message travels. Inbound messages that wait are applied by the same
run: they are claimed and, instead of 4 to 6, applied in a transaction each.
"""

import logging
import queue
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

from psycopg2.errors import IdleInTransactionSessionTimeout, QueryCanceled
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, tools
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ... import clock, db
from ...exceptions import HandledError
from ...tools.claim_policy import Turns
from ..log.message_effect import MessageEffect
from ..log.message_leases import MessageLeases
from .engine_types import Result

_logger = logging.getLogger(__name__)

LINGER = 1.0  # seconds without work before the pump ends; longer than ARM_INTERVAL
IDLE_POLL = 0.1
BUSY_POLL = 0.01
RECORD_BATCH = 512
REFILL = 4  # a lane is filled again when a quarter of it is free: fewer, larger claims
REFRESH = 0.5  # seconds for which the list of moving interfaces is trusted
START_WITHIN = 10.0  # seconds in which a claimed message has to be on its way
SLOW = 2.0  # a lane that keeps a message out for longer than this is slow
DRAIN = 60.0  # seconds after the end for what is still out; below limit_time_real
SPARE = 10.0  # seconds before limit_time_real that are left to end and to hand over
RECORD_TRIES = 2
ENDED_PAUSE = 15  # seconds before the next run when the database ended a step
# The database ended a statement, or a session that paused within a transaction.
ENDED = (QueryCanceled, IdleInTransactionSessionTimeout)
STEPS = {
    "materialize": "turning events into messages",
    "claim": "claiming messages",
    "record": "recording results",
    "hand over": "handing over to the next run",
}


class PumpRun:
    """Moves messages until there is nothing due or the time is up."""

    def __init__(self, registry, uid, options, inline_env=None):
        self.registry = registry
        self.uid = uid
        self.options = options
        self.inline_env = inline_env
        self.exchanges = Exchanges()
        self.end = time.monotonic() + options["pump_seconds"]
        # After limit_time_real Odoo kills the worker, and with it all that is out.
        self._killed_at = time.monotonic() + tools.config["limit_time_real"]
        self._ended_steps = set()
        self._plan_until = 0.0
        self.turns = Turns(random.random() < 0.5, SLOW)
        self._lanes, self._interface_ids, self._kinds = {}, [], {}

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
            db.limit(cr, self._statement_seconds())
            # sudo: the engine moves messages of every facility
            yield api.Environment(cr, self.uid, {}, su=True)

    def _statement_seconds(self):
        """Return for how long a statement may run: it ends well before the worker is
        killed, whose session would go on with its locks."""
        left = self._killed_at - SPARE - time.monotonic()
        return max(1.0, min(self.options["statement_seconds"], left))

    @contextmanager
    def _ending(self, step):
        """Let a step that the database ended spoil nothing but itself.

        This run does not take the step again, tells in the log and in Settings, and goes
        on with the others.
        """
        try:
            yield
        except ENDED as error:
            self._ended_steps.add(step)
            kind, text = type(error).__name__, STEPS[step]
            _logger.error(
                "%s took too long and was ended by the database (%s); other steps go on",
                text,
                kind,
            )
            with self._env(read_committed=True) as env:
                env["interop.engine.problem"]._note(
                    "statement",
                    step,
                    env._(
                        "A database statement took too long and was ended: %(step)s "
                        "(limit %(seconds)s s, Settings). The next run tries again. If "
                        "this occurs again, look for a session that holds locks, or for "
                        "an overloaded database.",
                        step=text,
                        seconds=self.options["statement_seconds"],
                    ),
                )

    # === RUNNING === #

    def run(self):
        """Run for ``pump_seconds``, wait for what is out, and let the next one follow.

        While a slow receiver is waited for, the other lanes go on.
        """
        with self._env(read_committed=True) as env:
            problems = env["interop.guard"]._problems()
        if problems:
            _logger.warning("no message moves: %s", " | ".join(problems))
            return 0
        idle_since, patience, total = time.monotonic(), BUSY_POLL, 0
        while time.monotonic() < self.end + DRAIN:
            over = time.monotonic() >= self.end
            if over and not self.exchanges:
                break
            moved = self.step(patience)
            total += moved
            patience = BUSY_POLL if moved else min(2 * patience, IDLE_POLL)
            if moved or self.exchanges:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > LINGER:
                break
            else:
                time.sleep(patience)
        self._hand_over()
        return total

    def run_once(self):
        """Move what is due now; used inside a transaction by tests and tools."""
        with self._env() as env:
            env["interop.guard"]._check()
        total = 0
        while time.monotonic() < self.end + DRAIN:
            self._plan_until = 0.0
            moved = self.step(BUSY_POLL)
            total += moved
            if not moved and not self.exchanges and self.turns.suspects:
                break  # in a turn in which everything that is due may be claimed
        return total

    def step(self, patience):
        """Take the steps of the way out once; return how much moved.

        :param float patience: seconds to wait for a result when nothing else is to do
        """
        over = time.monotonic() >= self.end
        moved = self._materialize(over)
        claims = self._claim(over)
        self._prepare(claims)
        found = self._exchanged(0 if moved or claims else patience)
        self._record(found)
        return moved + len(claims) + len(found)

    # === MATERIALIZE === #

    def _materialize(self, over=False):
        """Turn events into messages; return how many. When time is over, what is
        published only now goes on beside slow lanes, too."""
        held = over and not self.exchanges.slow_lanes(SLOW)
        if held or "materialize" in self._ended_steps:
            return 0
        with self._ending("materialize"), self._env(read_committed=True) as env:
            return env["interop.materializer"]._materialize()
        return 0

    # === CLAIM === #

    def _claim(self, over):
        """Claim what lanes have room for; when time is over, only beside slow lanes."""
        if over and not self.exchanges.slow_lanes(SLOW):
            return []
        if "claim" in self._ended_steps:
            return []
        claims = []
        with self._ending("claim"):
            claims = self._claim_due(over)
        counts = [(claim.try_count, claim.attempt_count) for claim in claims]
        self.turns.note(time.monotonic(), counts)
        return claims

    def _claim_due(self, over):
        """Claim in one transaction; suspects take turns with what was with no dead worker."""
        if not self.turns.may_claim(time.monotonic(), len(self.exchanges)):
            return []
        crashed = self.turns.take(time.monotonic(), over)
        with self._env(read_committed=True) as env:
            if time.monotonic() > self._plan_until:
                self._plan(env)
            out = self.exchanges.per_lane()
            lanes = {
                name: lane._replace(cap=lane.cap - out[name])
                for name, lane in self._lanes.items()
                if lane.cap - out[name] >= max(1, lane.cap // REFILL)
                and not (over and out[name])
            }
            claims = self._claim_from(env, lanes, crashed)
            if not claims and self.turns.pass_on(out.total()):
                claims = self._claim_from(env, lanes, True)
        return claims

    def _claim_from(self, env, lanes, crashed):
        return env["interop.pump"]._claim(
            lanes, self._interface_ids, self.options["lease_seconds"], crashed
        )

    def _plan(self, env):
        """Note which interfaces move now, by which lanes; take back expired leases."""
        pump = env["interop.pump"]
        MessageLeases(env).reclaim()
        interfaces = pump._moving_interfaces()
        self._lanes = pump._lanes(interfaces, self.options["pump_batch"])
        self._interface_ids = interfaces.ids
        self._kinds = {
            interface.id: (interface.direction, interface.transport or "")
            for interface in interfaces
        }
        self._plan_until = time.monotonic() + REFRESH

    # === PREPARE === #

    def _prepare(self, claims):
        """Hand outbound claims to their transports; apply inbound ones."""
        by_kind = {}
        for claim in claims:
            by_kind.setdefault(self._kinds[claim.interface_id], []).append(claim)
        for (direction, transport), group in sorted(by_kind.items()):
            if direction == "in":
                self._apply_all(group)
            else:
                self._send(f"interop.transport.{transport}", group)

    def _send(self, model, claims):
        """Let a transport read what sending needs, and start the exchange."""
        try:
            with self._env() as env:
                sender = env[model]
                deliveries, results = sender._prepare(claims)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._record([(self._unsent(c, "deferred"), c, None) for c in claims])
            return
        except Exception as error:  # noqa: BLE001
            # Waiting for the leases to expire would count as three dead workers.
            _logger.error("%s failed: %s", model, type(error).__name__)
            failed = [self._unsent(c, "retry", error) for c in claims]
            self._record([(r, c, None) for r, c in zip(failed, claims, strict=True)])
            return
        by_id = {claim.message_id: claim for claim in claims}
        self._record(
            [(result, by_id.pop(result.message_id), model) for result in results]
        )
        if deliveries:
            deadline = max(self.end, time.monotonic() + START_WITHIN)
            self.exchanges.submit(
                model, sender, deliveries, list(by_id.values()), deadline
            )

    def _unsent(self, claim, outcome, error=None):
        """Return the result of a claim that did not get as far as a try."""
        known = isinstance(error, HandledError)
        return Result(
            message_id=claim.message_id,
            lease_token=claim.lease_token,
            outcome=outcome,
            started_at=clock.now(),
            error_class=error and (error.error_class if known else "internal"),
            error_code=error and (error.code if known else "transport_failed"),
            error_message=error and (str(error) if known else type(error).__name__),
        )

    # === EXCHANGE === #

    def _exchanged(self, seconds):
        """Return what came back: ``[(result, claim, transport model)]``.

        :param float seconds: to wait for the first one
        """
        return self.exchanges.collect(seconds, RECORD_BATCH)

    # === RECORD === #

    def _record(self, found):
        """Record ``[(result, claim, transport model)]`` in one transaction, fenced."""
        for _try in range(RECORD_TRIES if found else 0):
            with self._ending("record"):
                self._record_once(found)
                return

    def _record_once(self, found):
        with self._env(read_committed=True) as env:
            updated = set(MessageLeases(env).record([result for result, *_ in found]))
            for model in sorted({model for *_, model in found if model}):
                env[model]._note_results(
                    [
                        (result, claim)
                        for result, claim, own in found
                        if own == model and result.message_id in updated
                    ]
                )
        if len(updated) < len(found):
            _logger.warning(
                "%s results discarded: their lease was taken by another worker",
                len(found) - len(updated),
            )

    # === INBOUND === #

    def _apply_all(self, claims):
        for claim in claims:
            if time.monotonic() < self.end:
                self._apply(claim)
            else:  # leased, but this run is over: the next one applies it
                self._record([(self._unsent(claim, "deferred"), claim, None)])

    def _apply(self, claim):
        """Apply one claimed inbound message in a transaction of its own, fenced."""
        started = clock.now()
        clocked = time.monotonic()
        try:
            # Quiet to the end of the transaction: the commit flushes what is left.
            with db.quiet(), self._env() as env:
                message = env["interop.message"].browse(claim.message_id)
                if not MessageLeases(env).lock(message, claim.lease_token):
                    return
                message._apply_now(started=started)
                effect = MessageEffect(message, started)
                effect.record(time.monotonic() - clocked)
            return
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            failure = ("internal", "serialization", "Another transaction was faster.")
        except HandledError as error:
            failure = (error.error_class, error.code, str(error))
        except Exception as error:  # noqa: BLE001
            _logger.error("message %s: %s", claim.message_id, type(error).__name__)
            failure = ("internal", "apply_failed", type(error).__name__)
        result = Result(
            message_id=claim.message_id,
            lease_token=claim.lease_token,
            outcome="deferred" if failure[1] == "serialization" else "retry",
            started_at=started,
            duration_ms=int(1000 * (time.monotonic() - clocked)),
            error_class=failure[0],
            error_code=failure[1],
            error_message=failure[2],
        )
        self._record([(result, claim, None)])

    # === HAND OVER === #

    def _hand_over(self):
        """Arm the next run for the moment when something is due; after a step was ended,
        soon but not at once."""
        with self._ending("hand over"), self._env(read_committed=True) as env:
            pump = env["interop.pump"]
            now = clock.database_now(env.cr)
            if self._ended_steps:
                pump._arm(now + timedelta(seconds=ENDED_PAUSE))
                return
            due = pump._next_due()
            if due is not None:
                pump._arm(None if due <= now else due)


class Exchanges:
    """The claims that are out, and the results that came back.

    A batch runs in a thread of its own, without a cursor. A slow receiver keeps its batch
    open, and nothing else: the pump collects what is ready, records it and claims for the
    others.
    """

    def __init__(self):
        self._ready = queue.SimpleQueue()
        # (message id, lease) -> (claim, transport model, when it was submitted). A lease
        # may end in flight and the message be claimed again: two tries, two results.
        self._out = {}

    def submit(self, model, sender, deliveries, claims, deadline):
        """Start exchanging ``deliveries`` and return at once.

        :param str model: name of the transport model, given back with each result
        :param sender: the transport; ``_exchange`` uses no cursor
        :param claims: the claims behind the deliveries
        :param float deadline: see ``interop.transport._exchange``
        """
        now = time.monotonic()
        for claim in claims:
            self._out[claim.message_id, claim.lease_token] = (claim, model, now)
        threading.Thread(
            target=self._exchange,
            args=(sender, deliveries, claims, deadline),
            name="interop-exchange",
            daemon=True,
        ).start()

    def _exchange(self, sender, deliveries, claims, deadline):
        missing = {claim.message_id: claim for claim in claims}
        try:
            for result in sender._exchange(deliveries, deadline):
                missing.pop(result.message_id, None)
                self._ready.put(result)
        except Exception as error:  # noqa: BLE001
            # The text of a foreign exception may hold content: its type has to do.
            _logger.error("a transport failed: %s", type(error).__name__)
        for claim in missing.values():
            self._ready.put(
                Result(
                    claim.message_id,
                    claim.lease_token,
                    "retry",
                    clock.now(),
                    error_class="internal",
                    error_code="transport_failed",
                    error_message="The transport ended without a result.",
                )
            )

    def collect(self, seconds, limit):
        """Return up to ``limit`` results as ``[(result, claim, model)]``.

        Waits up to ``seconds`` for the first one when anything is out.
        """
        found = []
        try:
            if self._out and seconds > 0:
                found.append(self._ready.get(timeout=seconds))
            while len(found) < limit:
                found.append(self._ready.get_nowait())
        except queue.Empty:
            pass
        return [
            (result, *self._out.pop((result.message_id, result.lease_token))[:2])
            for result in found
            if (result.message_id, result.lease_token) in self._out
        ]

    def __len__(self):
        return len(self._out)

    def per_lane(self):
        """Return a ``Counter`` of what is out per lane."""
        return Counter(claim.lane for claim, _model, _since in self._out.values())

    def slow_lanes(self, seconds):
        """Return the lanes with something out for longer than ``seconds``."""
        limit = time.monotonic() - seconds
        return {claim.lane for claim, _m, since in self._out.values() if since < limit}
