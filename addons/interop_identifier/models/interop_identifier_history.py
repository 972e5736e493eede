"""Which identifiers were good at a moment."""

from odoo import api, models
from odoo.fields import Domain

from .. import const


class InteropIdentifier(models.Model):
    """Questions about the past, from period and state of each identifier.

    An identifier without a start has been good since ever: senders rarely say when they
    handed a number out. One that was retired was good until its end, one that became an
    alias until then.
    """

    _inherit = "interop.identifier"

    def _was_good(self, at):
        """Say whether this identifier was good at a moment (naive UTC), as what it is
        now: an alias finds its record whenever it became one."""
        self.ensure_one()
        if self.state in ("entered_in_error", const.HELD):
            return False
        if (self.period_start or at) > at:
            return False
        return self.period_end > at if self.period_end else self.state != "retired"

    @api.model
    def _wire_at(self, record, company, at):
        """Return the identifiers that ``record`` had at a moment (naive UTC) and that
        ``company`` may see, as messages carry them.

        Those of records that were merged into it are among them until the merge.
        """
        rows = self.search(
            Domain("res_model", "=", record._name)
            & Domain("res_id", "=", record.id)
            & Domain("state", "!=", "entered_in_error")
            & (
                Domain("company_id", "=", False)
                | Domain("company_id", "parent_of", company.id)
            ),
            order="namespace_id, id",
        )
        return [
            row._wire_one()
            for row in rows
            if row._was_good(at)
            and (row.state != "merged" or (row.state_at and row.state_at > at))
        ]
