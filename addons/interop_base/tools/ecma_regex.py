"""Regular expressions of ECMAScript, translated for Python and Rust.

JSON Schema 2020-12 (core, section 6.4) defines ``pattern`` and ``patternProperties`` by
ECMA-262 with the ``u`` flag. Python and Rust differ in ``\\d``, ``\\w``, ``\\s``, ``.``
and ``$``. So the translation uses character classes that list code points, which have
the same meaning everywhere.

Constructs without an equal meaning in both engines are refused: back references,
Unicode properties, flags, and constructs of Python or Rust only. One construct is
accepted that the ``u`` flag refuses: a backslash before any punctuation.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from .errors import PatternError

MAX_LENGTH = 8192

_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_DIGITS = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
# ECMA-262, WhiteSpace and LineTerminator.
_SPACE = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
_LINE_ENDS = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_SETS = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]{1,9})(,([0-9]{1,9})?)?\}")
_GROUP = re.compile(r"\((?:\?(?:(:|=|!|<=|<!)|<[A-Za-z_$][A-Za-z0-9_$]*>))?")
_CODE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{0*([0-9A-Fa-f]{1,6})\}|c([A-Za-z]))"
)


class Translated(NamedTuple):
    """A pattern for Python's ``re`` and for Rust's ``regex``. The latter is ``None`` if
    the pattern needs more than a finite automaton."""

    python: str
    rust: str | None


@lru_cache(maxsize=1024)
def translate(pattern: str) -> Translated:
    """Return a pattern with the meaning of ECMAScript.

    Groups have no numbers, so that patterns can be joined by ``|``.

    :raises PatternError: it is not a pattern of ECMAScript, or has no equal meaning
        here
    """
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"the pattern has more than {MAX_LENGTH} characters")
    translator = _Translator(pattern)
    translated = translator.run()
    try:
        re.compile(translated.python)
    except (re.error, OverflowError, RecursionError):
        reason = "this regular expression is not supported"
    else:
        return translated
    raise PatternError(reason)


class _Translator:
    """One pass over a pattern, from left to right."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.at = 0
        self.python = []
        self.rust = []
        self.is_regular = True
        self.groups = []  # whether a quantifier may follow each open group
        self.can_repeat = False

    def run(self):
        """Return the translation, or raise PatternError."""
        while self.at < len(self.pattern):
            _STEPS.get(self.pattern[self.at], _Translator._literal)(self)
        if self.groups:
            raise PatternError("a group is not closed")
        rust = "".join(self.rust) if self.is_regular else None
        return Translated("".join(self.python), rust)

    def _add(self, python, rust=None, *, can_repeat=False):
        """Add a translated part; without ``rust`` it is the same for both engines."""
        self.python.append(python)
        self.rust.append(python if rust is None else rust)
        self.can_repeat = can_repeat

    def _add_ranges(self, ranges, negated=False):
        """Add a character class."""
        if not ranges:  # "[]" matches nothing, "[^]" everything
            self.is_regular = False
            self._add(r"[\s\S]" if negated else "(?!)", can_repeat=True)
            return
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1] and not negated:
            self._add(*_single(ranges[0][0]), can_repeat=True)
            return
        start = "[^" if negated else "["
        self._add(
            f"{start}{''.join(map(_python_range, ranges))}]",
            f"{start}{''.join(map(_rust_range, ranges))}]",
            can_repeat=True,
        )

    def _literal(self):
        self._add_ranges([(ord(self.pattern[self.at]),) * 2])
        self.at += 1

    def _dot(self):
        self._add_ranges(_LINE_ENDS, negated=True)
        self.at += 1

    def _end(self):
        self._add(r"\Z", "$")
        self.at += 1

    def _start_or_choice(self):
        self._add(self.pattern[self.at])
        self.at += 1

    def _open(self):
        match = _GROUP.match(self.pattern, self.at)
        kind = match[1] or ":"
        if match[0] == "(" and self.pattern.startswith("(?", self.at):
            raise PatternError("ECMAScript has no group of this kind")
        if kind != ":":
            self.is_regular = False
        self.groups.append(kind == ":")
        self._add(f"(?{kind}")
        self.at = match.end()

    def _close(self):
        if not self.groups:
            raise PatternError("a closing parenthesis has no opening parenthesis")
        self._add(")", can_repeat=self.groups.pop())
        self.at += 1

    def _quantifier(self):
        match = _QUANTIFIER.match(self.pattern, self.at)
        if not match:
            self._lone_bracket()
        if not self.can_repeat:
            raise PatternError("there is nothing before a quantifier")
        if match[3] and int(match[3]) < int(match[1]):
            raise PatternError("the numbers of a quantifier are in the wrong order")
        self.at = match.end()
        lazy = "?" if self.pattern.startswith("?", self.at) else ""
        self.at += len(lazy)
        self._add(match[0] + lazy)

    def _lone_bracket(self):
        raise PatternError("a bracket has no counterpart; write a backslash before it")

    def _escape(self):
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in ("b", "B"):
            self.is_regular = False
            # ASCII, as the letters of \w
            self._add(_BOUNDARY if letter == "b" else f"(?!{_BOUNDARY})")
            self.at += 2
            return
        self._add_ranges(self._escaped())

    def _escaped(self, in_class=False):
        """Read one escape and return its code points."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter.lower() in _SETS:
            self.at += 2
            ranges = _SETS[letter.lower()]
            return ranges if letter.islower() else _complement(ranges)
        match = _CODE.match(self.pattern, self.at)
        if match:
            self.at = match.end()
            code = self._code_point(match)
        elif letter in _CONTROLS:
            self.at += 2
            code = _CONTROLS[letter]
        elif letter == "b" and in_class:
            self.at += 2
            code = 0x08
        elif letter == "0" and not self.pattern[self.at + 2 : self.at + 3].isdigit():
            self.at += 2
            code = 0
        elif letter.isascii() and letter.isprintable() and not letter.isalnum():
            if not letter:
                raise PatternError("an escape is not complete")
            self.at += 2
            code = ord(letter)
        else:
            raise PatternError(_unknown_escape(letter))
        return [(code, code)]

    def _code_point(self, match):
        """Return the code point of ``\\x``, ``\\u`` or ``\\c``."""
        byte, unit, point, control = match.groups()
        if control:
            return ord(control) % 32
        code = int(byte or unit or point, 16)
        if unit and 0xD800 <= code <= 0xDBFF:
            low = _CODE.match(self.pattern, self.at)
            second = int(low[2], 16) if low and low[2] else 0
            if 0xDC00 <= second <= 0xDFFF:
                self.at = low.end()
                return 0x10000 + (code - 0xD800) * 0x400 + second - 0xDC00
        if _SURROGATES[0] <= code <= _SURROGATES[1] or code > _LAST:
            raise PatternError("an escape does not stand for a character")
        return code

    def _class(self):
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        ranges = []
        while not self.pattern.startswith("]", self.at):
            first = self._member()
            if self.pattern.startswith("-", self.at) and not self.pattern.startswith(
                "-]", self.at
            ):
                self.at += 1
                first = [_between(first, self._member())]
            ranges.extend(first)
        self.at += 1
        self._add_ranges(_merged(ranges), negated)

    def _member(self):
        """Return the code points of one member of a class."""
        if self.at >= len(self.pattern):
            raise PatternError("a character class is not closed")
        if self.pattern[self.at] == "\\":
            return self._escaped(in_class=True)
        code = ord(self.pattern[self.at])
        self.at += 1
        return [(code, code)]


_STEPS = {
    "\\": _Translator._escape,
    "[": _Translator._class,
    "(": _Translator._open,
    ")": _Translator._close,
    ".": _Translator._dot,
    "$": _Translator._end,
    "^": _Translator._start_or_choice,
    "|": _Translator._start_or_choice,
    **dict.fromkeys("*+?{", _Translator._quantifier),
    **dict.fromkeys("]}", _Translator._lone_bracket),
}


def _unknown_escape(letter):
    """Return the reason why an escape is refused."""
    if letter in ("p", "P"):
        return "Unicode properties are not supported; list the characters instead"
    if letter.isdigit() or letter == "k":
        return "back references are not supported"
    return "ECMAScript has no such escape"


def _between(first, last):
    """Return the range between two members of a class."""
    ends = (*first, *last)
    if len(ends) != 2 or any(low != high for low, high in ends):
        raise PatternError("a range of a character class needs two single characters")
    (low, _), (high, _) = ends
    if low > high:
        raise PatternError("a range of a character class is in the wrong order")
    return low, high


def _merged(ranges):
    """Return the same code points as sorted ranges with gaps between them."""
    merged = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _complement(ranges):
    """Return all other code points."""
    edges = [-1, *(edge for pair in ranges for edge in pair), _LAST + 1]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(low + 1, high - 1) for low, high in pairs if low + 1 <= high - 1]


def _single(code):
    """Return one character for Python and for Rust."""
    letter = chr(code)
    if letter.isascii() and letter.isalnum():
        return letter, letter
    return f"\\U{code:08x}", f"\\x{{{code:x}}}"


def _python_range(pair):
    """Return a range inside a class of Python's ``re``."""
    low, high = (f"\\U{code:08x}" for code in pair)
    return low if pair[0] == pair[1] else f"{low}-{high}"


def _rust_range(pair):
    """Return a range for a class of Rust's ``regex``, which does not allow
    surrogates."""
    first, last = _SURROGATES
    low, high = pair
    if low < first and high > last:
        return f"\\x{{{low:x}}}-\\x{{{first - 1:x}}}\\x{{{last + 1:x}}}-\\x{{{high:x}}}"
    return f"\\x{{{low:x}}}-\\x{{{high:x}}}"


def _word_class(negated):
    return f"[{'^' if negated else ''}{''.join(map(_python_range, _WORD))}]"


_INSIDE = f"(?<={_word_class(False)})"
_AHEAD = f"(?={_word_class(False)})"
_BOUNDARY = f"(?:{_INSIDE}(?!{_word_class(False)})|(?<!{_word_class(False)}){_AHEAD})"
