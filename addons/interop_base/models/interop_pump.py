"""The pump: one job that moves everything that is due, for all endpoints, fairly."""

import logging
import threading
import time

from odoo import api, models
from odoo.modules.registry import Registry

from .. import clock
from .engine_types import Lane
from .pump_run import PumpRun

_logger = logging.getLogger(__name__)

# At most one arming per worker process and database in this many seconds. A running pump
# lingers longer than that, so that what an arming was spared for is seen by it.
ARM_INTERVAL = 0.25
_last_armed = {}
_lock = threading.Lock()


class InteropPump(models.AbstractModel):
    """Arming and running the pump. The moving itself is in ``pump_run.py``."""

    _name = "interop.pump"
    _description = "Message Pump"

    @api.model
    def _arm(self, eta=None):
        """Make sure that a pump job runs now, or at ``eta`` (naive UTC).

        Now and later never share an identity key: queue_job answers an existing job even
        when its ETA is hours away.
        """
        key = "interop.pump.now"
        if eta:
            # One job per ten seconds at most; the first one wakes the pump for all of them.
            key = f"interop.pump.{eta:%Y%m%d%H%M%S}"[:-1]
        user = self.env.ref("interop_base.user_integration")
        # sudo: whoever caused the work, the engine does it
        pump = self.env(user=user.id, su=True, context={})[self._name]
        job = pump.with_delay(
            identity_key=key, eta=eta, description="Move integration messages"
        )._run()
        if not eta and getattr(job, "uuid", None):
            # A job that waits already tells the runner nothing new. Wake it: it may wait
            # behind a job whose worker died, which the runner looks for when it is woken.
            self.env.cr.execute("SELECT pg_notify('queue_job', %s)", [job.uuid])

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
        # sudo: system parameters
        params_sudo = self.env["ir.config_parameter"].sudo()
        defaults = {"pump_seconds": 20, "pump_batch": 200, "lease_seconds": 120}
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
        return self.env["interop.interface"].search(
            [
                ("state", "=", "active"),
                ("interop_stopped_at", "=", False),
                ("system_id.interop_stopped_at", "=", False),
                ("system_id.environment", "=", environment),
            ]
        )

    @api.model
    def _lanes(self, interfaces, batch):
        """Return ``{lane: engine_types.Lane}``; transports narrow and order it.

        Inbound messages are applied in the order of their key.
        """
        orderings = {
            interface._lane(): "key" if interface.direction == "in" else "none"
            for interface in interfaces
        }
        share = max(1, batch // max(1, len(orderings)))
        return {lane: Lane(share, ordering) for lane, ordering in orderings.items()}

    @api.model
    def _claim(self, lanes, interface_ids, lease_seconds):
        """Claim from ``lanes``; see ``interop.message._set_claimed``.

        Runs on the READ COMMITTED cursor that the claim commits with. What limits lanes
        across workers (rates, circuits) narrows them here, under locks of its own.
        """
        return self.env["interop.message"]._set_claimed(
            lanes, interface_ids, lease_seconds
        )

    @api.model
    def _next_due(self):
        """Return when the next message is due (naive UTC), ``None`` when nothing waits."""
        interfaces = self._moving_interfaces()
        due = self.env["interop.message"]._next_claimable(
            self._due_lanes(interfaces), interfaces.ids
        )
        self.env.cr.execute(
            """SELECT EXISTS (SELECT 1 FROM interop_event
                               WHERE state IN ('ready', 'failed', 'new'))"""
        )
        return clock.now() if self.env.cr.fetchone()[0] else due

    @api.model
    def _due_lanes(self, interfaces):
        """Return the lanes from which something could be claimed now."""
        lanes = self._lanes(interfaces, 1)
        return {name: lane for name, lane in lanes.items() if lane.cap > 0}

    @api.model
    def _cron_rearm(self):
        """Arm the pump when something is due: what a crash or a lost job left behind."""
        if self.env["interop.guard"]._problems():
            return
        due = self._next_due()
        if self._has_expired_leases() or (due and due <= clock.now()):
            self._arm()

    @api.model
    def _has_expired_leases(self):
        """Return whether a worker vanished with messages; the pump takes them back."""
        self.env.cr.execute(
            """SELECT EXISTS (SELECT 1 FROM interop_message
                               WHERE state = 'processing'
                                 AND lease_until < clock_timestamp() AT TIME ZONE 'UTC')"""
        )
        return self.env.cr.fetchone()[0]
