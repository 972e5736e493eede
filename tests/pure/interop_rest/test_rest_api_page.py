"""docs/rest-api.md says what the API does: its routes, its codes, and readable examples."""

import json
import re
from pathlib import Path

from interop_rest_tools import openapi, problems

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "rest-api.md").read_text("utf-8")


def test_the_page_has_exactly_the_routes_of_the_api():
    section = PAGE.partition("\n## Routes\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([A-Z]+) ([^`]+)`", section, re.MULTILINE))
    paths = openapi.document("")["paths"]
    assert listed == {
        (method.upper(), path.replace("{id}", "<id>"))
        for path, methods in paths.items()
        for method in methods
    }


def test_each_code_of_the_page_has_its_status():
    found = set(re.findall(r"\b([45][0-9]{2}) `([a-z_]+)`", PAGE))
    assert len(found) > 10
    for status, code in found:
        assert problems.KINDS[code].status == int(status), code


def test_each_example_is_json():
    blocks = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        assert isinstance(json.loads(block), dict), block
