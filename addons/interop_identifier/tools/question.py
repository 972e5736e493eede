"""What a steward is asked about identities: one question, one key, one open case."""

import hashlib
from typing import NamedTuple

MAX_SUBJECT = 255  # a longer name is no assigning authority


class Question(NamedTuple):
    """One question.

    ``kind`` is a key of ``const.CASE_KINDS``; ``key`` says when two questions are the
    same one; ``left`` and ``right`` are the records it is about as ``(model, id)``,
    ``()`` where there is none (id 0: a record of that model is wanted); ``namespace_id``
    and ``subject`` (text that may be shown) say what else it is about; ``creates``
    whether a new record could be the answer.
    """

    kind: str
    key: str
    left: tuple = ()
    right: tuple = ()
    namespace_id: int = 0
    subject: str = ""
    creates: bool = False


def pair_key(first: tuple, second: tuple) -> str:
    """Return the same text for two records ``(model, id)`` whichever comes first."""
    return "|".join(f"{model},{res_id}" for model, res_id in sorted((first, second)))


def same(
    company_id: int, first: tuple, second: tuple, kind: str = "", toward: int = 0
) -> Question:
    """Return the question whether two records are the same; of two models, a conflict.

    Of one record, the question is about its own numbers: there is no second side.
    ``toward`` is the identifier that would be the active one: an answer for it is none
    for the other way round.
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
    """Return the question whether a new number of the sender is ``record``'s, too.

    ``blind`` stands for the number, ``subject`` is its masked form.
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
    """Return the question who has an identifier; ``subject`` is its masked form."""
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
    """Return the question what becomes of a value that stands where a number is
    missing; ``record`` is the one that has it, ``()`` for that of a message."""
    whose = f"{record[0]},{record[1]}" if record else system_id
    key = f"placeholder|{company_id}|{whose}|{namespace_id}|{blind}"
    return Question("placeholder", key, record, (), namespace_id, subject)


def unspecified(kind: str, message_id: int) -> Question:
    """Return the question of a message that waits for no more than a decision."""
    return Question(kind, f"message|{message_id}")


def mask(value: str) -> str:
    """Return ``value`` as it may be shown to a user who may not read it."""
    return f"••••{value[-2:]}" if len(value) > 4 else "••••"
