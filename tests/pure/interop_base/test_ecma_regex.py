"""Cases 23 and 25: patterns mean what ECMAScript says, in both validators."""

import json
import random
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_base_tools import ecma_regex, schema
from interop_base_tools.errors import InteropError, PatternError, SchemaInvalid
from interop_setup import node
from interop_setup.examples import examples
from jsonschema_rs import Draft202012Validator, RegexOptions

TEXTS = st.text("aZ_09-.{}[]\\ \t\n\r\v\f\x1c\x85\xa0é٣\u1680\u2028\ufeff𝟘", max_size=6)
# Pieces of patterns, most of which fit together.
PIECES = [
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\b",
    r"\B",
    ".",
    "^",
    "$",
    "a",
    "9",
]
PIECES += [
    "[",
    "]",
    "[^",
    "-",
    "(",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<n>",
    ")",
    "|",
    "*",
]
PIECES += ["+", "?", "{2}", "{1,}", "{,2}", "{", "}", r"\n", r"\cJ", r"\x41", "\\u00e9"]
PIECES += [
    "\\u{1D7D8}",
    "\\uD835\\uDFD8",
    r"\-",
    r"\.",
    r"\/",
    r"\0",
    r"\1",
    r"\p{L}",
    "é",
]
PIECES += ["[^]", "[]", "[a-z]", r"[\d\s]", r"[^\W]", "𝟘", " ", "_"]
PATTERNS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)

