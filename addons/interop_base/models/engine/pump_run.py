"""The steps of an outbound message, from the business change to its receiver.

1. **capture** (business transaction): ``interop.event._publish`` writes a narrow row. The
   content is built before commit. Hooks: the handler's (``interop.handler``: ``_build``,
   ``_subject``, ``_ordering_key``, ``_business_key``, ``_companies``) and
   ``interop.event._is_meant_for``. After commit the pump is queued.
2. **materialize** (one worker at a time): ``interop.materializer`` numbers the messages,
   writes their bytes once, checks and encrypts them. Hooks: ``_for_receiver``,
   ``_envelope_bytes``, ``_message_columns``, ``_is_test``.
3. **claim**: the worker leases due messages per lane and commits the lease. Hooks of
   ``interop.pump``: ``_moving_interfaces``, ``_lanes``, ``_claim``, ``_next_due``.
4. **prepare** (a short transaction): the transport reads all values for sending. Hook:
   ``interop.transport._prepare``.
5. **exchange** (no cursor open, a thread per batch): Hook: ``interop.transport._exchange``.
6. **record**: states and attempts, only while the worker still has the lease. Hooks:
   ``interop.message._retry_delay`` and ``_after_move``, ``interop.transport._note_results``.
7. **hand over**: the next run is queued for the time when the next message is due.

``PumpRun`` has the order of the steps, and the named models implement them. No transaction
is open during an exchange. The same run also applies inbound messages. It claims them and,
instead of steps 4 to 6, applies each in a separate transaction.
"""

import logging
import random
import time
from contextlib import contextmanager, suppress
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
from .exchanges import Exchanges, OneByOne

_logger = logging.getLogger(__name__)

LINGER = 1.0  # seconds without work before the pump ends; longer than ARM_INTERVAL
IDLE_POLL = 0.1
BUSY_POLL = 0.01
RECORD_BATCH = 512
REFILL = 4  # refill a lane when a quarter of it is free: fewer, larger claims
REFRESH = 0.5  # seconds for which the list of moving interfaces is valid
START_WITHIN = 10.0  # seconds in which the exchange of a claimed message has to begin
SLOW = 2.0  # seconds in flight after which the lane of a message is slow
DRAIN = 60.0  # seconds after the end for messages in flight; below limit_time_real
SPARE = 10.0  # seconds before limit_time_real that are reserved for the hand over
RECORD_TRIES = 2
ENDED_PAUSE = 15  # seconds before the next run after the database canceled a step
# The database canceled a statement, or ended a session that was idle in a transaction.
ENDED = (QueryCanceled, IdleInTransactionSessionTimeout)
STEPS = {
    "materialize": "turning events into messages",
    "claim": "claiming messages",
    "record": "recording results",
    "hand over": "handing over to the next run",
}


