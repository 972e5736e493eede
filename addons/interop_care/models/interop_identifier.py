"""Numbers of people are seen by the facilities that know the people."""

from odoo import api, models


class InteropIdentifier(models.Model):
    """A national number belongs to no facility, but its owner does."""

    _inherit = "interop.identifier"

    @api.model
    def _rows(self, named, states):
        """Find people who are known elsewhere, too: a message that registers somebody
        here by a number good everywhere must not make a second partner.

        What may be done with what is found is checked on the record.
        """
        # sudo: the namespaces were checked when the numbers were read
        return super(InteropIdentifier, self.sudo())._rows(named, states)
