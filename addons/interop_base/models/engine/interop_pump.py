"""The pump: one job that moves everything that is due, for all endpoints, fairly."""

import logging
import threading
import time
from datetime import timedelta

from odoo import api, models
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ... import clock, const
from .engine_health import EngineHealth
from .engine_types import Lane
from .pump_run import PumpRun

_logger = logging.getLogger(__name__)

# At most one arming per worker process and database in this many seconds. A running pump
# lingers longer than that, so that what an arming was spared for is seen by it.
ARM_INTERVAL = 0.25
# In between, a job that waits already is only woken: one statement instead of a dozen.
# Jobs of dead workers are looked for as often as this.
LOOK_INTERVAL = 2.0
# Cron runs every minute: what is due before the next run is its matter, too.
CRON_SECONDS = 60
# A run puts off the job that follows if its worker dies, as long as it lives. After that
# queue_job gives the dead run up at once: it passes over those of the last ten seconds.
WATCH_SECONDS = 15
WATCH_KEY = "interop.pump.watch"
# Started, and nobody holds the lock; or asked to start, and nobody did. The moments are
# those between storing the state, taking the lock and the first statement. queue_job
# stores its times by the clock of the server, and so is ``now``.
_DEAD_JOBS = """
    SELECT job.id
      FROM queue_job job
     WHERE (job.model_name, job.method_name)
           IN (('interop.pump', '_run'), ('interop.replay', '_run_batch'))
       AND (job.state = 'started'
            AND job.date_started < %(now)s - interval '1 s'
            AND job.id = ANY(ARRAY(SELECT queue_job_id FROM queue_job_lock
                                    WHERE queue_job_id = job.id
                                      FOR NO KEY UPDATE SKIP LOCKED))
            OR job.state = 'enqueued'
            AND job.date_enqueued < %(now)s - interval '10 s')
       FOR NO KEY UPDATE SKIP LOCKED"""
_WAKE = """
    SELECT (SELECT pg_notify('queue_job', uuid) FROM queue_job
             WHERE identity_key = 'interop.pump.now'
               AND state IN ('pending', 'enqueued') LIMIT 1) IS NOT NULL,
           EXISTS (SELECT 1 FROM queue_job job
                    WHERE job.model_name = 'interop.pump' AND job.state = 'started'
                      AND job.date_started < %(now)s - interval '1 s'
                      AND job.id = ANY(ARRAY(SELECT queue_job_id FROM queue_job_lock
                                              WHERE queue_job_id = job.id
                                                FOR NO KEY UPDATE SKIP LOCKED)))"""
_last_armed = {}
_last_looked = {}
_lock = threading.Lock()


