"""The picture of the addons, drawn from their manifests."""

import ast
from pathlib import Path

from . import paths, svg

BOX, GAP_X, GAP_Y, MARGIN, PASSAGE = (200, 44), 24, 56, 24, 8


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


def slots(found: dict[str, list[str]]) -> list[list[tuple[str, str]]]:
    """The rows with the places where a long arrow passes between the boxes.

    A place is ``(addon, "")``, or ``(lower addon, upper addon)`` for an arrow that passes.
    """
    levels = rows(found)
    row_of = {name: number for number, level in enumerate(levels) for name in level}
    result = [[(name, "") for name in level] for level in levels]
    for upper, below in found.items():
        for lower in below:
            for number in range(row_of[upper] + 1, row_of[lower]):
                result[number].append((lower, upper))
    return [sorted(places) for places in result]


def addons_picture(found: dict[str, list[str]]) -> str:
    """The addons and what each depends on, the ground at the bottom."""
    levels = slots(found)
    widths = [sum(_width(place) + GAP_X for place in level) for level in levels]
    width = max(widths) - GAP_X + 2 * MARGIN
    places = {}
    for number, level in enumerate(levels):
        left = (width - widths[number] + GAP_X) // 2
        for place in level:
            top = MARGIN + number * (BOX[1] + GAP_Y)
            places[place] = (left + _width(place) // 2, top)
            left += _width(place) + GAP_X
    height = 2 * MARGIN + len(levels) * (BOX[1] + GAP_Y) - GAP_Y
    arrows = [_arrow(places, name, one) for name in found for one in found[name]]
    boxes = [
        part
        for (name, passing), (middle, top) in places.items()
        if not passing
        for part in (
            svg.box(middle - BOX[0] // 2, top, *BOX),
            svg.text(middle, top + BOX[1] // 2 + 5, name, anchor="middle"),
        )
    ]
    return svg.page(width, height, "Addons and their dependencies", [*arrows, *boxes])


def _width(place: tuple[str, str]) -> int:
    return PASSAGE if place[1] else BOX[0]


def _arrow(places: dict, upper: str, lower: str) -> str:
    """An arrow from an addon to one below, through the places where it passes."""
    passed = sorted(
        (place for name, place in places.items() if name == (lower, upper)),
        key=lambda place: place[1],
    )
    x, y = places[upper, ""]
    y += BOX[1]
    path = [f"M{x} {y}"]
    for u, v in [*passed, places[lower, ""]]:
        bend = (v - y) // 2
        path.append(f"C{x} {y + bend} {u} {v - bend} {u} {v}")
        x, y = u, v + BOX[1]
        path.append(f"L{x} {y}")
    path[-1] = ""
    path[-2] = path[-2].rsplit(" ", 1)[0] + f" {y - BOX[1] - 2}"
    return f'<path d="{" ".join(path).strip()}" marker-end="url(#tip)"/>'
