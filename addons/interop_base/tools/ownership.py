"""Systems of record: the decision about one value of one message.

Three rules apply. A value that changes nothing is never rejected, so that echoes
between two systems end. Only the system of record changes a field. An older statement
never overwrites a newer one of the same system.
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

ODOO = 0  # the owner of a field for which Odoo itself is the system of record


class Rule(NamedTuple):
    """One ownership rule.

    ``owner``
        id of the authoritative system, or ``ODOO``
    ``policy``
        ``reject``, ``ignore`` or ``flag``
    ``protection``
        ``none``, ``known`` or ``always``
    ``message_type``
        message type that publishes changes, may be empty
    ``fields``
        all fields of the group
    """

    id: int
    name: str
    owner: int
    policy: str
    protection: str
    message_type: str
    fields: frozenset


def decide(*, rule, sender, same, stated, previous):
    """Return the decision about one value that a system sends.

    :param rule: ``Rule`` of the field, ``None`` if it has no system of record
    :param int sender: id of the sending system
    :param bool same: whether the record has this value already
    :param str stated: the statement of the value (``tools.statement``)
    :param previous: earlier statements of this sender about this group of fields
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
    """Return the earlier statements about the group of the field ``name``.

    Fields of one rule belong together: half of an old address must not mix with half of
    a new one. A field without a rule is a group with a single field.

    :param dict stated: ``{field: statement}`` of the accepted statements of the sender
    """
    group = rule.fields if rule else (name,)
    return [stated[field] for field in group if field in stated]


def all_or_nothing(decisions):
    """Return the final decisions: if one value is rejected, no value is applied.

    :param dict decisions: ``{field: Decision}``
    """
    if all(decision.outcome != REJECTED for decision in decisions.values()):
        return decisions
    return {
        name: Decision(NOT_APPLIED) if decision.written else decision
        for name, decision in decisions.items()
    }
