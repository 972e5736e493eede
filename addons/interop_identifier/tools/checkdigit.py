"""Check digits and formats of identifiers.

``python-stdnum`` implements the algorithms. HL7's "Mod 11" (table 0061, M11) is missing
there and is implemented here.
"""

import re
from datetime import date
from functools import lru_cache

from stdnum import luhn as stdnum_luhn
from stdnum.iso7064 import mod_97_10
from stdnum.util import get_cc_module

NPI_PREFIX = (
    "80840"  # ISO 7812 issuer number of health applications in the United States
)
_STANDARD = re.compile(r"(?P<country>[a-z]{2})\.(?P<number>[a-z][a-z0-9_]*)")
_WEIGHTS = (2, 3, 4, 5, 6, 7)
# Exceptions of python-stdnum for an invalid text: its own ValidationError (a
# ValueError), and others because of mistakes in some of its 200 modules.
_NO_NUMBER = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_luhn(value: str) -> bool:
    """Return whether the last digit is the Luhn check digit (HL7 table 0061: M10)."""
    return _digits(value) and len(value) > 1 and stdnum_luhn.is_valid(value)


def is_npi(value: str) -> bool:
    """Return whether this is a US National Provider Identifier: 10 digits, Luhn over
    80840."""
    return _digits(value) and len(value) == 10 and is_luhn(NPI_PREFIX + value)


def is_mod97(value: str) -> bool:
    """Return whether the last two digits are the ISO 7064 mod 97-10 check digits
    (letters allowed)."""
    if not value.isascii() or not value.isalnum() or len(value) < 3:
        return False
    return mod_97_10.is_valid(value.upper())


def mod11_digit(number: str) -> str:
    """Return HL7's "Mod 11" check digit of a number (HL7 v2, chapter 2A, data type CX).

    Weights 2 to 7 from the right, repeating. A remainder of 0 counts as 1. The digit
    for 1234567 is 4.
    """
    total = sum(
        int(digit) * _WEIGHTS[place % len(_WEIGHTS)]
        for place, digit in enumerate(reversed(number))
    )
    return str((11 - (total % 11 or 1)) % 10)


def is_mod11(value: str) -> bool:
    """Return whether the last digit is HL7's "Mod 11" check digit (table 0061: M11)."""
    return _digits(value) and len(value) > 1 and mod11_digit(value[:-1]) == value[-1]


def is_standard(value: str, name: str) -> bool:
    """Return whether the format ``name`` of ``python-stdnum`` (for example ``gb.nhs``)
    accepts the value.

    :raises LookupError: there is no such format
    """
    module = _standard(name)
    try:
        return bool(module.is_valid(value))
    except _NO_NUMBER:
        return False


def canonical(value: str, name: str, today: date | None = None) -> str:
    """Return the one form of all spellings that a standard treats as equal.

    It is the compact form of ``python-stdnum``. If that leaves two forms of one number
    (``_EQUAL``), it is one of them. An invalid number is returned as close to that form
    as possible, at worst unchanged.

    :param str name: ``python-stdnum``'s format, for example ``se.personnummer``
    :param today: the day on which the value was written: a number without a century
        belongs to the hundred years before. ``None`` leaves such a number unchanged.
    :raises LookupError: there is no such format
    """
    module = _standard(name)
    form = value
    for step in (module.validate, module.compact):
        try:
            form = step(value)
            break
        except _NO_NUMBER:
            continue
    equal_form = _EQUAL.get(name)
    return equal_form(form, today) if equal_form else form


def has_standard(name: str) -> bool:
    """Return whether ``python-stdnum`` has the format ``name``."""
    try:
        _standard(name)
    except LookupError:
        return False
    return True


def is_valid(validator: str, value: str, pattern: str = "", standard: str = "") -> bool:
    """Apply one of the validators ``none npi luhn mod11 mod97 regex standard``.

    ``pattern`` is the regular expression of ``regex`` and has to match the whole value.
    ``standard`` names the format of ``standard``.

    :raises LookupError: unknown validator or standard
    :raises re.error: invalid pattern
    """
    if validator == "none":
        return True
    if validator == "regex":
        return re.fullmatch(pattern, value) is not None
    if validator == "standard":
        return is_standard(value, standard)
    return _VALIDATORS[validator](value)


_VALIDATORS = {"npi": is_npi, "luhn": is_luhn, "mod11": is_mod11, "mod97": is_mod97}


def passes(validator: str, forms: tuple, pattern: str = "", standard: str = "") -> bool:
    """Return whether :func:`is_valid` accepts one of the forms in which a value may be
    written (see ``normalization.written_forms``)."""
    return any(is_valid(validator, form, pattern, standard) for form in forms)


# ----------------------------------------------------------------------
# Two forms of one number that python-stdnum leaves apart
# ----------------------------------------------------------------------
_PERSONNUMMER = re.compile(r"(?P<century>\d\d)?(?P<year>\d\d)(?P<day>\d{4})[-+]\d{4}")
_SWISS_WORD = re.compile("(?<=[0-9])(IVA|MWST|TPV|TVA)$")
_CUI = re.compile(r"(\d{8})[0-9A-Z]")


def _with_century(form, today):
    """Return a Swedish personal or coordination number with its century.

    Ten digits with a hyphen belong to a person who turns less than a hundred this year,
    with a plus sign to an older person (Folkbokföringslagen 1991:481, section 18).
    """
    match = _PERSONNUMMER.fullmatch(form) if form.isascii() else None
    if not match:
        return form
    century = match["century"]
    if not century:
        if not today:
            return form
        century = today.year // 100
        century -= (int(match["year"]) > today.year % 100) + (form[-5] == "+")
    return f"{century}{match['year']}{match['day']}-{form[-4:]}"


def _without_tax_word(form, _today):
    """Return a Swiss VAT number without the tax word, which exists in four languages."""
    return _SWISS_WORD.sub("", form)


def _without_check(form, _today):
    """Return a Peruvian identity number without its check character, which is often
    left out."""
    match = _CUI.fullmatch(form)
    return match[1] if match else form


_EQUAL = {
    "se.personnummer": _with_century,
    "ch.vat": _without_tax_word,
    "pe.cui": _without_check,
}


@lru_cache(maxsize=256)
def _standard(name):
    """Return the python-stdnum module of a format.

    :raises LookupError: there is no such format
    """
    match = _STANDARD.fullmatch(name or "")
    module = match and get_cc_module(match["country"], match["number"])
    if not hasattr(module, "is_valid"):
        raise LookupError("python-stdnum has no such format.")
    return module


def _digits(value):
    """Return whether the text consists of ASCII digits only."""
    return value.isascii() and value.isdigit()
