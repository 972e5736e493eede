"""Limits of figures: told when missed, and never left out of the result."""

from interop_setup import gates
from interop_setup.gates import at_least, at_most

GATES = {"rate": at_least(2.0), "share": at_most(0.5), "forgotten": at_least(1)}


def test_gates_are_met_at_their_limit():
    assert at_least(2).met(2) and not at_least(2).met(1.999)
    assert at_most(2).met(2) and not at_most(2).met(2.001)
    assert not at_most(2).met(None) and not at_least(0).met(None)


def test_a_missed_gate_stands_in_the_result():
    found = gates.judged(GATES, {"rate": 2.5, "share": 0.6, "other": 1})
    assert found["rate"] == {
        "value": 2.5,
        "limit": 2.0,
        "more_is_better": True,
        "met": True,
    }
    assert found["share"]["met"] is False
    assert found["forgotten"]["met"] is False and found["forgotten"]["value"] is None
    assert list(found) == list(GATES)


def test_missed_gates_are_told(capsys):
    gates.tell(GATES, {"rate": 2.5, "share": 0.6})
    assert capsys.readouterr().out.splitlines() == [
        "    missed: share is 0.6, the gate is at most 0.5",
        "    missed: forgotten was not measured, the gate is at least 1",
    ]
