"""Check digits and formats of identifiers.

``python-stdnum`` does the arithmetic wherever it has the algorithm; HL7's own "Mod 11"
(table 0061, M11) is not in it and is written out here.
"""

import re

from stdnum import luhn as stdnum_luhn
from stdnum.iso7064 import mod_97_10
from stdnum.util import get_cc_module

NPI_PREFIX = (
    "80840"  # ISO 7812 issuer number of health applications in the United States
)
_STANDARD = re.compile(r"(?P<country>[a-z]{2})\.(?P<number>[a-z][a-z0-9_]*)")
_WEIGHTS = (2, 3, 4, 5, 6, 7)


def is_luhn(value: str) -> bool:
    """Say whether the last digit is the Luhn check digit (HL7 table 0061: M10)."""
    return _digits(value) and len(value) > 1 and stdnum_luhn.is_valid(value)


def is_npi(value: str) -> bool:
    """Say whether this is a US National Provider Identifier: 10 digits, Luhn over
    80840."""
    return _digits(value) and len(value) == 10 and is_luhn(NPI_PREFIX + value)


def is_mod97(value: str) -> bool:
    """Say whether the last two digits are right by ISO 7064 mod 97-10 (letters
    allowed)."""
    if not value.isascii() or not value.isalnum() or len(value) < 3:
        return False
    return mod_97_10.is_valid(value.upper())


def mod11_digit(number: str) -> str:
    """Return HL7's "Mod 11" check digit of a number (HL7 v2, chapter 2A, data type CX).

    Weights 2 to 7 from the right, repeating; a remainder of 0 counts as 1. For 1234567
    it is 4.
    """
    total = sum(
        int(digit) * _WEIGHTS[place % len(_WEIGHTS)]
        for place, digit in enumerate(reversed(number))
    )
    return str((11 - (total % 11 or 1)) % 10)


def is_mod11(value: str) -> bool:
    """Say whether the last digit is HL7's "Mod 11" check digit (table 0061: M11)."""
    return _digits(value) and len(value) > 1 and mod11_digit(value[:-1]) == value[-1]


def is_standard(value: str, name: str) -> bool:
    """Say whether ``python-stdnum``'s format ``name`` (for example ``gb.nhs``) accepts
    it.

    Raises LookupError when there is no such format.
    """
    return bool(_standard(name).is_valid(value))


def has_standard(name: str) -> bool:
    """Say whether ``python-stdnum`` has the format ``name``."""
    try:
        _standard(name)
    except LookupError:
        return False
    return True


def is_valid(validator: str, value: str, pattern: str = "", standard: str = "") -> bool:
    """Apply one of the validators ``none npi luhn mod11 mod97 regex standard``.

    ``pattern`` is the regular expression of ``regex`` and has to match the whole value;
    ``standard`` names the format of ``standard``. Raises LookupError for an unknown
    validator or standard, ``re.error`` for a broken pattern.
    """
    if validator == "none":
        return True
    if validator == "regex":
        return re.fullmatch(pattern, value) is not None
    if validator == "standard":
        return is_standard(value, standard)
    return _VALIDATORS[validator](value)


_VALIDATORS = {"npi": is_npi, "luhn": is_luhn, "mod11": is_mod11, "mod97": is_mod97}


def _standard(name):
    """Return the python-stdnum module of a format; LookupError when there is none."""
    match = _STANDARD.fullmatch(name or "")
    module = match and get_cc_module(match["country"], match["number"])
    if not hasattr(module, "is_valid"):
        raise LookupError("No such standard number.")
    return module


def _digits(value):
    """Say whether this is ASCII digits and nothing else."""
    return value.isascii() and value.isdigit()
