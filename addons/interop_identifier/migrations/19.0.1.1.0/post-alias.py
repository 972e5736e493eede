"""Aliases may be those of one facility: the record rule follows.

The column itself is filled by the ORM: an alias of a facility's namespace is that
facility's.
"""

from odoo import SUPERUSER_ID, api

OLD = (
    "['|', ('namespace_id.company_id', '=', False), "
    "('namespace_id.company_id', 'parent_of', company_ids)]"
)
NEW = (
    "['|', ('company_id', '=', False), ('company_id', 'parent_of', company_ids), "
    "'|', ('namespace_id.company_id', '=', False), "
    "('namespace_id.company_id', 'parent_of', company_ids)]"
)


def migrate(cr, version):
    """Record rules are not updated with the data of an addon."""
    change_rule(api.Environment(cr, SUPERUSER_ID, {}))


def change_rule(env):
    """Let only the facility see its aliases, unless somebody wrote a rule of their
    own."""
    rule = env.ref(
        "interop_identifier.interop_namespace_alias_rule_company",
        raise_if_not_found=False,
    )
    if rule and rule.domain_force.strip() == OLD:
        rule.domain_force = NEW
