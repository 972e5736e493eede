"""What moves to endpoints, by which lanes, and how much at once."""

from collections import Counter
from typing import NamedTuple

from odoo import api, models

from odoo.addons.interop_base.models.engine.engine_types import Lane
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools.canonical import canonical_bytes

from .. import const
from ..tools import circuit as circuit_tools
from ..tools import cloudevents

_NOW = "(clock_timestamp() AT TIME ZONE 'UTC')"
# A second's worth may go at once; what is not used beyond that is lost.
_BURST = "GREATEST(1, e.rate_limit / 60.0)"
_TOKENS = f"""LEAST({_BURST}, h.tokens + e.rate_limit / 60.0
                    * GREATEST(0, EXTRACT(EPOCH FROM {_NOW} - h.tokens_at)))"""
_GATED = f"""(e.rate_limit > 0 OR h.circuit <> 'closed' OR h.paused_until > {_NOW})"""


class Gate(NamedTuple):
    """What narrows the lane of one endpoint right now; see ``interop.pump._claim``."""

    endpoint_id: int
    circuit: str
    held: bool
    limited: bool
    tokens: float

    @property
    def probing(self):
        """Whether a single message is to find out how the receiver is."""
        return self.circuit != circuit_tools.CLOSED

    def cap(self, cap):
        """Return how many of ``cap`` may be claimed."""
        if self.held or (self.limited and self.tokens < 1):
            return 0
        if self.probing:
            return min(cap, 1)
        return min(cap, int(self.tokens)) if self.limited else cap