class InteropPump(models.AbstractModel):
    """Arming and running the pump. The moving itself is in ``pump_run.py``."""

    _name = "interop.pump"
    _description = "Message Pump"

    @api.model
    def _arm(self, due=None):
        """Make sure that a pump job runs now, or at ``due`` (the database's clock).

        Now and later never share an identity key: queue_job answers an existing job even
        when its ETA is hours away.
        """
        key, eta = "interop.pump.now", None
        if due:
            # One job per ten seconds at most; the first one wakes the pump for all of them.
            key = f"interop.pump.{due:%Y%m%d%H%M%S}"[:-1]
            # queue_job's runner starts it by the clock of the server.
            eta = clock.now() + (due - clock.database_now(self.env.cr))
        user = self.env.ref("interop_base.user_integration")
        # sudo: whoever caused the work, the engine does it
        pump = self.env(user=user.id, su=True, context={})[self._name]
        pump._release_dead_jobs()
        job = pump.with_delay(
            identity_key=key, eta=eta, description="Move integration messages"
        )._run()
        if not due and getattr(job, "uuid", None):
            # A job that waits already tells the runner nothing new. Wake it: the request
            # that was to start this one may have been lost with a worker.
            self.env.cr.execute("SELECT pg_notify('queue_job', %s)", [job.uuid])

    @api.model
    def _wake(self):
        """Wake the job that waits to run now; return whether that is all there is to do.

        It is not when there is none, or when a run whose worker died keeps the channel
        from it: its job looks alive, and nobody holds its lock any more.
        """
        self.env.cr.execute(_WAKE, {"now": clock.now()})
        waits, dead = self.env.cr.fetchone()
        return bool(waits) and not dead

    @api.model
    def _watch(self):
        """Leave a job that goes on if the worker of this run dies, or put it off again.

        queue_job's runner wakes up for it. On a quiet system nothing else does for a
        minute. There is one for all runs: what a dead one left serves the next one.
        """
        eta = clock.now() + timedelta(seconds=WATCH_SECONDS)
        self.env.cr.execute(
            "UPDATE queue_job SET eta = %s WHERE identity_key = %s AND state = 'pending'",
            [eta, WATCH_KEY],
        )
        if not self.env.cr.rowcount:
            self.with_delay(
                identity_key=WATCH_KEY,
                eta=eta,
                description="Go on if a run that moves messages dies",
            )._run()

    @api.model
    def _unwatch(self):
        """The run ended by itself: its watch (see ``_watch``) goes without a trace."""
        self.env.cr.execute(
            "DELETE FROM queue_job WHERE identity_key = %s AND state = 'pending'",
            [WATCH_KEY],
        )
        self.env["queue.job"].invalidate_model(flush=False)

    @api.model
    def _release_dead_jobs(self):
        """Give up jobs whose worker died: they keep the channel from the next one.

        queue_job's runner looks for them whenever something wakes it, once a minute at
        least, and passes over those of the last ten seconds: on a quiet system that is
        more than a minute without a pump. Who works on a job holds a lock on its row of
        ``queue_job_lock``, from right after it was started until the connection ends.
        """
        try:
            with self.env.cr.savepoint(flush=False):
                # Another worker may move one of them just now: nothing to report.
                self.env.cr.execute(
                    _DEAD_JOBS, {"now": clock.now()}, log_exceptions=False
                )
                # sudo: jobs are the engine's
                dead_sudo = self.env["queue.job"].sudo()
                dead_sudo = dead_sudo.browse([row[0] for row in self.env.cr.fetchall()])
                why = self.env._("Its server process died; another job goes on.")
                pumps_sudo = dead_sudo.filtered(
                    lambda job: job.model_name == self._name
                )
                pumps_sudo._change_job_state("cancelled", result=why)
                # A replay has one job: the same one goes on from where it was.
                (dead_sudo - pumps_sudo)._change_job_state("pending")
                dead_sudo.flush_recordset()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            return  # somebody else moves it
        if dead_sudo:
            _logger.warning("jobs of dead workers given up: %s", dead_sudo.ids)

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
                looks = now - _last_looked.get(dbname, 0) >= LOOK_INTERVAL
                if looks:
                    _last_looked[dbname] = now
            try:
                with Registry(dbname).cursor() as own_cr:
                    env = api.Environment(own_cr, api.SUPERUSER_ID, {})
                    if looks or not env["interop.pump"]._wake():
                        env["interop.pump"]._arm()
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
        # sudo: system parameters
        params_sudo = self.env["ir.config_parameter"].sudo()
        defaults = {
            "pump_seconds": 20,
            "pump_batch": 400,
            "lease_seconds": 90,
            "statement_seconds": 60,
        }
        # At least 1: a pump that has no time would hand over to another one, for ever.
        return {
            name: max(1, int(params_sudo.get_param(f"interop_base.{name}") or default))
            for name, default in defaults.items()
        }

    # === WHAT MAY MOVE === #

    @api.model
    def _moving_interfaces(self):
        """Return the interfaces whose messages may move now."""
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
        """Return ``{lane: engine_types.Lane}`` of these interfaces and of their tests.

        An endpoint says how much travels to it at once, and in which order. Inbound
        messages are applied in the order of their key.
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
        """Claim from ``lanes``; see ``interop.message._set_claimed``.

        Runs on the READ COMMITTED cursor that the claim commits with. The rate, pause and
        circuit of endpoints narrow their lanes here, exactly across workers.
        """
        health = self.env["interop.endpoint.health"]
        narrowed, gates = health._narrow(lanes)
        claims = self.env["interop.message"]._set_claimed(
            narrowed, interface_ids, lease_seconds, crashed
        )
        health._pass(gates, claims, lease_seconds)
        return claims

    @api.model
    def _next_due(self):
        """Return when the next message is due (naive UTC, the database's clock), ``None``
        when nothing waits.

        What another worker has leased is due when its lease ends: it may be dead. What an
        endpoint holds back is due when its lane opens, not before.
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
                self._events_in_force(),
            )
        )
        waiting, lease_end = self.env.cr.fetchone()
        if waiting:
            return clock.database_now(self.env.cr)
        return min(filter(None, (due, lease_end)), default=None)

    @api.model
    def _next_in_lanes(self, interfaces):
        """Return when the next message of these can be claimed, or ``None``."""
        messages = self.env["interop.message"]
        lanes = self._lanes(interfaces, 1)
        held = self.env["interop.endpoint.health"]._held_until(lanes)
        free = {name: lane for name, lane in lanes.items() if name not in held}
        times = [messages._next_claimable(free, interfaces.ids)]
        for name, until in held.items():
            waiting = messages._next_claimable({name: lanes[name]}, interfaces.ids)
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
