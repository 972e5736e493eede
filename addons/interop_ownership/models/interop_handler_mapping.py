"""Apply systems of record to mapped messages and store provenance."""

from odoo import models

from odoo.addons.interop_base.models.engine import origin
from odoo.addons.interop_base.tools import field_report


class InteropHandlerMapping(models.AbstractModel):
    """Writes to governed records as their rules allow; stores provenance for all
    records."""

    _inherit = "interop.handler.mapping"

    def _is_governed(self, records):
        return getattr(records, "_interop_governed", False)

    def _write_values(self, record, message, values):
        if not self._is_governed(record):
            return super()._write_values(record, message, values)
        return record._apply_governed(message, values)

    def _create_values(self, model, message, values):
        if self._is_governed(model):
            record, _outcome = model._create_governed(message, values)
            return record
        return super()._create_values(model, message, values)

    def _previous_statements(self, record, scope):
        """Return earlier statements from provenance, which outlives the message log."""
        return self.env["interop.provenance"]._stated_by(record, scope.system_id)

    def _note(self, record, message, decisions):
        """Also store when the sender stated it."""
        result = super()._note(record, message, decisions)
        stated = field_report.Outcome(decisions).fields(*field_report.ACCEPTED)
        self.env["interop.provenance"]._note_message(
            record,
            origin.current(self.env),
            [name for name in stated if name != "company_id"],
            confirmed=True,
        )
        return result
