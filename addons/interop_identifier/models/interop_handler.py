"""Find the parts of a message that name a person or record."""

from odoo import models

from ..tools import parties


class InteropHandler(models.AbstractModel):
    """Adds the parties that a steward may see of a waiting message."""

    _inherit = "interop.handler"

    def _identity_parties(self, message, data):
        """Return the ``parties.Party`` list of a message: numbers, name, birth date.

        Called when a steward opens a message that waits for a decision. An override
        must return only these facts, because the steward may lack the right to see
        content.

        :param message: ``interop.message`` (sudo)
        :param data: the member ``data`` of its content
        """
        return parties.find(data)
