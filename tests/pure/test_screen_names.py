"""Names of screens, buttons and fields on the pages are those of the addons.

A name is a text in italics that begins with a capital letter, such as ``_Send Test_`` or
``_Messages ‣ Failed Messages_``.
"""

import ast
import re
from functools import cache

import pytest
from interop_setup import blocks, paths

NAME = re.compile(
    r"(?<![\w*_])(?:_([A-Z][^_]*?)_|\*([A-Z][^*]*?)\*)(?![\w*_])", re.DOTALL
)
# Names of Odoo, and terms that stand in italics.
OTHERS = {
    "Actions",
    "Direction",
    "In",
    "Job Queue",
    "Jobs",
    "Merge contacts",
    "Out",
    "Queue",
    "Technical",
}
PAGES = [page for page in blocks.pages(generated=True) if page.name != "CHANGELOG.md"]


@cache
def labels() -> frozenset[str]:
    """Texts of views and programs, and the labels that Odoo makes of field names."""
    found = set(OTHERS)
    for path in paths.ADDONS.glob("interop*/**/*.xml"):
        source = path.read_text("utf-8")
        found |= set(re.findall(r'(?:name|string|title|help)="([^"]+)"', source))
        found |= set(re.findall(r">\s*([^<>]+?)\s*<", source))
    for path in paths.ADDONS.glob("interop*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id.removesuffix("_id").removesuffix("_ids")
                found.add(name.replace("_", " "))
    return frozenset(" ".join(text.split()).lower() for text in found)


def names(source: str) -> list[str]:
    """The names on a page; those of a path of menus one by one."""
    source = re.sub(r"```.*?```", "", source, flags=re.DOTALL)
    source = re.sub(r"`[^`]*`", "", source)
    found = []
    for match in NAME.finditer(source):
        text = match[1] or match[2]
        if "\n\n" not in text and "|" not in text:
            found += re.split(r"\s*[‣›→>]\s*", " ".join(text.split()))
    return found


def is_known(name: str) -> bool:
    """Whether a label is this name, or begins with it: ``Lease`` for ``Lease (s)``."""
    name = name.lower().rstrip("…?")
    return any(
        label == name
        or label.startswith((f"{name} ", f"{name}:", f"{name}…", f"{name}?"))
        for label in labels()
    )


@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(paths.ROOT))
)
def test_names_of_screens_exist(page):
    unknown = {name for name in names(page.read_text("utf-8")) if not is_known(name)}
    assert not unknown


def test_names_are_found():
    page = (
        "Press _Send Test_ in *Catalogue > Endpoints*, not `_this_`, and **Bold** text."
    )
    assert names(page) == ["Send Test", "Catalogue", "Endpoints"]
    assert is_known("Send Test") and not is_known("Send Nothing")
