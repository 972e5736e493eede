"""The official JSON Schema test suite, out of the source archive of ``jsonschema``.

It is downloaded once into ``var/`` and never committed.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "var" / "downloads"
NAME = "jsonschema-4.26.0"
SHA256 = "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"
WITHIN = f"{NAME}/json/tests/draft2020-12/"


@pytest.fixture(scope="session")
def official_schema_tests():
    """Return ``{file below draft2020-12: groups of tests}``; skips without a registry."""
    with tarfile.open(_archive()) as archive:
        return {
            member.name.removeprefix(WITHIN): json.load(archive.extractfile(member))
            for member in archive
            if member.name.startswith(WITHIN) and member.name.endswith(".json")
        }


def _archive():
    """Return the archive, whose content is checked, from the folder or the registry."""
    path = FOLDER / f"{NAME}.tar.gz"
    if not path.exists():
        _download()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == SHA256, f"{path} is not the archive that was asked for"
    return path


def _download():
    """Let pip download the archive; skip with what pip says when it cannot."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary=:all:", f"--dest={FOLDER}", NAME.replace("-", "==")]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the package registry did not answer within 600 s")
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        pytest.skip(f"the package registry cannot be reached: {reason[0]}")