class PumpRun:
    """Move messages until no message is due or the time of the run is over."""

    def __init__(self, registry, uid, options, inline_env=None):
        self.registry = registry
        self.uid = uid
        self.options = options
        self.inline_env = inline_env
        self.exchanges = Exchanges()
        self.end = time.monotonic() + options["pump_seconds"]
        # Odoo kills the worker after limit_time_real, with all its exchanges.
        self._killed_at = time.monotonic() + tools.config["limit_time_real"]
        self._ended_steps = set()
        self._plan_until = 0.0
        self.turns = Turns(random.random() < 0.5, SLOW)
        self._lanes, self._interface_ids, self._kinds = {}, [], {}

    @contextmanager
    def _env(self, read_committed=False):
        """Open an environment on a separate cursor and commit at the end."""
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
        """Return the timeout of a statement in seconds.

        It is well before Odoo kills the worker, because the session of a killed worker
        would keep its locks until the statement ends.
        """
        left = self._killed_at - SPARE - time.monotonic()
        return max(1.0, min(self.options["statement_seconds"], left))

    @contextmanager
    def _ending(self, step):
        """Continue with the other steps after the database canceled ``step``.

        This run does not repeat the step. It reports the step in the log and in the
        Settings.
        """
        try:
            yield
        except ENDED as error:
            self._ended_steps.add(step)
            kind, text = type(error).__name__, STEPS[step]
            _logger.error(
                "%s took too long and was canceled by the database (%s); other steps continue",
                text,
                kind,
            )
            with self._env(read_committed=True) as env:
                env["interop.engine.problem"]._note(
                    "statement",
                    step,
                    env._(
                        "A database statement took too long and was canceled: %(step)s "
                        "(Statement Timeout: %(seconds)s s). The next run repeats it. If "
                        "this occurs again, look for a session that holds locks, or for "
                        "an overloaded database.",
                        step=text,
                        seconds=self.options["statement_seconds"],
                    ),
                )

    # === RUNNING === #

    def run(self):
        """Run for ``pump_seconds``, wait for messages in flight, and queue the next run.

        The other lanes continue while a slow receiver delays its lane.
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
        """Move due messages inside a transaction, for tests and tools."""
        with self._env() as env:
            env["interop.guard"]._check()
        total = 0
        while time.monotonic() < self.end + DRAIN:
            self._plan_until = 0.0
            moved = self.step(BUSY_POLL)
            total += moved
            if not moved and not self.exchanges and self.turns.suspects:
                break  # this turn allowed the claim of all due messages
        return total

    def step(self, patience):
        """Run each step once; return the number of moved items.

        :param float patience: seconds to wait for a result if there is no other work
        """
        over = time.monotonic() >= self.end
        moved = self._materialize(over)
        found = self._exchanged(0 if moved else patience)
        claims = self._record_and_claim(found, over)
        self._prepare(claims)
        return moved + len(claims) + len(found)

    # === MATERIALIZE === #

    def _materialize(self, over=False):
        """Turn events into messages; return the number of events.

        After the end of the run, new events are only handled while a slow lane delays it.
        """
        held = over and not self.exchanges.slow_lanes(SLOW)
        if held or "materialize" in self._ended_steps:
            return 0
        with self._ending("materialize"), self._env(read_committed=True) as env:
            return env["interop.materializer"]._materialize()
        return 0

    # === CLAIM === #

    def _record_and_claim(self, found, over):
        """Record results and claim what comes next; one transaction does both.

        When that transaction does not come to its end, the results are recorded by
        themselves.
        """
        if not found or not self._may_claim(over):
            self._record(found)
            return self._claim(over)
        claims, committed = [], False
        with (
            self._ending("claim"),
            suppress(*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY),
        ):
            with self._env(read_committed=True) as env:
                self._write_results(env, found)
                taken = self._claim_in(env, over)
            claims, committed = taken, True
        if not committed:
            self._record(found)
        self._note_claims(claims)
        return claims

    def _claim(self, over):
        """Claim up to the limits of the lanes; after the end only beside slow lanes."""
        if not self._may_claim(over):
            return []
        claims = []
        with self._ending("claim"), self._env(read_committed=True) as env:
            if self.inline_env is None and time.monotonic() <= self._plan_until:
                # A claim that a crash of the database undoes is only made once more.
                env.cr.execute("SET LOCAL synchronous_commit = off")
            claims = self._claim_in(env, over)
        self._note_claims(claims)
        return claims

    def _may_claim(self, over):
        """Return whether anything may be claimed now."""
        if over and not self.exchanges.slow_lanes(SLOW):
            return False
        return "claim" not in self._ended_steps and self.turns.may_claim(
            time.monotonic(), len(self.exchanges)
        )

    def _note_claims(self, claims):
        counts = [(claim.try_count, claim.attempt_count) for claim in claims]
        self.turns.note(time.monotonic(), counts)

    def _claim_in(self, env, over):
        """Claim within the transaction of ``env``; what was with a dead worker takes
        turns with everything else."""
        crashed = self.turns.take(time.monotonic(), over)
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
        """Update the moving interfaces and their lanes; release expired leases."""
        pump = env["interop.pump"]
        MessageLeases(env).reclaim()
        interfaces = pump._moving_interfaces()
        changing = env["interop.queue"]._follow_endpoints()
        lanes = pump._lanes(interfaces, self.options["pump_batch"])
        self._lanes = {
            name: lane for name, lane in lanes.items() if name not in changing
        }
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
            lane = self._lanes.get(claim.lane)
            # A lane in strict order is a group of its own: one message after the other.
            own = claim.lane if lane and lane.ordering == "strict" else ""
            kind = (*self._kinds[claim.interface_id], own)
            by_kind.setdefault(kind, []).append(claim)
        for (direction, transport, strict), group in sorted(by_kind.items()):
            if direction == "in":
                self._apply_all(group)
            else:
                self._send(f"interop.transport.{transport}", group, bool(strict))

    def _send(self, model, claims, strict=False):
        """Prepare the claims with a transport, and start the exchange.

        :param bool strict: send one message after the other, until one is not delivered
        """
        try:
            with self._env() as env:
                sender = env[model]
                deliveries, results = sender._prepare(claims)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._record([(self._unsent(c, "deferred"), c, None) for c in claims])
            return
        except Exception as error:  # noqa: BLE001
            # Expired leases would count as dead workers, so the failure is recorded.
            _logger.error("%s failed: %s", model, type(error).__name__)
            failed = [self._unsent(c, "retry", error) for c in claims]
            self._record([(r, c, None) for r, c in zip(failed, claims, strict=True)])
            return
        if strict:
            deliveries, results = self._up_to_failure(claims, deliveries, results)
        by_id = {claim.message_id: claim for claim in claims}
        self._record(
            [(result, by_id.pop(result.message_id), model) for result in results]
        )
        if deliveries:
            waiting = list(by_id.values())
            if strict:
                # The run ends well before the leases of its last messages.
                within = min(START_WITHIN, self.options["lease_seconds"] / 4)
                deadline = time.monotonic() + within
                sender = OneByOne(sender, waiting)
            else:
                deadline = max(self.end, time.monotonic() + START_WITHIN)
            self.exchanges.submit(model, sender, deliveries, waiting, deadline)

    def _up_to_failure(self, claims, deliveries, results):
        """Return ``(deliveries, results)`` with nothing sent after the first claim that
        the transport refused; what comes later waits."""
        refused = {result.message_id: result for result in results}
        places = [
            place for place, claim in enumerate(claims) if claim.message_id in refused
        ]
        if not places:
            return deliveries, results
        first, *_others = places
        later = [
            self._unsent(claim, "deferred")._replace(retry_after=0)
            for claim in claims[first + 1 :]
        ]
        return deliveries[:first], [refused[claims[first].message_id], *later]

    def _unsent(self, claim, outcome, error=None):
        """Return the result of a claim without an attempt."""
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
        """Return finished exchanges: ``[(result, claim, transport model)]``.

        :param float seconds: maximum time to wait for the first result
        """
        return self.exchanges.collect(seconds, RECORD_BATCH)

    # === RECORD === #

    def _record(self, found):
        """Record ``[(result, claim, transport model)]`` of valid leases in one
        transaction."""
        for _try in range(RECORD_TRIES if found else 0):
            with self._ending("record"):
                self._record_once(found)
                return

    def _record_once(self, found):
        with self._env(read_committed=True) as env:
            self._write_results(env, found)

    def _write_results(self, env, found):
        """Write results, forget the leases that are used up, and tell transports."""
        leases = MessageLeases(env)
        updated = set(leases.record([result for result, *_ in found]))
        tokens = {result.lease_token for result, *_ in found}
        leases.release(tokens - self.exchanges.tokens())
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
                "%s results discarded: another worker has the lease of the message",
                len(found) - len(updated),
            )

    # === INBOUND === #

    def _apply_all(self, claims):
        for claim in claims:
            if time.monotonic() < self.end:
                self._apply(claim)
            else:  # the run is over: the next run applies the message
                self._record([(self._unsent(claim, "deferred"), claim, None)])
        with self._env(read_committed=True) as env:
            MessageLeases(env).release({claim.lease_token for claim in claims})

    def _apply(self, claim):
        """Apply one claimed inbound message in a separate transaction, if the lease is
        still valid."""
        started = clock.now()
        clocked = time.monotonic()
        try:
            # Quiet until the end, because the commit still flushes changes.
            with db.quiet(), self._env() as env:
                message = env["interop.message"].browse(claim.message_id)
                if not MessageLeases(env).lock(message, claim.lease_token):
                    return
                message._apply_now(started=started)
                effect = MessageEffect(message, started)
                effect.record(time.monotonic() - clocked)
            return
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            failure = (
                "internal",
                "serialization",
                (
                    "Another transaction changed the same records. The message is applied "
                    "again automatically."
                ),
            )
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
        """Queue the next run for the time when a message is due.

        After a canceled step the next run begins ``ENDED_PAUSE`` seconds later.
        """
        with self._ending("hand over"), self._env(read_committed=True) as env:
            pump = env["interop.pump"]
            now = clock.database_now(env.cr)
            if self._ended_steps:
                pump._arm(now + timedelta(seconds=ENDED_PAUSE))
                return
            due = pump._next_due()
            if due is not None:
                pump._arm(None if due <= now else due)
