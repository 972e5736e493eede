"""``./setup/launch wording``: texts that a person reads, and wordings to avoid in them.

Texts are collected from the sources: labels, help, errors, API texts, views, data, scripts
and pages. To add a rule, add a line to ``RULES`` and run ``./setup/launch wording
--new NAME``: it writes how often each addon still breaks it to ``tests/pure/wording/``.
After texts were mended, ``./setup/launch wording --tighten`` lowers the numbers.
``tests/pure/test_wording.py`` fails when a number grows. Numbers only ever shrink.
"""

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .progress import say
from .wording_texts import READERS, page_texts

ALLOWANCES = paths.ROOT / "tests" / "pure" / "wording"
MOST_WORDS = 40
GENERATED = {"messages.md", "troubleshooting.md"}  # their sources are collected
NO_PAGES = {"CHANGELOG.md"}


@dataclass(frozen=True)
class Rule:
    """A wording to avoid.

    :param name: the key in the allowances
    :param pattern: searched in each text
    :param reason: what to write instead
    """

    name: str
    pattern: re.Pattern
    reason: str


@dataclass(frozen=True)
class Text:
    """One text that a person reads.

    :param scope: the addon, or the page
    :param heading: whether it is a heading of a page
    """

    scope: str
    path: Path
    line: int
    value: str
    heading: bool = False

    @property
    def place(self) -> str:
        """Where it stands, as ``file:line``."""
        return f"{self.path.relative_to(paths.ROOT)}:{self.line}"


def _rule(name: str, pattern: str, reason: str, flags: int = re.IGNORECASE) -> Rule:
    return Rule(name, re.compile(pattern, flags), reason)


BEGIN = r"(?:^|[.!?:;]\s+|\b(?:but|if|that|than|as|because)\s+)"
RULES = [
    _rule("whoever", r"\bwho(?:so)?ever\b", "name the actor: the user, the client"),
    _rule("who", BEGIN + r"who\b(?! [^?]*\?)", "name the actor before 'who'"),
    _rule("whatever", r"\bwhatever\b", "name the thing"),
    _rule("what", r"(?:^|[.!?]\s+)What\b(?![^.]*\?)[^.]*\.", "name the noun", 0),
    _rule("is none", r"\b(?:is|are|was|has|have) none\b", "say 'no', 'not' or 'empty'"),
    _rule("none", r"\bNone(?::|,| of)", "say what an empty value does", 0),
    _rule("nobody", r"\b(?:nobody|somebody|anybody)\b", "say user, client, person"),
    _rule(
        "of its own",
        r"\bof (?:its|their|his|her|your|our|my) own\b",
        "say separate, its, or leave it out",
    ),
    _rule("by itself", r"\bby (?:itself|themselves)\b", "say automatically or alone"),
    _rule("the one that", r"\bthe ones? (?:that|who|which)\b", "name the noun"),
    _rule("that one", r"(?:\bthat one\b|\bone that is\b)", "name the noun"),
    _rule(
        "not but", r"\bnot\b[^.;:?!]{1,60}[^,.;:?!]\s+but\b(?! not)", "say it directly"
    ),
    _rule(
        "inversion",
        r"(?:^|[.!?:;,]\s+)(?:nor|never|only then|only so|not until then)\s+"
        r"(?:do|does|did|is|are|was|were|has|have|can|may|will)\b",
        "subject first, then the verb",
    ),
    _rule("aphorism", r"(?:^|\.\s+)Never (?:an?|to an?) \w+\.", "leave it out"),
    _rule(
        "prove to be",
        r"\b(?:prov\w+ (?:who|to be)|fail\w* to prove|failed proofs?)\b",
        "say authentication failed",
    ),
    _rule("metaphor", r"\b(?:lanes?|gates?|fates?|drawers?)\b", "use the field's word"),
    _rule("stranger", r"\b(?:strangers?|suspects?)\b", "say unknown client, or lease"),
    _rule("recall", r"\brecall(?:s|ed|ing)?\b", "say cache, or load"),
    _rule("aside", r"\baside\b", "say separately, or a second cursor"),
    _rule("as ever", r"\b(?:as ever|all the same|for good)\b", "say what happens"),
    _rule(
        "british",
        r"\b(?:behaviour|colour|honour|favour|labour|neighbour|centre|licen[cs]e[sd]? of"
        r"|organi[s]ation|(?:author|recogn|initial|normal|neutral|synchron|summar|real"
        r"|minim|maxim|optim|organ|capital|final|serial|util|priorit|emphas|standard"
        r"|character|anonym|pseudonym|material|special|general|apolog)is(?:e[sd]?|ing|ation)"
        r"|analyse[sd]?|labelled|travell|judgement|fulfil\b|programme|grey|whilst|learnt"
        r"|spelt|ageing|cheque|defence|offence|artefact)\b",
        "US spelling, as in Odoo",
    ),
    _rule(
        "other way round", r"\bother way (?:round|around)\b", "in the other direction"
    ),
    _rule(
        "is told",
        r"\b(?:users?|senders?|stewards?|clients?|receivers?|people|they) (?:is|are) told\b",
        "say sees, is notified, gets a report",
    ),
    _rule("goes on", r"\b(?:goes?|went) on\b(?! the)", "say continue"),
    _rule("hand out", r"\bhand(?:s|ed|ing)? (?:it |them )?out\b", "say assign"),
    _rule("for ever", r"\bfor ever\b", "say permanently, or without a limit"),
    _rule("takes back", r"\b(?:take|took|taken)s? all of\b", "say reverse completely"),
    _rule("at once", r"\bat once\b", "say immediately"),
    _rule("anew", r"\banew\b", "say again, or new"),
    _rule("put right", r"\bputs? (?:\w+ )?(?:right|back)\b", "say correct, or undo"),
    _rule("is gone", r"\b(?:is|are|was) gone\b", "say it no longer exists, or ended"),
]
LONG = "long sentence"
QUESTION = "question heading"
REASONS = {
    **{rule.name: rule.reason for rule in RULES},
    LONG: f"at most {MOST_WORDS} words in a sentence: make two",
    QUESTION: "a heading is no question",
}

