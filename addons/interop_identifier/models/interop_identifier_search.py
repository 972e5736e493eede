"""From what somebody types into a search to records."""

from odoo import api, models
from odoo.tools import SQL

from .. import const
from ..tools.normalization import Rule, normalize


class InteropIdentifier(models.Model):
    """Exact look-ups of one value in all namespaces, with the rights of the user."""

    _inherit = "interop.identifier"

    @api.model
    def _ids_by_value(self, model, value):
        """Return the ids of the records of ``model`` that have the identifier
        ``value`` (text) and that the user may find by it."""
        if not isinstance(value, str) or not value.strip():
            return []
        if len(value) > const.MAX_VALUE_LENGTH or not self.has_access("read"):
            return []
        wanted = self.env["interop.namespace"]._normalized_in_all(value)
        if not wanted:
            return []
        # One probe of the index per namespace.
        query = self._search(
            [("res_model", "=", model), ("state", "in", const.LOOKUP_STATES)]
        )
        query.add_where(
            SQL(
                "(%s, %s) IN %s",
                SQL.identifier(self._table, "namespace_id"),
                SQL.identifier(self._table, "value_normalized"),
                tuple(wanted),
            )
        )
        rows = self.env.execute_query(
            query.select(SQL.identifier(self._table, "res_id"))
        )
        return list({row[0] for row in rows})


class InteropNamespace(models.Model):
    """Spells one value by the rules of every namespace."""

    _inherit = "interop.namespace"

    @api.model
    def _normalized_in_all(self, value):
        """Return ``[(namespace id, value as that namespace compares it)]``."""
        spelled = {}
        pairs = []
        for namespace_id, rule in self._spelling_rules():
            if rule not in spelled:
                spelled[rule] = normalize(value, rule)
            if spelled[rule]:
                pairs.append((namespace_id, spelled[rule]))
        return pairs

    @api.model
    def _spelling_rules(self):
        """Return ``[(namespace id, Rule)]`` of the namespaces that the user may see."""
        return [(namespace.id, namespace._rule()) for namespace in self.search([])]

    def _rule(self):
        """Return how this namespace spells its values."""
        return Rule(
            self.case_rule,
            self.separator_rule,
            self.drop_leading_zeros,
            self.ignored_pattern or "",
        )
