"""Handlers say which parts of a message name a person or record."""

from odoo import models

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
