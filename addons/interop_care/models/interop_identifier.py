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

    @api.model
    def _link_alias(self, record, identifiers, message):
        """Let numbers that nobody has find ``record`` as former ones; return them.

        For a merge whose prior record never came here. Raises what :meth:`_link`
        raises about numbers that the sender may not add.
        """
        record = self.env["interop.identifier.merge"]._survivor(record)
        created = self.browse()
        for position, item in enumerate(
            self._parse(identifiers, message.company_id, message.system_id)
        ):
            self._check_new(item, message, position)
            # Not active for a moment even: there may be one active number only.
            created |= self._insert(record, item, message, state="merged")
        return created
