"""The state that an approval names."""

from interop_base_tools import approval

STATE = {"system": "his", "facilities": ["b", "a"], "send_back": False, "filter": ""}


def test_order_and_empty_values_change_nothing():
    same = {"facilities": ["a", "b"], "system": "his", "new_addon": None}
    assert approval.fingerprint(STATE) == approval.fingerprint(same)
    assert approval.canonical(STATE) == '{"facilities":["a","b"],"system":"his"}'


def test_any_other_value_changes_the_fingerprint():
    prints = {
        approval.fingerprint(state)
        for state in (
            STATE,
            {**STATE, "send_back": True},
            {**STATE, "system": "HIS"},
            {**STATE, "facilities": ["a"]},
            {},
        )
    }
    assert len(prints) == 5


def test_differences_name_removed_and_added_items():
    after = {"system": "lab", "facilities": ["b", "c"]}
    assert approval.differences(STATE, after) == [
        ("facilities", ["a"], ["c"]),
        ("system", ["his"], ["lab"]),
    ]
    assert approval.differences(STATE, dict(STATE)) == []
    assert approval.differences(None, {"a": True}) == [("a", [], [True])]


def test_a_digest_shows_nothing():
    assert approval.digest("") == ""
    assert len(approval.digest("secret")) == approval.SHOWN
    assert "secret" not in approval.digest("secret")
