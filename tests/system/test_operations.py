"""The shell blocks of README, operations and upgrade, run as they are printed.

Paths and the name of the database are replaced by those of the test; ``odoo`` is the
project's own. The database that is backed up has a secret and a numbered stream; the
restored one can read the one and starts the other anew.
"""

import os
import re
import shutil
import subprocess
from types import SimpleNamespace

import inside
import pytest
from interop_setup import blocks, databases, odoo_config, paths
from interop_setup.postgres import PORT, ROLE
from interop_setup.process import clean_environment

SECONDS = 180


class Place:
    """A server as the pages describe it, below a folder of the test."""

    def __init__(self, folder, cluster, database):
        self.folder, self.cluster, self.database = folder, cluster, database
        for name in ("etc", "safe", "backup", "bin"):
            (folder / name).mkdir()
        self.keys = folder / "etc" / "interop.keys"
        self.config = folder / "etc" / "odoo.conf"
        odoo = folder / "bin" / "odoo"
        odoo.write_text(
            f'#!/bin/sh\nexec "{paths.VENV_PYTHON}" "{paths.ODOO_SCRIPT}" "$@"\n'
        )
        odoo.chmod(0o755)
        odoo_config.write(
            self.config,
            {
                "options": odoo_config.base_options(cluster),
                "queue_job": {"channels": "root:0"},
                "interop": {"key_file": str(self.keys), "environment": "production"},
            },
        )

    def here(self, text):
        """A block with the places of this test."""
        replacements = {
            r"/opt/interop/addons": str(paths.ADDONS),
            r"/etc/odoo/": f"{self.folder}/etc/",
            r"/media/safe/": f"{self.folder}/safe/",
            r"/backup/": f"{self.folder}/backup/",
            r"/var/lib/odoo/filestore": str(paths.FILESTORE),
            r"(?<![\w/])production\b(?!\.)": self.database,
        }
        for pattern, new in replacements.items():
            text = re.sub(pattern, new, text)
        return text

    def run(self, text, code=0):
        """Run a block; what it printed.

        :param code: the expected exit code
        """
        programs = [str(self.folder / "bin"), str(self.cluster.program("psql").parent)]
        done = subprocess.run(
            ["bash", "-euc", self.here(text)],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            cwd=self.folder,
            env=clean_environment(
                PATH=os.pathsep.join([*programs, os.environ["PATH"]]),
                PGHOST=str(self.cluster.socket),
                PGPORT=str(PORT),
                PGUSER=ROLE,
                ODOO_RC=str(self.config),
            ),
        )
        assert done.returncode == code, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def call(self, function, **values):
        """Call a function of ``operations_world`` in Odoo."""
        server = SimpleNamespace(config=self.config, database=self.database)
        try:
            return inside.in_odoo(server, function, "operations_world", **values)
        finally:
            inside.end(server)


@pytest.fixture
def place(tmp_path, cluster, make_database):
    return Place(tmp_path, cluster, make_database("operations"))


def section(page, heading, following=None):
    """The shell blocks of a page, from one heading to another."""
    path = paths.ROOT / page
    lines = path.read_text("utf-8").splitlines()
    begin = lines.index(heading)
    end = lines.index(following) if following else len(lines)
    return [
        block.text
        for block in blocks.blocks(path)
        if block.language == "sh" and begin < block.line <= end
    ]


def test_install_back_up_restore_and_renew_the_key(place):
    readme = section("README.md", "## Install it on an existing Odoo 19")
    _pip, generate, install = readme
    place.run(generate)
    assert place.keys.stat().st_mode & 0o777 == 0o600
    install, check = install.splitlines()
    # Installed by the template, as the block says; the command loads it once more.
    assert "-i interop " in install
    (upgrade_check,) = section("docs/upgrade.md", "## How to upgrade")[2:]
    assert upgrade_check.strip() == check
    *_restore, adopt = section("docs/operations.md", "## Restore", "## The first week")
    assert "looks like a copy" in place.run(check, code=1)
    place.run(adopt)
    assert place.run(check) == "Messages can move.\n"
    before = place.call("prepare")

    for block in section("docs/operations.md", "## Back up", "## Restore"):
        place.run(block)
    databases.drop(place.cluster, place.database)
    place.keys.unlink()
    assert not (paths.FILESTORE / place.database).exists()

    for block in section("docs/operations.md", "## Restore", "## The first week")[:-1]:
        said = place.run(block)
    assert said == "Messages can move.\n"
    after = place.call("look", secret=before["secret_id"])
    assert after.pop("epoch") > before["epoch"]
    assert after == {"secret": before["secret"], "attachment": "kept"}

    keys = place.keys.read_text()
    (renew,) = section("docs/operations.md", "## Keys and secrets")
    said = place.run(renew)
    assert re.search(r"[1-9]\d* secrets and \d+ contents re-encrypted", said)
    assert place.keys.read_text() != keys
    again = place.call("look", secret=before["secret_id"])
    assert again["secret"] == before["secret"]
    # Without the key file nothing is readable, and nothing moves.
    shutil.move(place.keys, place.folder / "away")
    assert "key" in place.run(check, code=1)
