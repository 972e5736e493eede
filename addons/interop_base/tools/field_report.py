"""The report of one message by field: the outcome of each value, without the values.

Handlers write it (``interop.message._note_fields``). Users see it in the message log.
The sender gets it without the ids of our records.
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

# Outcomes after which the record has the value of the sender.
ACCEPTED = (APPLIED, UNCHANGED, FLAGGED)
# Outcomes that a user may want to check.
NOTABLE = (FLAGGED, IGNORED, REJECTED)


class Decision(NamedTuple):
    """The outcome of one value, and the reason if there is one."""

    outcome: str
    reason: str = ""

    @property
    def written(self):
        """Whether the value has to be written."""
        return self.outcome in (APPLIED, FLAGGED)


def compare(*, same, stated, previous):
    """Return the ``Decision`` about a value for which only the time counts.

    :param bool same: whether the record has this value already
    :param str stated: the statement of the value (``tools.statement``)
    :param previous: earlier statements of this sender about the same field
    """
    if same:
        return Decision(UNCHANGED)
    if all(statement.is_newer(stated, before) for before in previous):
        return Decision(APPLIED)
    return Decision(IGNORED, STALE)


class Outcome(NamedTuple):
    """The decisions about the values of one message for one record."""

    decisions: dict

    def fields(self, *outcomes):
        """Return the sorted names of fields with one of ``outcomes``."""
        return sorted(
            name for name, item in self.decisions.items() if item.outcome in outcomes
        )

    @property
    def applied(self):
        """Names of fields whose value was changed."""
        return self.fields(APPLIED, FLAGGED)

    @property
    def unchanged(self):
        """Names of fields that had the value already."""
        return self.fields(UNCHANGED)

    @property
    def ignored(self):
        """Names of fields that were not changed, for any reason."""
        return self.fields(IGNORED)

    @property
    def rejected(self):
        """Names of fields that only another system may change."""
        return self.fields(REJECTED)

    @property
    def stale(self):
        """Names of fields for which the sender has sent a newer value before."""
        return sorted(n for n, item in self.decisions.items() if item.reason == STALE)


def entries(model, record_id, decisions):
    """Return the decisions as JSON for the message: field names without values."""
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
    """Return the report for the sender: without the ids of our records."""
    names = ("object", "field", "outcome", "reason")
    return [{name: item[name] for name in names if name in item} for item in report]


def is_notable(report):
    """Return whether the report has an outcome that a user may want to check."""
    return any(item["outcome"] in NOTABLE for item in report)