# === COLLECTING === #


def _sources() -> list[tuple[str, Path]]:
    """Scope and path of each file with texts of the product."""
    found = []
    for addon in sorted(path.parent for path in paths.ADDONS.glob("*/__manifest__.py")):
        if addon.name.startswith("test_"):
            continue
        for path in sorted(addon.rglob("*")):
            parts = set(path.relative_to(addon).parts)
            if path.suffix in {*READERS, ".md"} and not parts & {"tests", "migrations"}:
                found.append((addon.name, path))
    for path in sorted([*paths.ROOT.glob("*.md"), *(paths.ROOT / "docs").glob("*.md")]):
        if path.name not in GENERATED | NO_PAGES:
            found.append((path.stem, path))
    found.append(("troubleshooting", paths.ROOT / "docs" / "troubleshooting.json"))
    return found


def texts() -> list[Text]:
    """Every text of the product that a person reads."""
    found = []
    for scope, path in _sources():
        source = path.read_text("utf-8")
        if path.name == "troubleshooting.json":
            lines = enumerate(source.splitlines(), 1)
            quoted = re.compile(r'"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"')
            rows = [
                (number, text)
                for number, line in lines
                for text in quoted.findall(line)
            ]
        elif path.suffix == ".md":
            found += [Text(scope, path, *row) for row in page_texts(source)]
            continue
        else:
            rows = READERS[path.suffix](source)
        found += [
            Text(scope, path, line, " ".join(text.split())) for line, text in rows
        ]
    return found


def faults(text: Text) -> list[str]:
    """Names of the rules that a text breaks."""
    found = [rule.name for rule in RULES if rule.pattern.search(text.value)]
    sentences = re.split(r"(?<=[.!?:;])\s+", text.value)
    if any(len(sentence.split()) > MOST_WORDS for sentence in sentences):
        found.append(LONG)
    if text.heading and text.value.endswith("?"):
        found.append(QUESTION)
    return found


def found_faults() -> dict[str, list[tuple[str, Text]]]:
    """Rule and text of each fault, by scope."""
    found: dict[str, list[tuple[str, Text]]] = {}
    for text in texts():
        for name in faults(text):
            found.setdefault(text.scope, []).append((name, text))
    return found


def allowances() -> dict[str, dict[str, int]]:
    """How often each scope may still break each rule."""
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted(ALLOWANCES.glob("*.json"))
    }


def tighten(new: str = "") -> None:
    """Lower the allowances to the numbers of today; they never grow.

    :param new: a rule that is new: its numbers are written as they are
    """
    known, found = allowances(), found_faults()
    for scope in known.keys() | found.keys():
        now = Counter(name for name, _text in found.get(scope, ()))
        before = known.get(scope, {})
        numbers = {
            name: count if name == new else min(count, before[name])
            for name, count in sorted(now.items())
            if name == new or name in before
        }
        path = ALLOWANCES / f"{scope}.json"
        if numbers:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")
        else:
            path.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """List the faults of the scopes that are named, or of all."""
    parser = argparse.ArgumentParser(
        prog="setup/launch wording", description="List wordings to avoid."
    )
    parser.add_argument("scope", nargs="*", help="addon or page; all without it")
    parser.add_argument(
        "--tighten", action="store_true", help="lower the allowances to today's numbers"
    )
    parser.add_argument("--new", metavar="RULE", help="write the numbers of a new rule")
    options = parser.parse_args(arguments)
    if options.tighten or options.new:
        tighten(options.new or "")
        return 0
    for scope, rows in sorted(found_faults().items()):
        if options.scope and scope not in options.scope:
            continue
        for name, text in rows:
            say(f"{text.place}: {name} ({REASONS[name]}): {text.value}")
    return 0
