"""``README.rst`` and the Apps page of each addon, made from its ``readme/`` folder."""

import io

import pytest
from docutils.core import publish_doctree
from interop_setup import manifests, readmes
from lxml import html


@pytest.mark.parametrize("addon", manifests.names())
def test_readme_is_well_formed(addon):
    said = io.StringIO()
    publish_doctree(
        readmes.readme(addon),
        settings_overrides={"warning_stream": said, "report_level": 1},
    )
    assert said.getvalue() == ""


@pytest.mark.parametrize("addon", manifests.names())
def test_the_apps_page_leads_nowhere_that_is_not_there(addon):
    page = html.fromstring(readmes.description(addon))
    assert page.findtext(".//h2") == manifests.read(addon)["name"]
    links = [link for _element, _name, link, _place in page.iterlinks()]
    assert not [link for link in links if not link.startswith("https://")]


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("## One *two*\n", "One *two*\n---------"),
        ("Some `code`s.", "Some ``code``\\ s."),
        ("**Bold `code`**: text", "**Bold code**: text"),
        ("a * b and id_ of", "a \\* b and id\\_ of"),
        ("[in](A.md), [up](../b.md)", "`in <readme/A.md>`__, `up <b.md>`__"),
        ("- one\n  more\n- two\n  - three", "- one\n  more\n\n- two\n\n  - three"),
        (
            "1. one\n\n   ```sh\n   run\n   ```",
            "#. one\n\n   .. code-block:: sh\n\n      run",
        ),
        (
            "| a | b |\n| - | - |\n| 1 | `2` |",
            ".. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n   * - 1\n     - ``2``",
        ),
    ],
)
def test_markdown_becomes_rst(markdown, rst):
    found = readmes._Rst(1).write(readmes._tokens(markdown))
    assert "\n".join(found).strip() == rst
