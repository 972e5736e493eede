"""Numbers of people are visible to the facilities that know the people."""

from odoo import api, fields, models
from odoo.tools import sql

from .facility_key import FacilityKey


class InteropIdentifier(models.Model):
    """A national number belongs to no facility, but its owner does."""

    _inherit = "interop.identifier"

    # The partner's, in the row itself: a record rule that looks into the partners would
    # read a million of them for one number.
    partner_facility_key = FacilityKey(
        compute="_compute_partner_facility_key",
        store=True,
        copy=False,
        groups=fields.NO_ACCESS,
    )

    def _auto_init(self):
        """Add the column empty, as the one of partners."""
        if not sql.column_exists(self.env.cr, self._table, "partner_facility_key"):
            sql.create_column(
                self.env.cr, self._table, "partner_facility_key", "int4[]"
            )
        return super()._auto_init()

    @api.depends("partner_id.interop_facility_key")
    def _compute_partner_facility_key(self):
        for identifier in self:
            identifier.partner_facility_key = identifier.partner_id.interop_facility_key

    @api.model
    def _columns_of(self, record, item, message, state):
        columns = super()._columns_of(record, item, message, state)
        if record._name == "res.partner":
            # sudo: whether facilities decide who sees the partner, not which
            key = record.sudo().interop_facility_key
            columns["partner_facility_key"] = None if key is False else key
        return columns

    def _facility_of_case(self):
        """Ask a facility that knows the person."""
        for partner in self.partner_id:
            known = partner._interop_known_at()
            if known and not self.company_id:
                return known[:1]
        return super()._facility_of_case()

    @api.model
    def _rows(self, named, states):
        """Find people who are known elsewhere, too: a message that registers a person
        here by a number good everywhere must not make a second partner.

        What may be done with what is found is checked on the record.
        """
        # sudo: the namespaces were checked when the numbers were read
        return super(InteropIdentifier, self.sudo())._rows(named, states)
