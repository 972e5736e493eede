"""The pump: one job that moves everything that is due, for all endpoints, fairly."""

import logging
import threading
import time
from datetime import timedelta

from odoo import api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from ... import clock, const, parameters
from ..log.message_leases import MessageLeases
from .engine_health import EngineHealth
from .engine_types import Lane
from .pump_run import PumpRun

_logger = logging.getLogger(__name__)

# At most one arming per worker process and database in this many seconds. A running pump
# lingers longer than that, so that what an arming was spared for is seen by it.
ARM_INTERVAL = 0.25
# Cron runs every minute: what is due before the next run is its matter, too.
CRON_SECONDS = 60
NOW_KEY = "interop.pump.now"
_last_armed = {}
_lock = threading.Lock()


class InteropPump(models.AbstractModel):
    """Arms the pump and decides what may move. The way itself is in ``pump_run.py``."""

    _name = "interop.pump"
    _description = "Message Pump"

    @api.model
    def _arm(self, due=None):
        """Make sure that a pump job runs now, or at ``due`` (the database's clock).

        Now and later never share an identity key: queue_job answers an existing job even
        when its ETA is hours away.
        """
        key, eta = NOW_KEY, None
        if due:
            # One job per ten seconds at most; the first one wakes the pump for all of them.
            key = f"interop.pump.{due:%Y%m%d%H%M%S}"[:-1]
            # queue_job's runner starts it by the clock of the server.
            eta = clock.now() + (due - clock.database_now(self.env.cr))
        user = self.env.ref("interop_base.user_integration")
        # sudo: whoever caused the work, the engine does it
        pump = self.env(user=user.id, su=True, context={})[self._name]
        # queue_job gives a job whose worker died to another one, within 70 s. It may do so
        # any number of times: what kills workers is found by the leases of messages.
        pump.with_delay(
            identity_key=key,
            eta=eta,
            max_retries=0,
            description="Move integration messages",
        )._run()

    @api.model
    def _arm_after_commit(self):
        """Arm once the current transaction is committed; never before, never twice."""
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
                # The business is committed and must not fail now; the cron arms again.
                _logger.exception("arming the message pump failed; the cron will do it")

    @api.model
    def _run(self):
        """Move what is due for about ``run_seconds``, then hand over (queue_job)."""
        return PumpRun(self.env.registry, self.env.uid, self._options()).run()

    @api.model
    @api.private
    def _run_inline(self):
        """Move what is due now within the current transaction, for tests and tools.

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
        # At least 1: a pump that has no time would hand over to another one, for ever.
        return {
            name: max(1, parameters.number(self.env, f"interop_base.{name}", default))
            for name, default in defaults.items()
        }

    # === WHAT MAY MOVE (HOOKS) === #

    @api.model
    def _moving_interfaces(self):
        """Hook: return the interfaces whose messages may move now.

        Called about twice a second by a running pump, and by whoever asks when something
        is due. Transports leave out those whose receiver rests and may add some for
        tests. An override starts from ``super()``; it must not add an interface that is
        not as it was approved, and must not write.
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
        """Return the interfaces that have a test message waiting which may leave."""
        self.env.cr.execute(
            "SELECT DISTINCT interface_id FROM interop_message"
            " WHERE test AND state = 'pending'"
        )
        ids = [interface_id for (interface_id,) in self.env.cr.fetchall()]
        interfaces = self.env["interop.interface"].browse(ids)
        return interfaces.filtered(lambda interface: interface._may_test())

    @api.model
    def _lanes(self, interfaces, batch):
        """Hook: return ``{lane: engine_types.Lane}`` of interfaces and of their tests.

        Called with what ``_moving_interfaces`` returned. An endpoint says how much travels
        to it at once, and in which order. Inbound messages are applied in the order of
        their key. An override may narrow lanes and add some; it must keep the order and
        must not widen a lane.

        :param interfaces: ``interop.interface``
        :param int batch: messages that are out at once, for all lanes together
        """
        moving = interfaces.filtered(lambda interface: interface._moves())
        orderings = {interface._lane(): interface._ordering() for interface in moving}
        share = max(1, batch // max(1, len(orderings)))
        lanes = {lane: Lane(share, ordering) for lane, ordering in orderings.items()}
        for endpoint in interfaces.endpoint_id:
            name = endpoint._lane()
            if name in lanes:
                cap = min(share, endpoint.concurrency * const.PIPELINE)
                lanes[name] = lanes[name]._replace(cap=cap)
            lanes[endpoint._test_lane()] = Lane(endpoint.concurrency)
        return lanes

    @api.model
    def _claim(self, lanes, interface_ids, lease_seconds, crashed=True):
        """Hook: claim from ``lanes``; see ``MessageLeases.claim``.

        Called on the READ COMMITTED cursor that the claim commits with. The rate, pause
        and circuit of endpoints narrow their lanes here, exactly across workers. What
        limits lanes by something else narrows ``lanes`` before ``super()``, under locks of
        its own, and counts what was claimed after it. An override must not widen a lane,
        wait for a lock or commit.
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

        Called at the end of a run and by the minute cron; the next run is armed for that
        moment. What another worker has leased is due when its lease ends: it may be dead.
        What an endpoint holds back is due when its lane opens, not before. An override
        must not return a moment at which nothing could be claimed: the pump would run in
        vain, for ever.
        """
        interfaces = self._moving_interfaces()
        due = self._next_in_lanes(interfaces)
        self.env.cr.execute(
            SQL(
                """SELECT EXISTS (SELECT 1 FROM interop_event
                                   WHERE state = 'new'
                                      OR state IN ('ready', 'failed') AND %s),
                          (SELECT min(lease_until) FROM interop_message
                            WHERE state = 'processing')""",
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
        """Return the lanes from which something could be claimed now."""
        lanes = self._lanes(interfaces, 1)
        held = self.env["interop.endpoint.health"]._held_until(lanes)
        return {name: lane for name, lane in lanes.items() if name not in held}

    @api.model
    def _cron_rearm(self):
        """Arm the pump when something is due: what a crash or a lost job left behind."""
        if self.env["interop.guard"]._problems():
            return
        now, due = clock.database_now(self.env.cr), self._next_due()
        if due and due <= now + timedelta(seconds=CRON_SECONDS):
            self._arm(due if due > now else None)
        self._tell_stall()

    @api.model
    def _tell_stall(self):
        """Note that messages wait although they could move, or that it is over."""
        problems, health = self.env["interop.engine.problem"], EngineHealth(self.env)
        if health.ages().stalled():
            problems._note("stall", self._name, " ".join(health.texts()))
        else:
            problems._clear("stall", self._name)