NODE = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(([pattern, texts]) => {
  let compiled;
  try { compiled = new RegExp(pattern, "u"); } catch { return null; }
  return texts.map((text) => compiled.test(text));
})));
"""


def accepts(pattern, text):
    """Return whether text fits, as the explaining and the deciding validator say."""
    described = {"pattern": pattern}
    compiled = schema._compiled(described)
    explained = not schema.violations(described, text)
    assert compiled.quick(text) is explained
    named = {"patternProperties": {pattern: True}, "additionalProperties": False}
    assert (not schema.violations(named, {text: 1})) is explained
    open_ = {"patternProperties": {pattern: True}, "unevaluatedProperties": False}
    assert (not schema.violations(open_, {text: 1})) is explained
    names = {"propertyNames": {"pattern": pattern}}
    assert (not schema.violations(names, {text: 1})) is explained
    return explained


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("^x-[0-9]+$", ["x-1"], ["x-1\n", "x-", "x-١"]),
        (r"^\d+$", ["12"], ["12\n", "١٢", "𝟘"]),
        (r"^\w+$", ["a_9"], ["é", "ª", "a\n"]),
        (r"^\S+$", ["a\x85b", "a\x1cb"], ["a\xa0b", "a\ufeffb", "a\u3000b", "a b"]),
        (
            r"^\s$",
            list(" \t\n\v\f\r\xa0\u1680\u2003\u2028\u202f\ufeff"),
            ["\x85", "\x1f"],
        ),
        ("^a.b$", ["axb", "a\x85b", "a\x0bb", "a𝟘b"], ["a\rb", "a\nb", "a\u2028b"]),
        (r"[^\S]", ["\ufeff"], ["\x1c", "a"]),
        (r"[\d]", ["1"], ["١"]),
        (r"^(?=.)\d$", ["1"], ["١"]),
        (r"\bé", ["aé"], ["é"]),
        (r"^\cC$", ["\x03"], ["C"]),
        (r"^[^]$", ["\n", "a"], [""]),
        (r"^a[]?$", ["a"], ["a]"]),
        (r"^(?<year>[0-9]{4})$", ["2026"], ["202"]),
        (r"^[\u{1F600}-\u{1F64F}]$", ["😀"], ["a"]),
        ("^\\uD83D\\uDE00$", ["😀"], ["a"]),
        (r"^[a\-z]$", ["-"], ["b"]),
        (r"^\/\-\@$", ["/-@"], ["a"]),
        ("^a{2,3}?$", ["aa", "aaa"], ["a", "aaaa"]),
    ],
)
def test_patterns_have_the_meaning_of_ecmascript(pattern, fits, fails):
    """Cases 23 and 25, wherever a pattern stands."""
    schema.check_schema({"pattern": pattern, "patternProperties": {pattern: True}})
    for text in fits:
        assert accepts(pattern, text), text
    for text in fails:
        assert not accepts(pattern, text), text


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "[", "]", "{", "a**", "a*+", "*", "^*", "(?=a)*", "a{2,1}", "{2}", "a{,2}",
        r"(a)\1", r"\k<n>", r"\p{L}", "(?i)a", "(?i:a)", "(?P<n>a)", "(?>a)", "(?#x)", r"\A",
        r"\Z", r"\z", r"\a", r"\08", r"\x4", r"\u12", r"\u{110000}", r"\uD800", r"\c1", "\\",
        r"[\d-x]", "[z-a]", r"[\B]", r"(?<=a+)b", "[]abc]",
    ],
)  # fmt: skip
def test_patterns_without_such_a_meaning_are_refused(pattern):
    for part, where in (
        ({"pattern": pattern}, "pattern"),
        ({"patternProperties": {pattern: True}}, "patternProperties"),
    ):
        with pytest.raises(SchemaInvalid) as refused:
            schema.check_schema({"properties": {"a": part}})
        assert refused.value.path == f"/properties/a/{where}"


def test_a_contract_published_before_is_still_read():
    described = {"pattern": r"^(a)\1$"}
    assert not schema.violations(described, "aa")
    assert schema.violations(described, "ab")


def test_two_spellings_of_one_pattern_both_apply():
    described = {
        "patternProperties": {r"^\d$": {"minimum": 1}, "^[0-9]$": {"maximum": 2}}
    }
    assert [v.keyword for v in schema.violations(described, {"7": 3})] == ["maximum"]
    assert [v.keyword for v in schema.violations(described, {"7": 0})] == ["minimum"]
    assert schema._compiled(described).quick({"7": 2}) is True


def test_a_reference_into_pattern_properties_is_followed():
    described = {
        "patternProperties": {r"^a/\d$": {"type": "integer"}},
        "properties": {"b": {"$ref": r"#/patternProperties/^a~1\d$"}},
    }
    for value, valid in ({"b": 1}, True), ({"b": "x"}, False):
        assert (not schema.violations(described, value)) is valid
        assert schema._compiled(described).quick(value) is valid


@given(PATTERNS | st.text(max_size=12))
def test_any_text_is_translated_or_refused_with_one_error(pattern):
    try:
        translated = ecma_regex.translate(pattern)
    except InteropError as error:
        assert type(error) is PatternError
    else:
        re.compile(translated.python)


@settings(max_examples=examples(600), deadline=None)
@given(PATTERNS, TEXTS)
def test_both_engines_agree(pattern, text):
    try:
        translated = ecma_regex.translate(pattern)
    except PatternError:
        return
    if translated.rust is not None:
        rust = Draft202012Validator(
            {"pattern": translated.rust}, pattern_options=RegexOptions()
        )
        assert rust.is_valid(text) is bool(re.search(translated.python, text))


def test_node_agrees():
    """The engine of Node is an ECMAScript engine: what it says is right."""
    dice = random.Random(2020_12)
    letters = "aZ_09- \t\n\r\x1c\x85\xa0é٣\u2028\ufeff𝟘]-"
    cases = [
        (
            "".join(dice.choices(PIECES, k=dice.randint(1, 7))),
            ["".join(dice.choices(letters, k=dice.randint(0, 4))) for _ in range(12)],
        )
        for _ in range(4000)
    ]
    done = subprocess.run(
        [node.folder() / "node", "-e", NODE],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    compared = 0
    for (pattern, texts), verdicts in zip(cases, json.loads(done.stdout), strict=True):
        try:
            search = re.compile(ecma_regex.translate(pattern).python).search
        except PatternError:
            continue
        if verdicts is None:
            assert r"\-" in pattern, pattern  # taken here, refused by the "u" flag
            continue
        assert [bool(search(text)) for text in texts] == verdicts, pattern
        compared += 1
    assert compared > 500
