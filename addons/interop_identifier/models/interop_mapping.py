"""Check that an inbound mapping identifies its record."""

from odoo import api, models


class InteropMapping(models.Model):
    """Adds the requirement of an identifier to inbound mappings."""

    _inherit = "interop.mapping"

    @api.depends("line_ids.namespace_id", "line_ids.required")
    def _compute_problems(self):
        return super()._compute_problems()

    def _record_lines(self):
        """Return the lines whose identifiers name the record of the message."""
        return self.line_ids.filtered(lambda line: line._names_record())

    def _inbound_problems(self):
        problems = super()._inbound_problems()
        if not any(line.required for line in self._record_lines()):
            problems.append(
                self.env._(
                    "a required line of kind External Identifier without a field, "
                    "which names the record of the message"
                )
            )
        return problems
