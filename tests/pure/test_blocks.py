"""The code blocks of the pages: what can be read is read, what can run runs in a test.

``RUN`` names the test that runs the shell blocks and programs of a page as printed;
``NOT_RUN`` says why a block cannot run here. A block of neither kind fails.
"""

import ast
import configparser
import json
import re
import shlex
import subprocess
from xml.etree import ElementTree

import pytest
from interop_setup import blocks, paths

EVERY = [block for page in blocks.pages() for block in blocks.blocks(page)]
PROGRAMS = {"sh", "bash", "python", "javascript", "java", "csharp"}
# Page and language: the test that runs the blocks as they are printed.
WEBHOOKS = "docs/webhooks.md"
REST_API = "docs/rest-api.md"
RUN = {
    ("CONTRIBUTING.md", "python"): "tests/system/test_contributing.py",
    ("README.md", "sh"): "tests/system/test_operations.py",
    ("docs/operations.md", "sh"): "tests/system/test_operations.py",
    ("docs/upgrade.md", "sh"): "tests/system/test_operations.py",
    (REST_API, "bash"): "tests/system/test_quickstart.py",
    (REST_API, "python"): "tests/system/test_quickstart.py",
    **{
        (WEBHOOKS, language): "tests/pure/interop_webhook/test_webhooks_page.py"
        for language in ("csharp", "java", "javascript", "python", "sh")
    },
}
# Page and first words of a block: why no test runs it.
NOT_RUN = {
    ("README.md", "./setup/demo"): "tests/system/test_demo.py runs ./setup/demo",
    ("README.md", "pip install"): "the environment of the tests has these packages",
    ("CONTRIBUTING.md", "./setup/test"): "it would run the tests within a test",
    (
        "docs/upgrade.md",
        "pip install",
    ): "the environment of the tests has these packages",
    ("docs/upgrade.md", "odoo -c"): "tests/system/test_upgrade.py upgrades like this",
    ("setup/README.md", "python3 -m venv"): "it fetches the newest packages",
}


def shell(block):
    """The commands of a shell block, without comments and continued lines joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def of(*languages):
    found = [block for block in EVERY if block.language in languages]
    return pytest.mark.parametrize(
        "block", found, ids=[f"{block.page}:{block.line}" for block in found]
    )


READERS = {"json": json.loads, "python": ast.parse, "xml": ElementTree.fromstring}


@of(*READERS)
def test_block_is_well_formed(block):
    READERS[block.language](block.text)


@of("ini", "conf")
def test_configuration_has_options_that_exist(block):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(block.text)
    sample = (paths.ROOT / "odoo.conf.sample").read_text("utf-8")
    for section in parser.sections():
        assert f"[{section}]" in sample
        missing = [key for key in parser[section] if f"\n{key} = " not in sample]
        assert not missing


@of("sh", "bash")
def test_shell_names_commands_that_exist(block):
    done = subprocess.run(
        ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    known = re.findall(
        r'action == "([\w-]+)"|in \("([\w-]+)", "([\w-]+)"\)',
        (paths.ADDONS / "interop_base" / "cli" / "interop.py").read_text("utf-8"),
    )
    actions = {word for words in known for word in words if word}
    for line in shell(block):
        if not line.startswith(("./setup/", ".ci/", "odoo ")):
            continue
        words = shlex.split(line, comments=True)
        assert words[0] == "odoo" or (paths.ROOT / words[0]).is_file(), line
        for word in words[1:]:
            if word.startswith(("addons/", "tests/")):
                assert (paths.ROOT / word).exists(), line
        if "interop" in words[1:3] and words[0] == "odoo":
            assert words[words.index("interop") + 1] in actions, line


@of(*PROGRAMS)
def test_programs_run_in_a_test_or_say_why_not(block):
    begins = [key for page, key in NOT_RUN if page == block.page]
    if any(block.text.startswith(begin) for begin in begins):
        return
    test = RUN.get((block.page, block.language), "")
    assert test, f"{block.page}:{block.line} runs in no test"
    assert (paths.ROOT / test).is_file()


def test_blocks_within_lists_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    page = tmp_path / "a.md"
    page.write_text("1. Text:\n\n   ```sh\n   run it\n   ```\n\n```json\n{}\n```\n")
    found = blocks.blocks(page)
    assert [(one.language, one.text, one.line) for one in found] == [
        ("sh", "run it\n", 4),
        ("json", "{}\n", 8),
    ]
    assert found[0].before == "1. Text:"
