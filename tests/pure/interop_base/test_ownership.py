"""The decision about one value of one message."""

from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import field_report, ownership
from interop_base_tools.ownership import ODOO, Decision, Rule, decide

SYSTEMS = st.integers(min_value=1, max_value=4)
MOMENTS = st.sampled_from(["", "2026-01-01T00:00:00.000001", "2026-01-01T00:00:00.9"])
NAMES = ("city", "zip", "phone")


def rule(owner, policy="reject", fields=NAMES):
    """Return a rule about ``fields``."""
    return Rule(1, "Address", owner, policy, "known", "", frozenset(fields))


RULES = st.none() | st.builds(
    rule, st.integers(0, 4), st.sampled_from(["reject", "ignore", "flag"])
)


@given(RULES, SYSTEMS, MOMENTS, MOMENTS)
def test_the_same_value_is_never_an_offence(own, sender, occurred, last):
    decision = decide(
        rule=own, sender=sender, same=True, stated=occurred, previous=[last]
    )
    assert decision == Decision(field_report.UNCHANGED)


@given(RULES, SYSTEMS, MOMENTS, MOMENTS)
def test_only_the_owner_changes_unless_others_are_flagged(own, sender, occurred, last):
    decision = decide(
        rule=own, sender=sender, same=False, stated=occurred, previous=[last]
    )
    foreign = own is not None and own.owner != sender
    if decision.outcome == field_report.APPLIED:
        assert not foreign
    if foreign and decision.written:
        assert (own.policy, decision.outcome) == ("flag", field_report.FLAGGED)
    if foreign and own.policy == "reject":
        assert decision == Decision(field_report.REJECTED, field_report.NOT_OWNER)


@given(RULES, SYSTEMS, MOMENTS, MOMENTS)
def test_an_older_statement_is_never_written(own, sender, occurred, last):
    decision = decide(
        rule=own, sender=sender, same=False, stated=occurred, previous=[last]
    )
    if last and occurred <= last:
        assert not decision.written
    elif own is None or own.owner == sender:
        assert decision.written


def test_odoo_is_no_system():
    decision = decide(
        rule=rule(ODOO, "ignore"), sender=3, same=False, stated="1", previous=[]
    )
    assert decision == Decision(field_report.IGNORED, field_report.NOT_OWNER)


def test_the_fields_of_a_rule_are_stated_together():
    stated = {"city": "2", "zip": "5", "email": "9"}
    found = ownership.group_statements("phone", rule(1), stated)
    assert sorted(found) == ["2", "5"]
    assert ownership.group_statements("email", None, stated) == ["9"]
    assert ownership.group_statements("name", None, stated) == []


def test_one_rejected_value_and_nothing_is_applied():
    decisions = {
        "city": Decision(field_report.REJECTED, field_report.NOT_OWNER),
        "zip": Decision(field_report.APPLIED),
        "name": Decision(field_report.UNCHANGED),
        "phone": Decision(field_report.IGNORED, field_report.STALE),
    }
    outcome = field_report.Outcome(ownership.all_or_nothing(decisions))
    assert outcome.rejected == ["city"]
    assert outcome.applied == []
    assert outcome.unchanged == ["name"]
    assert outcome.stale == outcome.ignored == ["phone"]
    assert outcome.fields(field_report.NOT_APPLIED) == ["zip"]


def test_reports_name_fields_and_never_values():
    decisions = {
        "zip": Decision(field_report.IGNORED, field_report.STALE),
        "city": Decision(field_report.APPLIED),
    }
    report = field_report.entries("res.partner", 7, decisions)
    assert report == [
        {"object": "res.partner", "id": 7, "field": "city", "outcome": "applied"},
        {
            "object": "res.partner",
            "id": 7,
            "field": "zip",
            "outcome": "ignored",
            "reason": "stale",
        },
    ]
    assert field_report.is_notable(report)
    assert not field_report.is_notable(report[:1])
    assert all("id" not in item for item in field_report.public_entries(report))
