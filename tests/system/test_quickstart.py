"""The programs of docs/rest-api.md, run as they are printed."""

import json
import re
import shutil
import subprocess

import pytest
from inbound_sender import ask, in_odoo
from interop_setup import paths
from interop_setup.process import clean_environment

PAGE = paths.ROOT / "docs" / "rest-api.md"
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = dict(_BLOCK.findall(PAGE.read_text("utf-8")))


@pytest.fixture
def partner(make_server):
    """Provide the environment of a partner as described on the page."""
    server = make_server(workers=2)
    made = in_odoo(server, "set_up")
    environment = clean_environment(
        INTEROP_URL=server.url,
        INTEROP_CLIENT=made["client"],
        INTEROP_SECRET=made["secret"],
    )
    return server, environment


def run(command, environment):
    """Run a program and return its output, parsed as JSON."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert environment["INTEROP_SECRET"] not in done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_programs_as_printed(partner):
    server, environment = partner
    assert PROGRAMS.keys() == {"bash", "python"}
    for program in ("curl", "openssl", "bash"):
        assert shutil.which(program), f"{program} is missing"
    first = run(["bash", "-euc", PROGRAMS["bash"]], environment)
    assert first["status"] == "done"
    python = [str(paths.VENV_PYTHON), "-c", PROGRAMS["python"]]
    second = run(python, environment)
    assert second["status"] == "done"
    assert second["id"] != first["id"]
    found = in_odoo(server, "effects")
    assert (found["providers"], found["identifiers"]) == (1, ["1234567893"])

    refused = subprocess.run(
        python,
        env={**environment, "INTEROP_CLIENT": "nobody"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("unauthorized: ")
    assert ask(f"{server.url}/interop/v1/health")[0] == 200
