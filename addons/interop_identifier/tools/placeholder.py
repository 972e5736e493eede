"""Texts that people and programs write where there is no number.

They identify nobody: two people with the number ``UNKNOWN`` are two people.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from .normalization import visible

# What a new namespace refuses, a line each. Compared like the values themselves:
# without spaces, punctuation and letter case.
WORDS = (
    # English
    *("unknown", "unk", "not known", "unidentified", "n/a", "not applicable"),
    *(
        "not available",
        "unavailable",
        "not assigned",
        "unassigned",
        "none",
        "no number",
    ),
    *("nil", "missing", "pending", "tbd", "tba", "to be assigned", "dummy", "declined"),
    *("refused", "not given", "not provided", "not recorded", "anonymous"),
    # What programs write for nothing
    *("null", "(null)", "undefined", "nan", "#REF!", "#VALUE!", "[object Object]"),
    # Other languages
    *("unbekannt", "nicht bekannt", "keine angabe", "onbekend", "niet bekend"),
    *("inconnu", "inconnue", "non connu", "aucun", "néant", "desconocido"),
    *("desconocida", "ninguno", "sin número", "sconosciuto", "sconosciuta", "nessuno"),
    *("desconhecido", "desconhecida", "nenhum", "okänd", "saknas", "ukendt", "ukjent"),
    *("tuntematon", "ei tiedossa", "nieznany", "nieznana", "brak", "neznámý", "未知"),
    *("不明", "неизвестно", "άγνωστο"),
)
# Zeros only; a row of X. Rows of another digit are numbers of some authorities.
PATTERN = r"0+|x{3,}"


class Placeholders(NamedTuple):
    """What a namespace takes for a placeholder: folded words and a regular expression
    over the folded value, empty for none."""

    words: frozenset = frozenset()
    pattern: str = ""


def read(words: str, pattern: str) -> Placeholders:
    """Return the rule of a list (text, a line each) and a regular expression."""
    folded = {fold(line) for line in (words or "").splitlines()}
    return Placeholders(frozenset(folded - {""}), pattern or "")


def fold(value: str) -> str:
    """Return the letters and digits of ``value``, in lower case, without accents."""
    text = unicodedata.normalize("NFKD", visible(value).casefold())
    return "".join(char for char in text if char.isalnum())


def is_placeholder(value: str, rule: Placeholders) -> bool:
    """Return whether ``value`` stands where a number is missing.

    A value without any letter or digit always does. Raises ``re.error`` for a broken
    pattern.
    """
    folded = fold(value)
    if not folded or folded in rule.words:
        return True
    return bool(rule.pattern and _compiled(rule.pattern).fullmatch(folded))


def is_usual(value: str) -> bool:
    """Return whether ``value`` is what a namespace takes for a placeholder at first."""
    return is_placeholder(value, USUAL)


@lru_cache(maxsize=256)
def _compiled(pattern):
    """Return the compiled regular expression."""
    return re.compile(pattern)


USUAL = read("\n".join(WORDS), PATTERN)
