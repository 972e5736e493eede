"""The code blocks of the pages, for the tests that run or read them."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import paths

# Pages whose blocks are made by ./setup/pages from other sources.
GENERATED = {"docs/messages.md", "docs/troubleshooting.md"}
_FENCE = re.compile(r"^(?P<indent>[ ]*)```(?P<language>\w*)[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One code block.

    :param page: path of the page below the project
    :param line: of its first line in the page
    :param before: the last text line above it
    """

    page: str
    line: int
    language: str
    text: str
    before: str


def pages(generated: bool = False) -> list[Path]:
    """Every page of the project that people write.

    :param generated: also those that ./setup/pages makes
    """
    found = [
        *paths.ROOT.glob("*.md"),
        *(paths.ROOT / "docs").glob("*.md"),
        *paths.SETUP.glob("*.md"),
        *paths.ADDONS.glob("*/readme/*.md"),
    ]
    return sorted(path for path in found if generated or _name(path) not in GENERATED)


def _name(path: Path) -> str:
    return str(path.relative_to(paths.ROOT))


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, in order, without the indent of a list."""
    source, found, position = page.read_text("utf-8"), [], 0
    while begin := _FENCE.search(source, position):
        indent = begin["indent"]
        end = re.compile(rf"^{indent}```[ ]*$", re.MULTILINE).search(
            source, begin.end()
        )
        if end is None:
            break
        body = source[begin.end() : end.start()]
        above = source[: begin.start()].strip().rsplit("\n", 1)[-1].strip()
        found.append(
            Block(
                _name(page),
                source.count("\n", 0, begin.end()) + 1,
                begin["language"],
                re.sub(rf"^{indent}", "", body, flags=re.MULTILINE),
                above,
            )
        )
        position = end.end()
    return found
