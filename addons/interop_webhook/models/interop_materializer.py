"""Format of messages for webhooks."""

from odoo import api, models

from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools.canonical import canonical_bytes

from .. import const
from ..tools import cloudevents


class InteropMaterializer(models.AbstractModel):
    """Add CloudEvents for endpoints with this format, and test messages."""

    _inherit = "interop.materializer"

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
        # Stored with the bytes, so that a later change does not affect this message.
        columns["envelope_format"] = interface.endpoint_id.cloudevents or None
        return columns
