"""One spelling per identifier: what two systems write differently must compare equal.

The raw value is kept by the caller; what comes out of here is only for comparing.
"""

import re
import unicodedata
from dataclasses import dataclass

CASES = ("keep", "upper", "lower")
SEPARATORS = {
    "keep": None,
    "spaces": re.compile(r"\s+"),
    "punctuation": re.compile(r"[\s\-./‐-―]+"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How a namespace spells its values.

    ``case`` is ``keep``, ``upper`` or ``lower``; ``separators`` is ``keep``, ``spaces`` or
    ``punctuation``; ``drop_leading_zeros`` is a boolean.
    """

    case: str = "keep"
    separators: str = "keep"
    drop_leading_zeros: bool = False


def normalize(value: str, rule: Rule) -> str:
    """Return the comparable form of ``value``, which is ``""`` when nothing is left.

    Unicode is brought to NFKC first (full-width digits become digits, HL7 partners paste
    from anywhere), control characters go, and outer blanks never count. A value of zeros
    only keeps one zero. Idempotent: normalizing twice changes nothing.
    """
    text = unicodedata.normalize("NFKC", value)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf") or c.isspace())
    pattern = SEPARATORS[rule.separators]
    text = pattern.sub("", text) if pattern else text.strip()
    if rule.case == "upper":
        text = unicodedata.normalize("NFKC", text.upper())
    elif rule.case == "lower":
        text = unicodedata.normalize("NFKC", text.lower())
    if rule.drop_leading_zeros and text:
        text = text.lstrip("0") or "0"
    return text.strip()
