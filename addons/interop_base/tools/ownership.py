"""Who may say what: the decision about one value of one message.

Follows the rule of the house: a value that changes nothing is never an offence (two
systems that echo each other settle), only the system of record changes a field, and an
older statement never overwrites a newer one of the same system.
"""

from typing import NamedTuple

from .field_report import (
    APPLIED,
    FLAGGED,
    IGNORED,
    NOT_APPLIED,
    NOT_OWNER,
    REJECTED,
    UNCHANGED,
    Decision,
    compare,
)

ODOO = 0  # the owner of a field when Odoo itself is the system of record


class Rule(NamedTuple):
    """One ownership rule as the engine needs it.

    ``owner`` is the id of the authoritative system or ``ODOO``; ``policy`` is
    ``reject``, ``ignore`` or ``flag``; ``protection`` is ``none``, ``known`` or
    ``always``; changes are published as ``message_type`` (text, may be empty);
    ``fields`` are all of the group.
    """

    id: int
    name: str
    owner: int
    policy: str
    protection: str
    message_type: str
    fields: frozenset


def decide(*, rule, sender, same, stated, previous):
    """Decide about one value that a system states.

    :param rule: ``Rule`` of the field, ``None`` when it has no system of record
    :param int sender: id of the stating system
    :param bool same: whether the record holds this value already
    :param str stated: when it became true (``tools.statement``)
    :param previous: the same of what this sender stated before about this group of fields
    """
    decision = compare(same=same, stated=stated, previous=previous)
    foreign = rule is not None and rule.owner != sender
    if not foreign or decision.outcome == UNCHANGED:
        return decision
    if rule.policy == "reject":
        return Decision(REJECTED, NOT_OWNER)
    if rule.policy == "ignore":
        return Decision(IGNORED, NOT_OWNER)
    return Decision(FLAGGED, NOT_OWNER) if decision.outcome == APPLIED else decision


def group_statements(name, rule, stated):
    """Return what the sender stated before about the group of field ``name``.

    Fields of one rule belong together: half an address of nine o'clock never mixes with
    half an address of ten. A field without a rule is a group of its own.

    :param dict stated: ``{field: statement}`` of the sender's accepted statements
    """
    group = rule.fields if rule else (name,)
    return [stated[field] for field in group if field in stated]


def all_or_nothing(decisions):
    """Return the decisions as they count: one rejected value, and no value is applied.

    :param dict decisions: ``{field: Decision}``
    """
    if all(decision.outcome != REJECTED for decision in decisions.values()):
        return decisions
    return {
        name: Decision(NOT_APPLIED) if decision.written else decision
        for name, decision in decisions.items()
    }
