"""The pages of ``docs/`` that are made from the code say what the code says."""

import re
from pathlib import Path

import pytest
from interop_setup import blocks, pages

ROOT = Path(__file__).resolve().parents[2]
# Files that a page tells its reader to write.
EXAMPLES = {
    ("CONTRIBUTING.md", "data/interop_contract_data.xml"),
    ("CONTRIBUTING.md", "models/interop_handler_product_created.py"),
    ("CONTRIBUTING.md", "models/product_product.py"),
}
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


def test_pages_are_up_to_date():
    assert pages.outdated(pages.pages()) == [], "run ./setup/pages"


def test_each_contract_is_on_the_page_once():
    found = pages.contracts()
    titles = [contract.title for contract in found]
    assert len(set(titles)) == len(titles)
    page = pages.messages_page(found)
    assert [page.count(f"\n## {title}\n") for title in titles] == [1] * len(titles)
    assert "invoice.posted v1" in titles


def test_directions_come_from_the_handlers():
    found = {contract.title: contract.directions for contract in pages.contracts()}
    assert found["invoice.posted v2"] == "out"
    assert found["provider.upserted v1"] == "in"


def test_fields_of_a_schema():
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"$ref": "#/$defs/text", "description": "As printed."},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        },
        "$defs": {
            "text": {"type": "string"},
            "line": {
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["a", "b"]},
                    "day": {"type": ["string", "null"], "format": "date"},
                    "parts": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                },
            },
        },
    }
    assert pages.fields_of(schema) == [
        ("name", "string", True, "As printed."),
        ("lines", "array", False, ""),
        ("lines[].kind", "one of `a`, `b`", True, ""),
        ("lines[].day", "string or null (date)", False, ""),
        ("lines[].parts", "array", False, ""),
    ]


@pytest.mark.parametrize(
    "page",
    blocks.pages(generated=True),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_lead_somewhere(page):
    """Links within the repository name a file that is there, and a heading of it."""
    broken = []
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _hash, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists():
            broken.append(target)
        elif anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                for heading in headings
            }
            if anchor not in slugs:
                broken.append(target)
    assert not broken


def test_readme_leads_to_each_page():
    links = set(LINK.findall((ROOT / "README.md").read_text("utf-8")))
    written = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert not [name for name in written if f"docs/{name}" not in links]
    assert {
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "setup/README.md",
    } <= links


@pytest.mark.parametrize(
    "page",
    [page for page in blocks.pages() if page.name != "CHANGELOG.md"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_that_a_page_names_exist(page):
    """``interop_base/tools/signing.py`` may be named from the project or from addons."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    named = re.findall(r"`((?:[\w.*]+/)+[\w.*]+\.(?:py|xml|sql|md|conf))`", text)
    places = ["", "addons/", "setup/", "addons/*/"]
    assert not [
        name
        for name in named
        if not name.startswith(("var/", "odoo/"))  # made by the set-up, or Odoo's
        and (page.name, name) not in EXAMPLES
        and not any(list(ROOT.glob(f"{place}{name}")) for place in places)
    ]
