"""Normalize identifiers, so that different spellings of one number compare equal.

The caller stores the raw value. The result is only for comparison.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from . import checkdigit

CASES = ("keep", "upper", "lower")
SEPARATORS = {
    "keep": None,
    "spaces": re.compile(r"\s+"),
    "punctuation": re.compile(r"[\s\-./‐-―]+"),
}

MAX_PASSES = 8

# Signs of Unicode's Default_Ignorable_Code_Point that have the category of letters,
# marks or symbols, and the Braille blank. They are invisible. (The others have category
# Cf.)
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_UNSEEN = ("Cc", "Cf", "Cs")


@dataclass(frozen=True, slots=True)
class Rule:
    """Spelling rules of a namespace.

    ``case`` is ``keep``, ``upper`` or ``lower``; ``separators`` is ``keep``, ``spaces``
    or ``punctuation``; ``drop_leading_zeros`` is a boolean. ``ignored`` is a regular
    expression of ignored text, such as ``^MRN``, or empty. It is applied after the
    other rules. ``standard`` names the ``python-stdnum`` format of the numbers, or is
    empty: spellings that it treats as equal are one number.
    """

    case: str = "keep"
    separators: str = "keep"
    drop_leading_zeros: bool = False
    ignored: str = ""
    standard: str = ""


def normalize(value: str, rule: Rule, today: date | None = None) -> str:
    """Return the comparable form of ``value``, ``""`` if nothing is left.

    Unicode is brought to NFKC first, so that full-width digits become digits. Control
    and invisible characters and surrounding blanks are removed. A value of zeros only
    keeps one zero. Normalizing twice changes nothing.

    :param today: the day on which the value was written, for standards that leave the
        century out (see :func:`checkdigit.canonical`)
    """
    text = value
    if rule.standard:
        text = _standard_form(text, rule, today)
    for _pass in range(
        MAX_PASSES
    ):  # removing a character can bring two others together
        before, text = text, _step(text, rule, today)
        if text == before:
            break
    return text


def written_forms(value: str, rule: Rule) -> tuple:
    """Return the forms of the written value that a check may use.

    Checks need signs that the comparison ignores: the century sign of a Finnish number,
    the leading zero of a Polish one. So leading zeros stay in all forms. The first form
    has its separators, the second has none. Text that the namespace ignores and the
    other letter case are removed.
    """
    plain = visible(value).strip()
    cased = _cased(plain, rule)
    bare = _without_ignored(_separated(cased, rule), rule)
    forms = (plain, _without_ignored(cased, rule).strip(), bare)
    return tuple(dict.fromkeys(form for form in forms if form))


def visible(value: str) -> str:
    """Return ``value`` in NFKC without control and invisible characters; spaces stay."""
    text = unicodedata.normalize("NFKC", value)
    if text.isascii() and text.isprintable():
        return text
    text = "".join(
        char
        for char in text
        if char.isspace() or unicodedata.category(char) not in _UNSEEN
    )
    return _BLANK.sub("", text)


@lru_cache(maxsize=256)
def _compiled(pattern):
    """Return the compiled regular expression.

    :raises re.error: it is invalid
    """
    return re.compile(pattern)


def _standard_form(text, rule, today):
    """Return the form of the standard: of the written value if that is valid, else as
    close as the standard gets."""
    forms = written_forms(text, rule)
    for form in forms:
        if checkdigit.is_standard(form, rule.standard):
            return checkdigit.canonical(form, rule.standard, today)
    return text


def _step(text, rule, today=None):
    """Return the text after one pass of all rules."""
    text = visible(text)
    if rule.standard:
        text = checkdigit.canonical(text.strip(), rule.standard, today)
    text = _cased(_separated(text, rule), rule)
    text = _without_ignored(text, rule)
    if rule.drop_leading_zeros and text:
        text = text.lstrip("0") or "0"
    return unicodedata.normalize("NFKC", text)


def _separated(text, rule):
    """Return the text without ignored separators."""
    pattern = SEPARATORS[rule.separators]
    return pattern.sub("", text) if pattern else text.strip()


def _cased(text, rule):
    """Return the text in the letter case of the rule."""
    if rule.case == "keep":
        return text
    return text.upper() if rule.case == "upper" else text.lower()


def _without_ignored(text, rule):
    """Return the text without the part that the namespace ignores."""
    return _compiled(rule.ignored).sub("", text) if rule.ignored else text
