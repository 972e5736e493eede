"""Show numbers of people only at the facilities that know the people."""

from odoo import api, fields, models
from odoo.tools import sql

from .facility_key import FacilityKey


class InteropIdentifier(models.Model):
    """Adds the facilities of the partner, also for national numbers."""

    _inherit = "interop.identifier"

    # Copied from the partner into the row. A record rule that reads the partners would
    # read a million of them for one number.
    partner_facility_key = FacilityKey(
        compute="_compute_partner_facility_key",
        store=True,
        copy=False,
        groups=fields.NO_ACCESS,
    )

    def _auto_init(self):
        """Add the column empty, like that of partners."""
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
            # sudo: checks whether facilities restrict the partner, not which
            key = record.sudo().interop_facility_key
            columns["partner_facility_key"] = None if key is False else key
        return columns

    def _facility_of_case(self):
        """Return a facility that knows the person."""
        for partner in self.partner_id:
            known = partner._interop_known_at()
            if known and not self.company_id:
                return known[:1]
        return super()._facility_of_case()

    @api.model
    def _rows(self, named, states):
        """Also find people known at other facilities.

        A message that registers a person by a national number must not create a second
        partner. The caller checks access to the record that was found.
        """
        # sudo: the namespaces were checked when the numbers were read
        return super(InteropIdentifier, self.sudo())._rows(named, states)
