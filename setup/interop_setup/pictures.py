"""Pictures of the house as SVG, drawn from the code; ``./setup/pages`` writes them."""

import ast
from html import escape
from pathlib import Path

from . import paths

BOX, GAP_X, GAP_Y, MARGIN = (200, 44), 24, 56, 24
STYLE = (
    "text{font:13px sans-serif;fill:#1f2933}"
    ".note{font-size:11px;fill:#52606d}"
    "rect{fill:#fff;stroke:#3e4c59;rx:6}"
    ".own{fill:#e6f6ff;stroke:#0a6ebd}"
    "path{fill:none;stroke:#7b8794;stroke-width:1.4}"
)


TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
    ' markerHeight="8" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" style="fill:#7b8794;stroke:none"/></marker>'
)


def dependencies(addons: Path = paths.ADDONS) -> dict[str, list[str]]:
    """Direct dependencies of each addon of the product, those of Odoo left out.

    What another dependency brings already is left out, too: the picture has one arrow
    per step.
    """
    names = {
        path.parent.name: ast.literal_eval(path.read_text("utf-8"))["depends"]
        for path in sorted(addons.glob("*/__manifest__.py"))
        if not path.parent.name.startswith("test_")
    }
    own = {
        name: {one for one in depends if one in names}
        for name, depends in names.items()
    }

    def below(name: str) -> set[str]:
        return own[name].union(*(below(one) for one in own[name]))

    return {
        name: sorted(
            one
            for one in depends
            if not any(one in below(other) for other in depends - {one})
        )
        for name, depends in own.items()
    }


def rows(found: dict[str, list[str]]) -> list[list[str]]:
    """Addons by their distance from the ground, which comes last."""

    def height(name: str) -> int:
        return 1 + max((height(one) for one in found[name]), default=-1)

    by_height: dict[int, list[str]] = {}
    for name in sorted(found):
        by_height.setdefault(height(name), []).append(name)
    return [by_height[level] for level in sorted(by_height, reverse=True)]


def addons_picture(found: dict[str, list[str]]) -> str:
    """The addons and what each depends on, the ground at the bottom."""
    levels = rows(found)
    width = max(len(level) for level in levels) * (BOX[0] + GAP_X) - GAP_X + 2 * MARGIN
    places = {}
    for number, level in enumerate(levels):
        used = len(level) * (BOX[0] + GAP_X) - GAP_X
        for index, name in enumerate(level):
            left = (width - used) // 2 + index * (BOX[0] + GAP_X)
            places[name] = (left, MARGIN + number * (BOX[1] + GAP_Y))
    height = 2 * MARGIN + len(levels) * (BOX[1] + GAP_Y) - GAP_Y
    arrows = [
        _arrow(places[name], places[one]) for name in found for one in found[name]
    ]
    boxes = [_box(place, name) for name, place in places.items()]
    return _svg(width, height, "Addons and their dependencies", [*arrows, *boxes])


def _arrow(upper: tuple[int, int], lower: tuple[int, int]) -> str:
    start = (upper[0] + BOX[0] // 2, upper[1] + BOX[1])
    end = (lower[0] + BOX[0] // 2, lower[1] - 2)
    bend = (end[1] - start[1]) // 2
    return (
        f'<path d="M{start[0]} {start[1]} C{start[0]} {start[1] + bend}'
        f' {end[0]} {end[1] - bend} {end[0]} {end[1]}" marker-end="url(#tip)"/>'
    )


def _box(place: tuple[int, int], name: str) -> str:
    middle = place[0] + BOX[0] // 2
    return (
        f'<rect class="own" x="{place[0]}" y="{place[1]}"'
        f' width="{BOX[0]}" height="{BOX[1]}"/>'
        f'<text x="{middle}" y="{place[1] + BOX[1] // 2 + 5}"'
        f' text-anchor="middle">{escape(name)}</text>'
    )


def _svg(width: int, height: int, title: str, parts: list[str]) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f"<defs>{TIP}</defs>",
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
