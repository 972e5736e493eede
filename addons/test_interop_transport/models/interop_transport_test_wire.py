"""An in-memory transport: a minimal example of a transport."""

from typing import NamedTuple

from odoo import models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine.engine_types import Claim, Result


class Parcel(NamedTuple):
    """The data of one delivery; a plain value, no record."""

    claim: Claim
    body: bytes


class Wire:
    """The receiver in memory: keeps arrived messages, and fails when it is cut."""

    def __init__(self):
        self.parcels = []
        self.cut = False


wire = Wire()


class InteropTransportTestWire(models.AbstractModel):
    """Delivers messages to the receiver in memory."""

    _name = "interop.transport.test_wire"
    _inherit = "interop.transport"
    _description = "In-Memory Transport"
    _uses_endpoint = True

    def _prepare(self, claims):
        bodies = (
            self.env["interop.payload"]
            .browse([claim.payload_id for claim in claims])
            ._read_many()
        )
        return [Parcel(claim, bodies[claim.payload_id]) for claim in claims], []

    def _exchange(self, deliveries, deadline):
        for parcel in deliveries:
            failure = {"outcome": "retry", "error_class": "connect"}
            if not wire.cut:
                wire.parcels.append(parcel)
                failure = {"outcome": "done"}
            yield Result(
                parcel.claim.message_id,
                parcel.claim.lease_token,
                started_at=clock.now(),
                **failure,
            )
