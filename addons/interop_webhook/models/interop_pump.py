"""What moves to endpoints, by which lanes, and how much at once."""

from odoo import api, models

from odoo.addons.interop_base.models.engine_types import Lane

from .. import const


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

    def _message_row(self, interface, contract, event, keys, failure):
        row = super()._message_row(interface, contract, event, keys, failure)
        if row["test"]:
            row["lane"] = interface.endpoint_id._test_lane()
        return row
