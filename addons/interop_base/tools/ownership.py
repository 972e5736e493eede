"""Who may say what: the decision about one value of one message.

Follows the rule of the house: a value that changes nothing is never an offence (two
systems that echo each other settle), only the system of record changes a field, and an
older statement never overwrites a newer one of the same system.
"""

from typing import NamedTuple

from . import statement

APPLIED = "applied"
UNCHANGED = "unchanged"
FLAGGED = "flagged"
IGNORED = "ignored"
REJECTED = "rejected"
NOT_APPLIED = "not_applied"

NOT_OWNER = "not_owner"
STALE = "stale"
UNKNOWN_VALUE = "unknown_value"
ONLY_FIRST = "only_first"

ODOO = 0  # the owner of a field when Odoo itself is the system of record

# Outcomes whose value is now the one of the record, as the sender said.
ACCEPTED = (APPLIED, UNCHANGED, FLAGGED)
# Outcomes that somebody may want to know of.
NOTABLE = (FLAGGED, IGNORED, REJECTED)


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


class Decision(NamedTuple):
    """What becomes of one value: an outcome, and the reason where there is one."""

    outcome: str
    reason: str = ""

    @property
    def written(self):
        """Whether the value is to be written."""
        return self.outcome in (APPLIED, FLAGGED)


def decide(*, rule, sender, same, stated, known):
    """Decide about one value that a system states.

    :param rule: ``Rule`` of the field, ``None`` when it has no system of record
    :param int sender: id of the stating system
    :param bool same: whether the record holds this value already
    :param str stated: when it became true (``tools.statement``)
    :param known: the same of what this sender stated before about this group of fields
    """
    if same:
        return Decision(UNCHANGED)
    foreign = rule is not None and rule.owner != sender
    if foreign and rule.policy == "reject":
        return Decision(REJECTED, NOT_OWNER)
    if foreign and rule.policy == "ignore":
        return Decision(IGNORED, NOT_OWNER)
    if not all(statement.is_newer(stated, before) for before in known):
        return Decision(IGNORED, STALE)
    return Decision(FLAGGED, NOT_OWNER) if foreign else Decision(APPLIED)


def known_statements(name, rule, stated):
    """Return what the sender stated before about the group of field ``name``.

    Fields of one rule belong together: half an address of nine o'clock never mixes with
    half an address of ten. A field without a rule is a group of its own.

    :param dict stated: ``{field: statement}`` of the sender's accepted statements
    """
    group = rule.fields if rule else (name,)
    return [stated[field] for field in group if field in stated]


def settle(decisions):
    """Return the decisions as they count: one rejected value, and no value is applied.

    :param dict decisions: ``{field: Decision}``
    """
    if all(decision.outcome != REJECTED for decision in decisions.values()):
        return decisions
    return {
        name: Decision(NOT_APPLIED) if decision.written else decision
        for name, decision in decisions.items()
    }


class Outcome(NamedTuple):
    """What became of the values of one message for one record, for its handler."""

    decisions: dict

    def fields(self, *outcomes):
        """Return the names with one of ``outcomes``, sorted."""
        return sorted(
            name for name, item in self.decisions.items() if item.outcome in outcomes
        )

    @property
    def applied(self):
        """Names of the fields whose value was changed."""
        return self.fields(APPLIED, FLAGGED)

    @property
    def unchanged(self):
        """Names of the fields that held the value already."""
        return self.fields(UNCHANGED)

    @property
    def ignored(self):
        """Names of the fields left alone, for whatever reason."""
        return self.fields(IGNORED)

    @property
    def rejected(self):
        """Names of the fields that only another system may change."""
        return self.fields(REJECTED)

    @property
    def stale(self):
        """Names of the fields about which the sender said something newer before."""
        return sorted(n for n, item in self.decisions.items() if item.reason == STALE)


def entries(model, record_id, decisions):
    """Return the decisions as JSON for the message: field names, never a value."""
    return [
        {
            "object": model,
            "id": record_id,
            "field": name,
            "outcome": decision.outcome,
            **({"reason": decision.reason} if decision.reason else {}),
        }
        for name, decision in sorted(decisions.items())
    ]


def public_entries(report):
    """Return a report as its sender may see it: without our record ids."""
    names = ("object", "field", "outcome", "reason")
    return [{name: item[name] for name in names if name in item} for item in report]


def is_notable(report):
    """Return whether anything in a report was not simply applied."""
    return any(item["outcome"] in NOTABLE for item in report)
