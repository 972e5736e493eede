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
        domain = [("res_model", "=", model), ("state", "in", const.LOOKUP_STATES)]
        rows = self.browse(self._ids_of_pairs(wanted, domain))
        return list({row.res_id for row in rows})

    @api.model
    def _ids_of_pairs(self, pairs, domain):
        """Return the ids of the rows with one of these ``(namespace id, normalized
        value)`` that match ``domain`` and that the user may see.

        A list of pairs instead of a domain per pair: one probe of the index each, and
        nothing to work out for the ORM, a thousand at a time.
        """
        query = self._search(domain, order="id")
        query.add_where(
            SQL(
                "(%s, %s) IN %s",
                SQL.identifier(self._table, "namespace_id"),
                SQL.identifier(self._table, "value_normalized"),
                tuple(pairs),
            )
        )
        self.flush_model(["namespace_id", "value", "value_normalized"])
        return list(query)


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
