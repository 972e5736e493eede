"""Text of messages: find characters that cannot be stored, normalize the rest.

The bytes of the sender stay unchanged. Only records get normalized text. Text is in
NFC, so that a search finds text from any keyboard.
"""

import re
import unicodedata

MAX_TEXT = 255  # characters of one text in the contracts of the suite
# Control characters (C0, DEL, C1) except tab, line feed and carriage return, as in FHIR
# and XML. PostgreSQL cannot store NUL. No encoding has lone surrogates.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAK = re.compile(r"[\t\n\r\u2028\u2029]+")
# Unicode's Default_Ignorable_Code_Point and the Braille blank are invisible.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_NOTHING = rf"[\s\x00-\x1f\x7f-\x9f{_INVISIBLE}]"
_BLANK = re.compile(rf"{_NOTHING}*")
# Joiners and variation selectors belong to the character before them.
_BELONGS = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
_START = re.compile(rf"^{_NOTHING}+")
_END = re.compile(rf"(?:(?![{_BELONGS}]){_NOTHING})+\Z")


def is_blank(value: str) -> bool:
    """Return whether a text is empty, or has only spaces and invisible characters."""
    return _BLANK.fullmatch(value) is not None


def has_control(value: str) -> bool:
    """Return whether a text contains control characters that no record can store.

    Tabs and line ends do not count, see :func:`has_break`.
    """
    return _CONTROL.search(value) is not None


def has_break(value: str) -> bool:
    """Return whether a text contains a tab or a line end."""
    return _BREAK.search(value) is not None


def clean(value: str, lines: bool = False) -> str:
    """Return a text in the form for records, ``""`` if nothing of it is visible.

    The text is in NFC. Without ``lines`` it becomes one line: tabs and line ends become
    one space, and blank and invisible characters around the text are removed.
    Idempotent.

    :param lines: whether the text may have several lines; then only NFC is applied
    """
    value = unicodedata.normalize("NFC", value)
    if lines or value.isascii() and value.isprintable() and value == value.strip():
        return value
    if is_blank(value):
        return ""
    value = _END.sub("", _START.sub("", value))
    return unicodedata.normalize("NFC", _BREAK.sub(" ", value))


def walk(value, pointer: str = ""):
    """Yield ``(JSON Pointer, text)`` of all texts in a JSON value, in its order."""
    stack = [(pointer, value)]
    while stack:
        where, item = stack.pop()
        if isinstance(item, str):
            yield where, item
        elif isinstance(item, dict):
            parts = [(f"{where}/{escape(name)}", part) for name, part in item.items()]
            stack += reversed(parts)
        elif isinstance(item, list):
            parts = [(f"{where}/{place}", part) for place, part in enumerate(item)]
            stack += reversed(parts)


def cleaned(value, lines: bool = False, verbatim=()):
    """Return a JSON value with all texts cleaned, see :func:`clean`.

    :param lines: as for :func:`clean`
    :param verbatim: names of members below which texts stay unchanged, such as
        identifiers, which have their own rules
    """
    if isinstance(value, str):
        return clean(value, lines)
    if isinstance(value, list):
        return [cleaned(item, lines, verbatim) for item in value]
    if isinstance(value, dict):
        return {
            name: item if name in verbatim else cleaned(item, lines, verbatim)
            for name, item in value.items()
        }
    return value


def control_pointers(value) -> list[str]:
    """Return the JSON Pointers of texts with control characters (:func:`has_control`).

    If the name of a member contains one, the pointer is that of its parent.
    """
    found = [where for where, text in walk(value) if has_control(text)]
    found += [where for where, name in _names(value) if has_control(name)]
    return list(dict.fromkeys(found))


def escape(name: str) -> str:
    """Return a member name as a token of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _names(value):
    """Yield ``(pointer of the object, name)`` of every member."""
    stack = [("", value)]
    while stack:
        where, item = stack.pop()
        if isinstance(item, dict):
            for name, part in item.items():
                yield where, name
                stack.append((f"{where}/{escape(name)}", part))
        elif isinstance(item, list):
            stack += [(f"{where}/{place}", part) for place, part in enumerate(item)]
