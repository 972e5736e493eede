"""From what somebody types into a search to records."""

from odoo import api, models, tools
from odoo.tools import SQL

from odoo.addons.interop_base import clock

from .. import const
from ..tools import placeholder
from ..tools.normalization import Rule, normalize

PAIR = ("namespace_id", "value_normalized")
# What a look-up reads of a row.
LOOKED_AT = (*PAIR, "res_model", "res_id", "state", "period_start", "period_end", "use")


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
        states = (*const.LOOKUP_STATES, const.HELD)
        domain = [("res_model", "=", model), ("state", "in", states)]
        return list({row.res_id for row in self._of_pairs(wanted, domain)})

    @api.model
    def _of_pairs(self, pairs, domain):
        """Return the rows with one of these ``(namespace id, normalized value)`` that
        match ``domain`` and that the user may see, in one query.

        A list of pairs instead of a domain per pair: one probe of the index each, and
        nothing to work out for the ORM, a thousand at a time.
        """
        self.flush_model(PAIR)
        query = self._search(domain, order="id")
        query.add_where(
            SQL(
                "(%s, %s) IN %s",
                SQL.identifier(self._table, "namespace_id"),
                SQL.identifier(self._table, "value_normalized"),
                tuple(pairs),
            )
        )
        return self._fetch_query(query, [self._fields[name] for name in LOOKED_AT])


class InteropNamespace(models.Model):
    """Spells one value by the rules of every namespace."""

    _inherit = "interop.namespace"

    @api.model
    def _normalized_in_all(self, value):
        """Return ``[(namespace id, value as that namespace compares it)]``."""
        spelled = {}
        pairs = []
        today = clock.now().date()
        for namespace_id, rule in self._spelling_rules():
            if rule not in spelled:
                spelled[rule] = normalize(value, rule, today)
            if spelled[rule]:
                pairs.append((namespace_id, spelled[rule]))
        return pairs

    @api.model
    def _spelling_rules(self):
        """Return ``[(namespace id, Rule)]`` of the namespaces that the user may see."""
        return [(namespace.id, namespace._rule()) for namespace in self.search([])]

    def _rule(self):
        """Return how this namespace spells its values."""
        if isinstance(self.id, int):
            return self._facts(self.id)[0]
        return self._spelling()

    @api.model
    @tools.ormcache("namespace_id")
    def _facts(self, namespace_id):
        """Return ``(Rule, id of the facility or False, Placeholders or None)``: what
        each look-up asks."""
        # sudo: spelling shows nothing; who may use the namespace is checked by callers
        namespace_sudo = self.sudo().browse(namespace_id)
        return (
            namespace_sudo._spelling(),
            namespace_sudo.company_id.id,
            namespace_sudo._placeholders(),
        )

    def _placeholders(self):
        """Return what this namespace takes for placeholders, None where it accepts
        them. One for which nobody has chosen takes the usual ones."""
        if self.placeholder_policy == "accept":
            return None
        if not self.placeholder_policy:
            return placeholder.USUAL
        return placeholder.read(self.placeholder_words, self.placeholder_pattern)

    def _spelling(self):
        return Rule(
            self.case_rule,
            self.separator_rule,
            self.drop_leading_zeros,
            self.ignored_pattern or "",
            (self.validator == "standard" and self.validator_standard) or "",
        )
