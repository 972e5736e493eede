"""One spelling per identifier: what two systems write differently must compare equal.

The raw value is kept by the caller; what comes out of here is only for comparing.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

CASES = ("keep", "upper", "lower")
SEPARATORS = {
    "keep": None,
    "spaces": re.compile(r"\s+"),
    "punctuation": re.compile(r"[\s\-./‐-―]+"),
}

MAX_PASSES = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """How a namespace spells its values.

    ``case`` is ``keep``, ``upper`` or ``lower``; ``separators`` is ``keep``, ``spaces``
    or ``punctuation``; ``drop_leading_zeros`` is a boolean; ``ignored`` is a regular
    expression of text that does not count, such as ``^MRN``, empty for none. It sees
    the value after the other rules.
    """

    case: str = "keep"
    separators: str = "keep"
    drop_leading_zeros: bool = False
    ignored: str = ""


def normalize(value: str, rule: Rule) -> str:
    """Return the comparable form of ``value``, which is ``""`` when nothing is left.

    Unicode is brought to NFKC first (full-width digits become digits, HL7 partners
    paste from anywhere), control characters go, and outer blanks never count. A value
    of zeros only keeps one zero. Idempotent: normalizing twice changes nothing.
    """
    text = value
    for _pass in range(MAX_PASSES):  # taking a character out can bring two together
        before, text = text, _step(text, rule)
        if text == before:
            break
    return text


@lru_cache(maxsize=256)
def _compiled(pattern):
    """Return the compiled regular expression; ``re.error`` for a broken one."""
    return re.compile(pattern)


def _step(text, rule):
    """Return the text after one pass of every rule."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(
        char
        for char in text
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )
    pattern = SEPARATORS[rule.separators]
    text = pattern.sub("", text) if pattern else text.strip()
    if rule.case != "keep":
        text = text.upper() if rule.case == "upper" else text.lower()
    if rule.ignored:
        text = _compiled(rule.ignored).sub("", text)
    if rule.drop_leading_zeros and text:
        text = text.lstrip("0") or "0"
    return unicodedata.normalize("NFKC", text)
