"""One run of the pump: the order of steps, and which cursor each of them uses.

No transaction of ours is open while a message travels. Steps that read and write are model
methods; this file only opens cursors, commits and decides what comes next.
"""

import logging
import random
import time
from contextlib import contextmanager

from psycopg2.errors import IdleInTransactionSessionTimeout, QueryCanceled
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, tools
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ... import clock, db
from ...exceptions import HandledError
from .engine_types import Result
from .pump_exchange import Exchanges

_logger = logging.getLogger(__name__)

LINGER = 1.0  # seconds without work before the pump ends; longer than ARM_INTERVAL
IDLE_POLL = 0.1
BUSY_POLL = 0.01
RECORD_BATCH = 512
REFILL = 4  # a lane is filled again when a quarter of it is free: fewer, larger claims
REFRESH = 0.5  # seconds for which the list of moving interfaces is trusted
START_WITHIN = 10.0  # seconds in which a claimed message has to be on its way
SLOW = 2.0  # a lane that keeps a message out for longer than this is slow
PUT_OFF = 5.0  # seconds after which the watch over a run is put off again
DRAIN = 60.0  # seconds after the end for what is still out; below limit_time_real
SPARE = 10.0  # seconds before limit_time_real that are left to end and to hand over
RECORD_TRIES = 2
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
        self._watched_until = 0.0
        self._alone_since = self._others_until = 0.0
        # What was with a dead worker and what was not take turns; at random first, so
        # that both go on when workers die one after the other.
        self._suspects_turn = random.random() < 0.5
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
            if not problems:
                self._live_on(env)
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
            if not moved and not self.exchanges and self._suspects_turn:
                break  # in a turn in which everything that is due may be claimed
        return total

    def _live_on(self, env):
        """Tell now and then that this run is alive; see ``interop.pump._watch``."""
        if self.inline_env is None and time.monotonic() > self._watched_until:
            env["interop.pump"]._watch()
            self._watched_until = time.monotonic() + PUT_OFF

    def step(self, patience):
        """Events → messages, claim, start, collect, record; returns how much moved.

        :param float patience: seconds to wait for a result when nothing else is to do
        """
        over = time.monotonic() >= self.end
        # Beside a slow lane the others go on, with what is published only now as well.
        held = over and not self.exchanges.slow_lanes(SLOW)
        moved = 0 if held else self._materialize()
        claims = self._claim(over)
        for kind in sorted({self._kinds[claim.interface_id] for claim in claims}):
            self._start(
                kind, [c for c in claims if self._kinds[c.interface_id] == kind]
            )
        wait = 0 if moved or claims else patience
        moved += len(claims) + self._collect(wait)
        return moved

    def _materialize(self):
        if "materialize" in self._ended_steps:
            return 0
        with self._ending("materialize"), self._env(read_committed=True) as env:
            return env["interop.pump"]._materialize()
        return 0

    # === CLAIMING === #

    def _claim(self, over):
        """Claim what lanes have room for; when time is over, only beside slow lanes."""
        if over and not self.exchanges.slow_lanes(SLOW):
            return []
        if "claim" in self._ended_steps:
            return []
        claims = []
        with self._ending("claim"):
            claims = self._claim_due(over)
        if any(claim.try_count > claim.attempt_count + 1 for claim in claims):
            self._alone_since = time.monotonic()
        return claims

    def _claim_due(self, over):
        """Claim in one transaction; suspects take turns with what was with no dead worker."""
        if self._alone_since and self.exchanges:
            # What is out was out when a worker died: nothing else beside it. Unless it is
            # slow: then the others take their turn before the next one of its kind.
            if time.monotonic() < self._alone_since + SLOW:
                return []
            self._others_until = time.monotonic() + SLOW
        self._alone_since = 0.0
        self._suspects_turn = not self._suspects_turn
        allowed = not over and time.monotonic() >= self._others_until
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
            claims = self._claim_from(env, lanes, allowed and self._suspects_turn)
            if not claims and allowed and not self._suspects_turn and not out:
                # Nothing else is due: their turn has come already.
                self._suspects_turn = True
                claims = self._claim_from(env, lanes, True)
        return claims

    def _claim_from(self, env, lanes, crashed):
        return env["interop.pump"]._claim(
            lanes, self._interface_ids, self.options["lease_seconds"], crashed
        )

    def _plan(self, env):
        """Note which interfaces move now, by which lanes; take back expired leases.

        Tells that this run is alive, too.
        """
        self._live_on(env)
        pump = env["interop.pump"]
        env["interop.message"]._set_reclaimed()
        interfaces = pump._moving_interfaces()
        self._lanes = pump._lanes(interfaces, self.options["pump_batch"])
        self._interface_ids = interfaces.ids
        self._kinds = {
            interface.id: (interface.direction, interface.transport or "")
            for interface in interfaces
        }
        self._plan_until = time.monotonic() + REFRESH

    # === MOVING === #

    def _start(self, kind, claims):
        """Apply inbound claims; hand outbound ones to their transport."""
        direction, transport = kind
        if direction == "in":
            for claim in claims:
                if time.monotonic() < self.end:
                    self._apply(claim)
                else:  # leased, but this run is over: the next one applies it
                    self._record([(self._unsent(claim, "deferred"), claim, None)])
            return
        model = f"interop.transport.{transport}"
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

    def _collect(self, seconds):
        found = self.exchanges.collect(seconds, RECORD_BATCH)
        self._record(found)
        return len(found)

    def _record(self, found):
        """Record ``[(result, claim, transport model)]`` in one transaction, fenced."""
        for _try in range(RECORD_TRIES if found else 0):
            with self._ending("record"):
                self._record_once(found)
                return

    def _record_once(self, found):
        with self._env(read_committed=True) as env:
            updated = set(
                env["interop.message"]._set_results([result for result, *_ in found])
            )
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

    def _apply(self, claim):
        """Apply one claimed inbound message in a transaction of its own, fenced."""
        started = clock.now()
        clocked = time.monotonic()
        try:
            # Quiet to the end of the transaction: the commit flushes what is left.
            with db.quiet(), self._env() as env:
                message = env["interop.message"].browse(claim.message_id)
                if not message._lock_claim(claim.lease_token):
                    return
                message._apply_now(started=started)
                message._note_applied(started, time.monotonic() - clocked)
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

    # === HANDING OVER === #

    def _hand_over(self):
        """Arm the next run for the moment when something is due.

        After a step was ended, the watch stays instead: it wakes the next run soon, and
        not at once.
        """
        with self._ending("hand over"), self._env(read_committed=True) as env:
            pump = env["interop.pump"]
            if self._ended_steps:
                pump._watch()
                return
            due = pump._next_due()
            if due is not None:
                now = clock.database_now(env.cr)
                pump._arm(None if due <= now else due)
            pump._unwatch()
