"""An inbound mapping needs to know which record is meant."""

from odoo import api, models


class InteropMapping(models.Model):
    """An inbound mapping needs to know which record is meant."""

    _inherit = "interop.mapping"

    @api.depends("line_ids.namespace_id", "line_ids.required")
    def _compute_problems(self):
        return super()._compute_problems()

    def _record_lines(self):
        """Return the lines that say which record a message is about."""
        return self.line_ids.filtered(lambda line: line._names_record())

    def _inbound_problems(self):
        problems = super()._inbound_problems()
        if not any(line.required for line in self._record_lines()):
            problems.append(
                self.env._(
                    "a required line of kind External Identifier without a field: it "
                    "says which record a message is about"
                )
            )
        return problems
