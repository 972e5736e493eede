"""Handlers say which parts of a message name somebody."""

from odoo import models

from odoo.addons.interop_base.exceptions import HandledError
from odoo.addons.interop_base.models.interop_handler_mapping_in import ABSENT

from ..tools import parties


class InteropHandler(models.AbstractModel):
    """Adds what a steward may see of a message that waits for a decision."""

    _inherit = "interop.handler"

    def _identity_parties(self, message, data):
        """Return the ``parties.Party`` list of a message: numbers, name, birth date.

        Called when a steward looks at a message that waits for a decision. An override
        must return nothing but that: it is shown without the right to see content.

        :param message: ``interop.message`` (sudo)
        :param data: the member ``data`` of its content
        """
        return parties.find(data)


class InteropHandlerMapping(models.AbstractModel):
    """Mapped messages have their identifiers where the mapping says."""

    _inherit = "interop.handler.mapping"

    def _identity_parties(self, message, data):
        try:
            mapping = self._mapping_of(message)
            wires = self._wires(mapping._record_lines(), data)
        except HandledError:
            return super()._identity_parties(message, data)
        names = [
            self._stated(line, data)
            for line in mapping.line_ids
            if line.kind != "constant" and line.field_path == "name"
        ]
        name = next((item for item in names if item is not ABSENT), "")
        numbers = tuple((wire["system"], wire["value"]) for wire in wires)
        return [parties.Party("", numbers, parties.full_name(name))]
