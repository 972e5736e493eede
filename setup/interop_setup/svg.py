"""Small parts of SVG pictures: a page, boxes, texts, arrows."""

import textwrap
from html import escape

STYLE = (
    "text{font:13px sans-serif;fill:#1f2933}"
    ".head{font-weight:bold}"
    ".note{font-size:11px;fill:#52606d}"
    ".code{font:11px monospace;fill:#52606d}"
    "rect{fill:#fff;stroke:#3e4c59;rx:6}"
    ".own{fill:#e6f6ff;stroke:#0a6ebd}"
    ".band{fill:#f5f7fa;stroke:none}"
    "path,line{fill:none;stroke:#7b8794;stroke-width:1.4}"
    ".life{stroke:#cbd2d9;stroke-width:1}"
    "circle{fill:#7b8794}"
)
TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
    ' markerHeight="8" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" style="fill:#7b8794;stroke:none"/></marker>'
)
# Widest average of a character, in pixels: texts never leave their box.
CHARACTER = {"": 6.4, "head": 7.0, "note": 5.6, "code": 6.7}
LINE = 16


def wrapped(text: str, width: int, kind: str = "") -> list[str]:
    """The lines of a text that fit into a width in pixels."""
    return textwrap.wrap(
        text,
        int(width / CHARACTER[kind]),
        break_long_words=False,
        break_on_hyphens=False,
    )


def page(width: int, height: int, title: str, parts: list[str]) -> str:
    """A whole picture on a white ground, which a dark page needs."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f"<defs>{TIP}</defs>",
        f'<rect class="band" style="fill:#fff" width="{width}" height="{height}"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def box(left: int, top: int, width: int, height: int, kind: str = "own") -> str:
    """A rectangle."""
    return (
        f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}"/>'
    )


def text(left: int, top: int, words: str, kind: str = "", anchor: str = "") -> str:
    """One line of text; ``top`` is its base line, ``anchor`` is ``middle`` or ``end``."""
    style = f' class="{kind}"' if kind else ""
    place = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{left}" y="{top}"{style}{place}>{escape(words)}</text>'


def arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A straight arrow."""
    return (
        f'<path d="M{start[0]} {start[1]} L{end[0]} {end[1]}" marker-end="url(#tip)"/>'
    )


def curve(start: tuple[int, int], end: tuple[int, int], upright: bool) -> str:
    """A bent arrow that leaves and arrives upright, or else sideways."""
    (x, y), (u, v) = start, end
    bend = (v - y) // 2 if upright else (u - x) // 2
    first, second = (
        ((x, y + bend), (u, v - bend)) if upright else ((x + bend, y), (u - bend, v))
    )
    return (
        f'<path d="M{x} {y} C{first[0]} {first[1]} {second[0]} {second[1]} {u} {v}"'
        ' marker-end="url(#tip)"/>'
    )
