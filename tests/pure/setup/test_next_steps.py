"""The page of failures says what the screen of a failed message says."""

from interop_setup import next_steps


def test_texts_are_those_of_the_screen_by_direction():
    found = next_steps.next_steps({"dns": "technical", "schema": "business"})
    assert found["dns"]["out"] == found["dns"]["in"]
    assert "resubmit" in found["schema"]["out"]
    assert "resubmit" not in found["schema"]["in"], "outbound only"


def test_one_text_of_both_directions():
    assert next_steps.sentence({"out": "Retry.", "in": "Retry."}) == "Retry."
    assert (
        next_steps.sentence({"out": "Resubmit.", "in": "Retry."})
        == "Outbound: Resubmit. Inbound: Retry."
    )
