"""Placeholders that people and programs write instead of a number.

They identify nobody: two people with the number ``UNKNOWN`` are two people.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from .normalization import visible

# Default list of a new namespace, one value a line. Like values, they are compared
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
    # Empty values of programs
    *("null", "(null)", "undefined", "nan", "#REF!", "#VALUE!", "[object Object]"),
    # Other languages
    *("unbekannt", "nicht bekannt", "keine angabe", "onbekend", "niet bekend"),
    *("inconnu", "inconnue", "non connu", "aucun", "néant", "desconocido"),
    *("desconocida", "ninguno", "sin número", "sconosciuto", "sconosciuta", "nessuno"),
    *("desconhecido", "desconhecida", "nenhum", "okänd", "saknas", "ukendt", "ukjent"),
    *("tuntematon", "ei tiedossa", "nieznany", "nieznana", "brak", "neznámý", "未知"),
    *("不明", "неизвестно", "άγνωστο"),
)
# Zeros only, or a row of X. Some authorities assign numbers that repeat another digit.
PATTERN = r"0+|x{3,}"


class Placeholders(NamedTuple):
    """The placeholders of a namespace: folded words and a regular expression for the
    folded value, or empty."""

    words: frozenset = frozenset()
    pattern: str = ""


def read(words: str, pattern: str) -> Placeholders:
    """Return the rule for a list (text, one value a line) and a regular expression."""
    folded = {fold(line) for line in (words or "").splitlines()}
    return Placeholders(frozenset(folded - {""}), pattern or "")


def fold(value: str) -> str:
    """Return the letters and digits of ``value``, in lower case, without accents."""
    text = unicodedata.normalize("NFKD", visible(value).casefold())
    return "".join(char for char in text if char.isalnum())


def is_placeholder(value: str, rule: Placeholders) -> bool:
    """Return whether ``value`` stands for a missing number.

    A value without a letter or digit always does.

    :raises re.error: the pattern is invalid
    """
    folded = fold(value)
    if not folded or folded in rule.words:
        return True
    return bool(rule.pattern and _compiled(rule.pattern).fullmatch(folded))


def is_usual(value: str) -> bool:
    """Return whether ``value`` is a placeholder of the default list."""
    return is_placeholder(value, USUAL)


@lru_cache(maxsize=256)
def _compiled(pattern):
    """Return the compiled regular expression."""
    return re.compile(pattern)


USUAL = read("\n".join(WORDS), PATTERN)
