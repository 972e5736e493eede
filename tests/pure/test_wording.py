"""Texts that a person reads are plain English: the wordings to avoid can only shrink.

The rules are ``RULES`` of ``setup/interop_setup/wording.py``, which also says how to add
one. ``tests/pure/wording/<addon or page>.json`` says how often a rule is still broken;
without a number it may not be broken at all.
"""

from collections import Counter

import pytest
from interop_setup import paths, wording, wording_texts


@pytest.fixture(scope="module")
def found():
    return wording.found_faults()


def scopes():
    return sorted({scope for scope, _path in wording._sources()})


@pytest.mark.parametrize("scope", scopes())
def test_wordings_to_avoid(scope, found):
    allowed = wording.allowances().get(scope, {})
    rows = found.get(scope, [])
    counts = Counter(name for name, _text in rows)
    grown = {name for name, count in counts.items() if count > allowed.get(name, 0)}
    assert not [
        f"{text.place}: {name} ({wording.REASONS[name]}; {counts[name]} found,"
        f" {allowed.get(name, 0)} allowed): {text.value}"
        for name, text in rows
        if name in grown
    ]


def test_each_allowance_is_of_a_scope_and_a_rule():
    known = wording.allowances()
    assert set(known) <= set(scopes())
    assert {name for numbers in known.values() for name in numbers} <= set(
        wording.REASONS
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Whoever reads a request can send others.", ["whoever"]),
        ("Who asks for it is told.", ["who"]),
        ("Who fixes it?", []),
        ("A user who approves.", []),
        ("It is none of the choices.", ["is none"]),
        ("A secret of its own.", ["of its own"]),
        ("It is tried again by itself.", ["by itself"]),
        ("What is too large is refused.", ["what"]),
        ("The one that waits.", ["the one that"]),
        ("Repeated failures to prove to be X", ["prove to be"]),
        ("It is not stored but kept.", ["not but"]),
        ("It failed. Nor is it retried.", ["inversion"]),
        ("One record. Never a guess.", ["aphorism"]),
        ("The lane of a message", ["metaphor"]),
        ("Normalised behaviour", ["british"]),
        ("word " * 41, [wording.LONG]),
        ("word " * 39 + "end. And " + "word " * 39, []),
    ],
)
def test_the_rules_see(text, names):
    place = paths.ROOT / "README.md"
    assert wording.faults(wording.Text("x", place, 1, text.strip())) == names


def test_texts_of_python():
    source = (
        '"""A docstring is no text."""\n'
        'name = fields.Char("Name", help="Its name.")\n'
        'raise UserError(_("It failed."))\n'
        'STATES = [("dead", "Failed")]\n'
        '_logger.info("Nobody reads this")\n'
        'sql = "SELECT a FROM b"\n'
        'detail = f"At most {most} members."\n'
    )
    assert [text for _line, text in wording_texts.python_texts(source)] == [
        "Its name.",
        "Name",
        "It failed.",
        "Failed",
        "At most X members.",
    ]


def test_texts_of_views_and_pages():
    view = (
        '<odoo><record id="a"><field name="arch"><form string="Form">\n'
        '<p>Read <b>this</b> first.</p><field name="x" help="Its help"/>\n'
        '</form></field></record><menuitem name="Menu"/></odoo>'
    )
    assert wording_texts.xml_texts(view) == [
        (1, "Form"),
        (2, "Read "),
        (2, "this"),
        (2, " first."),
        (2, "Its help"),
        (3, "Menu"),
    ]
    page = "# Title\n\nTwo\nlines, `code`.\n\n```sh\nrun\n```\n| a | b |\n- item\n"
    assert wording_texts.page_texts(page) == [
        (1, "Title", True),
        (3, "Two lines, X.", False),
        (9, "a", False),
        (9, "b", False),
        (10, "item", False),
    ]
