"""``./setup/pot``: the translation template ``i18n/<addon>.pot`` of each addon.

Odoo exports the terms of a database with all addons. What changes without a change of
the sources is left out: dates and the build of Odoo. A test of ``test_interop`` compares
the files with the code.
"""

import argparse
import io
import json
import re
import subprocess
from pathlib import Path

from . import databases, manifests, odoo_config, paths, templates
from .bootstrap import bootstrap
from .errors import SetupError
from .progress import say, step

CHANGING = re.compile(r'^"(?:POT-Creation-Date|PO-Revision-Date): .*\n', re.MULTILINE)
BUILD = re.compile(r'^("Project-Id-Version: Odoo Server \d+\.\d+)[^\\]*', re.MULTILINE)


def addons() -> list[str]:
    """Names of the addons with texts for users: those of tests have none."""
    return [name for name in manifests.names() if not name.startswith("test_")]


def path_of(addon: str) -> Path:
    """The template of an addon."""
    return paths.ADDONS / addon / "i18n" / f"{addon}.pot"


def stable(text: str) -> str:
    """A template without what differs between two exports of the same sources."""
    return BUILD.sub(r"\1", CHANGING.sub("", text))


def export(env, names: list[str]) -> dict[str, str]:
    """The templates of addons by their name, empty for one without terms.

    Runs inside Odoo.

    :param env: of a database in which all addons are installed: a field that another
        addon extends has its final label there
    """
    from odoo.tools.translate import TranslationFileWriter, TranslationModuleReader

    # As trans_export does for one addon; the reader walks all files of Odoo each time.
    rows: dict[str, list] = {name: [] for name in names}
    for row in TranslationModuleReader(env.cr, modules=names):
        rows[row[0]].append(row)
    found = dict.fromkeys(names, "")
    for name in filter(rows.get, names):
        buffer = io.BytesIO()
        TranslationFileWriter(buffer, fileformat="po").write_rows(rows[name])
        found[name] = stable(buffer.getvalue().decode())
    return found


def outdated(found: dict[str, str]) -> list[str]:
    """Names of the addons whose file differs from these templates."""
    return [
        name
        for name, text in found.items()
        if text != (path_of(name).read_text("utf-8") if path_of(name).exists() else "")
    ]


def _exported() -> dict[str, str]:
    """The templates as Odoo exports them from a new database."""
    cluster = bootstrap(tests=False)
    database = databases.throw_away_name("pot")
    config = paths.RUN / f"{database}.conf"
    result = paths.RUN / f"{database}.json"
    template = templates.suite_template(cluster, [])
    databases.clone(cluster, template, database)
    odoo_config.write(config, {"options": odoo_config.base_options(cluster)})
    call = {
        "database": database,
        "module": __name__,
        "function": "export",
        "values": {"names": addons()},
        "result": str(result),
    }
    try:
        with step("Exporting the terms"):
            done = subprocess.run(
                [str(paths.VENV_PYTHON), "-m", "interop_setup.odoo_call"],
                input=json.dumps(call),
                text=True,
                cwd=paths.ROOT,
                env=odoo_config.environment(config),
                check=False,
            )
        if done.returncode:
            raise SetupError("Odoo did not export the terms.", "See the lines above.")
        return json.loads(result.read_text("utf-8"))
    finally:
        result.unlink(missing_ok=True)
        config.unlink(missing_ok=True)
        databases.drop(cluster, database)


def main(arguments: list[str]) -> int:
    """Write the templates, or only say which are out of date."""
    parser = argparse.ArgumentParser(
        prog="setup/pot", description="Export the terms of each addon for translators."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if one is out of date"
    )
    options = parser.parse_args(arguments)
    found = _exported()
    old = outdated(found)
    for name in old:
        shown = paths.shown(path_of(name))
        if options.check:
            say(f"{shown} is out of date: run ./setup/pot")
        elif found[name]:
            path_of(name).parent.mkdir(exist_ok=True)
            path_of(name).write_text(found[name], "utf-8")
            say(f"{shown} written")
        else:
            path_of(name).unlink()
            say(f"{shown} removed: the addon has no terms")
    return int(bool(options.check and old))
