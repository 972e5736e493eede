"""The pump: one job that moves all due messages, with a fair share per endpoint."""

import logging
import threading
import time
from collections import Counter
from datetime import timedelta

from odoo import api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from ... import clock, const, parameters
from ...tools import claim_policy
from ..log.message_leases import MessageLeases
from .engine_health import EngineHealth
from .engine_types import Lane
from .pump_run import PumpRun

_logger = logging.getLogger(__name__)

# Minimum seconds between two jobs per worker process and database. A running pump waits
# longer before it ends, so that it sees the work of a skipped job.
ARM_INTERVAL = 0.25
# Interval of the cron, which also queues jobs for work that is due before its next run.
CRON_SECONDS = 60
NOW_KEY = "interop.pump.now"
_last_armed = {}
_lock = threading.Lock()


class InteropPump(models.AbstractModel):
    """Queue the pump and decide what may move. ``pump_run.py`` has its steps."""

    _name = "interop.pump"
    _description = "Message Pump"

    @api.model
    def _arm(self, due=None):
        """Make sure that a pump job runs now, or at ``due`` (the database's clock).

        A job for now and a job for later have different identity keys, because queue_job
        returns an existing job also if its ETA is hours away.
        """
        key, eta = NOW_KEY, None
        if due:
            # At most one job per ten seconds. The first job does the work of all.
            key = f"interop.pump.{due:%Y%m%d%H%M%S}"[:-1]
            # queue_job's runner starts it by the clock of the server.
            eta = clock.now() + (due - clock.database_now(self.env.cr))
        user = self.env.ref("interop_base.user_integration")
        # sudo: the engine does the work with its rights, not those of the current user
        pump = self.env(user=user.id, su=True, context={})[self._name]
        # queue_job starts the job of a dead worker again within 70 s, without a limit. The
        # leases of messages detect a message that kills workers.
        pump.with_delay(
            identity_key=key,
            eta=eta,
            max_retries=0,
            description="Move integration messages",
        )._run()

    @api.model
    def _arm_after_commit(self):
        """Queue the pump once, after the commit of the current transaction."""
        cr = self.env.cr
        if "interop.pump" in cr.postcommit.data:
            return
        cr.postcommit.data["interop.pump"] = True
        dbname = cr.dbname

        @cr.postcommit.add
        def arm():
            now = time.monotonic()
            with _lock:
                if now - _last_armed.get(dbname, 0) < ARM_INTERVAL:
                    return
                _last_armed[dbname] = now
            try:
                with Registry(dbname).cursor() as own_cr:
                    api.Environment(own_cr, api.SUPERUSER_ID, {})["interop.pump"]._arm()
            except Exception:
                # The business transaction is committed and must not fail. The cron tries again.
                _logger.exception(
                    "the message pump could not be queued; the cron will queue it"
                )

    @api.model
    def _run(self):
        """Move due messages for about ``pump_seconds``, then queue the next run."""
        return PumpRun(self.env.registry, self.env.uid, self._options()).run()

    @api.model
    @api.private
    def _run_inline(self):
        """Move due messages within the current transaction, for tests and tools.

        :returns: number of messages moved
        """
        options = self._options()
        return PumpRun(self.env.registry, self.env.uid, options, self.env).run_once()

    @api.model
    def _options(self):
        """Return the engine settings (``ir.config_parameter``) as a dict of integers."""
        defaults = {
            "pump_seconds": 20,
            "pump_batch": 400,
            "lease_seconds": 90,
            "statement_seconds": 60,
        }
        # At least 1: with 0 seconds, each run would only queue the next run.
        return {
            name: max(1, parameters.number(self.env, f"interop_base.{name}", default))
            for name, default in defaults.items()
        }

    # === HOOKS: MOVING MESSAGES === #

    @api.model
    def _moving_interfaces(self):
        """Hook: return the interfaces whose messages may move now.

        Called about twice a second by a running pump, and to find the next due time.
        Transports exclude interfaces with a paused receiver and may add interfaces for
        tests. An override starts with ``super()``. It must not add an interface that
        differs from its approval, and must not write.
        """
        environment = self.env["interop.guard"]._environment()
        active = self.env["interop.interface"].search(
            [
                ("state", "=", "active"),
                ("approval_changed", "=", False),
                ("interop_stopped_at", "=", False),
                ("system_id.interop_stopped_at", "=", False),
                ("system_id.environment", "=", environment),
            ]
        )
        moving = active.filtered(lambda interface: interface._moves())
        return moving | self._testing_interfaces()

    @api.model
    def _testing_interfaces(self):
        """Return the interfaces with a waiting test message that may be sent."""
        self.env.cr.execute(
            "SELECT DISTINCT interface_id FROM interop_queue"
            " WHERE test AND state = 'pending'"
        )
        ids = [interface_id for (interface_id,) in self.env.cr.fetchall()]
        interfaces = self.env["interop.interface"].browse(ids)
        return interfaces.filtered(lambda interface: interface._may_test())

    @api.model
    def _lanes(self, interfaces, batch):
        """Hook: return ``{lane: engine_types.Lane}`` of interfaces and of their tests.

        Called with the result of ``_moving_interfaces``. The endpoint defines the
        concurrency and the order. Inbound messages are applied in the order of their key.
        The lanes share ``batch`` by the criticality of their interfaces, and each gets a
        share. An override may reduce the limit of lanes and add lanes. It must keep the
        order and must not raise a limit.

        :param interfaces: ``interop.interface``
        :param int batch: maximum number of messages in flight, of all lanes together
        """
        moving = interfaces.filtered(lambda interface: interface._moves())
        orderings = {interface._lane(): interface._ordering() for interface in moving}
        shares = self._shares(moving, batch)
        lanes = {
            lane: Lane(shares[lane], ordering) for lane, ordering in orderings.items()
        }
        for endpoint in interfaces.endpoint_id:
            name = endpoint._lane()
            if name in lanes:
                cap = min(lanes[name].cap, endpoint.concurrency * const.PIPELINE)
                lanes[name] = lanes[name]._replace(cap=cap)
            lanes[endpoint._test_lane()] = Lane(endpoint.concurrency)
        return lanes

    @api.model
    def _weights(self, interfaces):
        """Return ``{lane: weight}``; the most critical interface of a lane decides."""
        weights = Counter()
        for interface in interfaces:
            weight = claim_policy.weight(interface.criticality, interface.latency_tier)
            weights[interface._lane()] = max(weights[interface._lane()], weight)
        return weights

    @api.model
    def _due_weights(self):
        """Return ``{lane: weight}`` of the lanes that move and have due messages."""
        moving = self._moving_interfaces().filtered(lambda item: item._moves())
        weights = self._weights(moving)
        busy = self.env["interop.queue"]._busy(list(weights))
        return {lane: weight for lane, weight in weights.items() if lane in busy}

    @api.model
    def _deferred_since(self, interfaces):
        """Return ``{interface id: moment}`` of interfaces with messages that wait because
        more critical ones are due, since the moment (naive UTC) when the first was due."""
        weights = self._due_weights()
        top = max(weights.values(), default=0)
        behind = interfaces.filtered(
            lambda item: 0 < weights.get(item._lane(), 0) < top
        )
        if not behind:
            return {}
        self.env.cr.execute(
            """SELECT interface_id, min(next_attempt_at) FROM interop_queue
                WHERE interface_id = ANY(%s) AND state = 'pending'
                  AND lease_token IS NULL AND next_attempt_at
                      < clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => %s)
             GROUP BY interface_id""",
            [behind.ids, const.DEFERRED_SECONDS],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _shares(self, interfaces, batch):
        """Return ``{lane: messages that may be out at once}``: what lanes with due
        messages get of ``batch`` by their criticality, each of them at least one."""
        weights = self._weights(interfaces)
        busy = self.env["interop.queue"]._busy(list(weights))
        total = sum(weights[lane] for lane in busy)
        return {
            lane: claim_policy.share(
                batch, weight, total if lane in busy else total + weight
            )
            for lane, weight in weights.items()
        }

    @api.model
    def _claim(self, lanes, interface_ids, lease_seconds, crashed=True):
        """Hook: claim from ``lanes``; see ``MessageLeases.claim``.

        Called on the READ COMMITTED cursor of the claim. The rate, pause and circuit of
        endpoints limit their lanes here, with exact counts across workers. An override
        with another limit reduces ``lanes`` before ``super()`` under separate locks, and
        counts the claims afterwards. It must not raise a limit, wait for a lock or
        commit.
        """
        health = self.env["interop.endpoint.health"]
        narrowed, gates = health._narrow(lanes)
        claims = MessageLeases(self.env).claim(
            narrowed, interface_ids, lease_seconds, crashed
        )
        health._pass(gates, claims, lease_seconds)
        return claims

    @api.model
    def _next_due(self):
        """Hook: return when the next message is due (naive UTC, the database's clock),
        ``None`` when nothing waits.

        Called at the end of a run and by the cron every minute, which queue the next run
        for that time. A leased message is due when its lease expires, because its worker
        may be dead. A message that an endpoint holds back is due when its lane opens. An
        override must not return a time at which no message can be claimed, because the
        pump would then run without an end.
        """
        interfaces = self._moving_interfaces()
        due = self._next_in_lanes(interfaces)
        self.env.cr.execute(
            SQL(
                """SELECT EXISTS (SELECT 1 FROM interop_event
                                   WHERE state = 'new'
                                      OR state IN ('ready', 'failed') AND %s),
                          (SELECT min(until) FROM interop_queue_lease)""",
                self.env["interop.materializer"]._events_in_force(),
            )
        )
        waiting, lease_end = self.env.cr.fetchone()
        if waiting:
            return clock.database_now(self.env.cr)
        return min(filter(None, (due, lease_end)), default=None)

    @api.model
    def _next_in_lanes(self, interfaces):
        """Return when the next message of these can be claimed, or ``None``."""
        leases = MessageLeases(self.env)
        lanes = self._lanes(interfaces, 1)
        held = self.env["interop.endpoint.health"]._held_until(lanes)
        free = {name: lane for name, lane in lanes.items() if name not in held}
        times = [leases.next_claimable(free, interfaces.ids)]
        for name, until in held.items():
            waiting = leases.next_claimable({name: lanes[name]}, interfaces.ids)
            times.append(waiting and max(waiting, until))
        return min(filter(None, times), default=None)

    @api.model
    def _due_lanes(self, interfaces):
        """Return the lanes that allow a claim now."""
        lanes = self._lanes(interfaces, 1)
        held = self.env["interop.endpoint.health"]._held_until(lanes)
        return {name: lane for name, lane in lanes.items() if name not in held}

    @api.model
    def _cron_rearm(self):
        """Queue the pump if a message is due, for example after a crash or a lost job."""
        if self.env["interop.guard"]._problems():
            return
        self.env["interop.queue"]._heal()
        now, due = clock.database_now(self.env.cr), self._next_due()
        if due and due <= now + timedelta(seconds=CRON_SECONDS):
            self._arm(due if due > now else None)
        self._tell_stall()

    @api.model
    def _tell_stall(self):
        """Record a stall of the engine as a problem, or clear the problem."""
        problems, health = self.env["interop.engine.problem"], EngineHealth(self.env)
        if health.ages().stalled():
            problems._note("stall", self._name, " ".join(health.texts()))
        else:
            problems._clear("stall", self._name)