class InteropPump(models.AbstractModel):
    """Lets test messages through, and keeps interfaces of a resting endpoint back."""

    _inherit = "interop.pump"

    @api.model
    def _moving_interfaces(self):
        moving = super()._moving_interfaces().filtered(lambda item: item._moves())
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
        return interfaces.filtered(lambda item: item._may_test())

    @api.model
    def _lanes(self, interfaces, batch):
        moving = interfaces.filtered(lambda item: item._moves())
        lanes = super()._lanes(moving, batch)
        for endpoint in interfaces.endpoint_id:
            name = endpoint._lane()
            if name in lanes:
                cap = min(lanes[name].cap, endpoint.concurrency * const.PIPELINE)
                lanes[name] = Lane(cap, endpoint.ordering)
            lanes[endpoint._test_lane()] = Lane(endpoint.concurrency)
        return lanes

    @api.model
    def _is_test(self, contract):
        return contract.message_type == const.TEST_TYPE or super()._is_test(contract)

    def _envelope_bytes(self, interface, envelope):
        if interface.endpoint_id.cloudevents != "structured":
            return super()._envelope_bytes(interface, envelope)
        event = envelope_tools.cloudevents_structured(
            envelope_tools.parse_envelope(envelope),
            cloudevents.source_uri(envelope["source"]),
        )
        return canonical_bytes(event)

    def _message_columns(self, interface, contract, test):
        columns = super()._message_columns(interface, contract, test)
        # Noted with the bytes: what is frozen is sent so, whatever is chosen later.
        columns["envelope_format"] = interface.endpoint_id.cloudevents or None
        if test:
            columns["lane"] = interface.endpoint_id._test_lane()
        return columns

    # === RATE, PAUSE AND CIRCUIT === #

    @api.model
    def _claim(self, lanes, interface_ids, lease_seconds, crashed=True):
        """Narrow lanes by rate, pause and circuit; exact across workers.

        The narrow row of a gated endpoint stays locked until the claim commits. Another
        worker does not wait for it: it leaves that lane out this time.
        """
        gates = self._lock_gates(lanes)
        narrowed = {}
        for name, lane in lanes.items():
            cap = gates[name].cap(lane.cap) if gates.get(name) else lane.cap
            if cap > 0 and not (name in gates and gates[name] is None):
                narrowed[name] = lane._replace(cap=cap)
        claims = super()._claim(narrowed, interface_ids, lease_seconds, crashed)
        taken = Counter(claim.lane for claim in claims)
        for name, gate in gates.items():
            if gate and taken[name]:
                self._pass_gate(gate, taken[name], lease_seconds)
        return claims

    @api.model
    def _lock_gates(self, lanes):
        """Return ``{lane: Gate}`` of gated endpoints; ``None``: locked elsewhere."""
        ids = [
            int(name.split(":")[1]) for name in lanes if name.startswith("endpoint:")
        ]
        tables = (
            "interop_endpoint_health h JOIN interop_endpoint e ON e.id = h.endpoint_id"
        )
        self.env.cr.execute(
            f"SELECT e.id FROM {tables} WHERE e.id = ANY(%s) AND {_GATED}", [ids]
        )
        gates = {f"endpoint:{row[0]}": None for row in self.env.cr.fetchall()}
        if not gates:
            return gates
        self.env.cr.execute(
            f"""SELECT h.endpoint_id, h.circuit,
                       COALESCE(h.paused_until > {_NOW}, false)
                       OR (h.circuit <> 'closed' AND h.circuit_until > {_NOW}),
                       e.rate_limit > 0, {_TOKENS}
                  FROM {tables}
                 WHERE e.id = ANY(%s) AND {_GATED}
                   FOR UPDATE OF h SKIP LOCKED""",
            [ids],
        )
        for row in self.env.cr.fetchall():
            gates[f"endpoint:{row[0]}"] = Gate(*row)
        return gates

    @api.model
    def _pass_gate(self, gate, count, lease_seconds):
        """Take ``count`` from the rate; note that a probe is on its way.

        A probe whose worker dies counts as lost when its lease ends.
        """
        self.env.cr.execute(
            f"""UPDATE interop_endpoint_health h
                   SET tokens = %s, tokens_at = {_NOW},
                       circuit = CASE WHEN %s THEN 'half_open' ELSE h.circuit END,
                       circuit_until = CASE
                           WHEN %s THEN {_NOW} + make_interval(secs => %s)
                           ELSE h.circuit_until END
                 WHERE h.endpoint_id = %s""",
            [
                float(gate.tokens) - count,
                gate.probing,
                gate.probing,
                lease_seconds,
                gate.endpoint_id,
            ],
        )
        self.env["interop.endpoint.health"].invalidate_model(flush=False)

    @api.model
    def _held_until(self, lanes):
        """Return ``{lane: naive UTC}`` of what rate, pause or circuit hold back."""
        ids = [
            int(name.split(":")[1]) for name in lanes if name.startswith("endpoint:")
        ]
        self.env.cr.execute(
            f"""SELECT held.id, held.at
                  FROM (SELECT e.id, GREATEST(
                               h.paused_until,
                               CASE WHEN h.circuit <> 'closed' THEN h.circuit_until END,
                               CASE WHEN e.rate_limit > 0 AND {_TOKENS} < 1 THEN
                                   {_NOW} + make_interval(secs =>
                                       (1 - {_TOKENS}) * 60 / e.rate_limit) END) AS at
                          FROM interop_endpoint_health h
                          JOIN interop_endpoint e ON e.id = h.endpoint_id
                         WHERE e.id = ANY(%s) AND {_GATED}) held
                 WHERE held.at > {_NOW}""",
            [ids],
        )
        return {f"endpoint:{row[0]}": row[1] for row in self.env.cr.fetchall()}

    @api.model
    def _next_due(self):
        """Wake the pump for a held lane when it opens, not before."""
        due = super()._next_due()
        interfaces = self._moving_interfaces()
        lanes = self._lanes(interfaces, 1)
        for name, until in self._held_until(lanes).items():
            waiting = self.env["interop.message"]._next_claimable(
                {name: lanes[name]}, interfaces.ids
            )
            if waiting:
                due = min(due or until, max(waiting, until))
        return due

    @api.model
    def _due_lanes(self, interfaces):
        lanes = super()._due_lanes(interfaces)
        held = self._held_until(lanes)
        return {name: lane for name, lane in lanes.items() if name not in held}
