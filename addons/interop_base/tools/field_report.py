"""The report of one message by field: what became of each value, never the value.

Handlers write it (``interop.message._note_fields``), people read it in the message log, and
the sender gets it without our record ids.
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

# Outcomes whose value is now the one of the record, as the sender said.
ACCEPTED = (APPLIED, UNCHANGED, FLAGGED)
# Outcomes that somebody may want to know of.
NOTABLE = (FLAGGED, IGNORED, REJECTED)


class Decision(NamedTuple):
    """What becomes of one value: an outcome, and the reason where there is one."""

    outcome: str
    reason: str = ""

    @property
    def written(self):
        """Whether the value is to be written."""
        return self.outcome in (APPLIED, FLAGGED)


def compare(*, same, stated, previous):
    """Return the ``Decision`` about a value that nothing but the time decides about.

    :param bool same: whether the record holds this value already
    :param str stated: when it became true (``tools.statement``)
    :param previous: the same of what this sender stated before about it
    """
    if same:
        return Decision(UNCHANGED)
    if all(statement.is_newer(stated, before) for before in previous):
        return Decision(APPLIED)
    return Decision(IGNORED, STALE)


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
