"""Questions about identities for stewards: one key and one open case per question."""

import hashlib
from typing import NamedTuple

MAX_SUBJECT = 255  # a longer name cannot be an assigning authority


class Question(NamedTuple):
    """One question.

    ``kind`` is a key of ``const.CASE_KINDS``. Equal questions have the same ``key``.
    ``left`` and ``right`` are its records as ``(model, id)``, ``()`` if there is none
    (id 0: a record of that model is wanted). ``namespace_id`` and ``subject`` (a text
    that may be shown) complete it. ``creates`` says whether the answer may be a new
    record.
    """

    kind: str
    key: str
    left: tuple = ()
    right: tuple = ()
    namespace_id: int = 0
    subject: str = ""
    creates: bool = False


def pair_key(first: tuple, second: tuple) -> str:
    """Return one text for two records ``(model, id)`` in any order."""
    return "|".join(f"{model},{res_id}" for model, res_id in sorted((first, second)))


def same(
    company_id: int, first: tuple, second: tuple, kind: str = "", toward: int = 0
) -> Question:
    """Return the question whether two records are the same; with two models, a
    conflict.

    With one record, the question is about its own numbers and has no second side.
    ``toward`` is the identifier that would become the active one. The answer does not
    apply to the opposite direction.
    """
    left, right = sorted((first, second))
    kind = kind or ("duplicate" if left[0] == right[0] else "conflict")
    key = f"{kind}|{company_id}|{pair_key(left, right)}"
    if toward:
        key += f"|{toward}"
    return Question(kind, key, left, right if left != right else ())


def other_kind(company_id: int, record: tuple, model: str) -> Question:
    """Return the conflict of a record of another kind in a message about ``model``."""
    key = f"conflict|{company_id}|{record[0]},{record[1]}|{model}"
    return Question("conflict", key, record)


def number(
    company_id: int, record: tuple, namespace_id: int, blind: str, subject: str = ""
) -> Question:
    """Return the question whether a new number of the sender also belongs to
    ``record``.

    ``blind`` is the blind index of the number, ``subject`` its masked form.
    """
    key = f"number|{company_id}|{record[0]},{record[1]}|{namespace_id}|{blind}"
    return Question("duplicate", key, record, (), namespace_id, subject, creates=True)


def unknown(
    company_id: int,
    model: str,
    namespace_id: int,
    blind: str,
    subject: str,
    creates: bool = True,
) -> Question:
    """Return the question which record has an identifier; ``subject`` is its masked
    form."""
    key = f"identifier|{company_id}|{model}|{int(creates)}|{namespace_id}|{blind}"
    return Question("identifier", key, (model, 0), (), namespace_id, subject, creates)


def authority(company_id: int, system_id: int, name: str) -> Question:
    """Return the question which namespace the system calls ``name``."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    key = f"namespace|{company_id}|{system_id}|{digest}"
    return Question("namespace", key, subject=name if len(name) <= MAX_SUBJECT else "")


def placeholder(
    company_id: int,
    system_id: int,
    namespace_id: int,
    blind: str,
    subject: str,
    record: tuple = (),
) -> Question:
    """Return the question about a placeholder instead of a number.

    ``record`` is the stored record that has it, ``()`` for a message.
    """
    whose = f"{record[0]},{record[1]}" if record else system_id
    key = f"placeholder|{company_id}|{whose}|{namespace_id}|{blind}"
    return Question("placeholder", key, record, (), namespace_id, subject)


def unspecified(kind: str, message_id: int) -> Question:
    """Return the question of a message that needs a decision without further details."""
    return Question(kind, f"message|{message_id}")


def mask(value: str) -> str:
    """Return ``value`` in the masked form for users without the right to read it."""
    return f"••••{value[-2:]}" if len(value) > 4 else "••••"
