"""Text of messages: NFC, blank-looking text, control characters (cases 7, 8, 11, 12)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import text

BLANK = ["", " ", "\xa0", "\u3000", "\u200b", "\ufeff", "\xad", "\u3164", "\u2800"]


@pytest.mark.parametrize("value", BLANK)
def test_invisible_text_is_blank(value):
    assert text.is_blank(value)
    assert text.is_blank(value * 3 + "\t\r\n")
    assert text.clean(value) == ""


@pytest.mark.parametrize("value", ["a", "\u200bA", "م", "中", "́a", "0"])
def test_visible_text_is_not_blank(value):
    assert not text.is_blank(value)


def test_every_control_character_is_found_but_tab_and_line_ends():
    controls = [
        chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"
    ]
    found = {char for char in controls if text.has_control(f"a{char}b")}
    assert set(controls) - found == {"\t", "\n", "\r"}
    assert text.has_control("\ud800")
    assert not text.has_control("Müller \U0001f600 中\ufdd0")


def test_nfd_becomes_nfc():
    assert text.clean("Mu\u0308ller") == "Müller"
    assert text.clean("Mu\u0308ller\n ", lines=True) == "Müller\n "


def test_one_line_of_several_lines():
    assert text.clean(" 12 Main St\r\nApt\t4\u2028 ") == "12 Main St Apt 4"
    assert text.clean("\ufeffAnna\u200b") == "Anna"


def test_characters_that_belong_to_a_letter_stay():
    assert text.clean("می\u200cخواهم") == "می\u200cخواهم"
    assert text.clean("❤\ufe0f") == "❤\ufe0f"


@given(st.text())
def test_cleaning_twice_changes_nothing_and_keeps_no_break(value):
    once = text.clean(value)
    assert text.clean(once) == once
    assert not text.has_break(once)
    assert text.is_blank(once) == (once == "")
    assert unicodedata.is_normalized("NFC", once)
    whole = text.clean(value, lines=True)
    assert text.clean(whole, lines=True) == whole


def test_a_value_is_cleaned_except_for_members_with_other_rules():
    value = {"name": {"given": [" A\n"]}, "identifiers": [{"value": " 7\n"}], "n": 1}
    assert text.cleaned(value, verbatim={"identifiers"}) == {
        "name": {"given": ["A"]},
        "identifiers": [{"value": " 7\n"}],
        "n": 1,
    }


def test_pointers_of_control_characters():
    value = {"a": ["x", "\x00"], "b/c": {"d~e": "\x1f"}, "f\x00": "g", "h": "\n"}
    assert set(text.control_pointers(value)) == {"/a/1", "/b~1c/d~0e", ""}


def test_texts_come_in_their_order():
    value = {"a": ["1", {"b": "2"}], "c": "3", "d": 4, "e": None}
    assert list(text.walk(value)) == [("/a/0", "1"), ("/a/1/b", "2"), ("/c", "3")]
