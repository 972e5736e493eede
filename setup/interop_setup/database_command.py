"""``./setup/launch database NAME``: create a database from the template."""

import argparse

from . import databases, templates
from .bootstrap import bootstrap
from .progress import say


def main(arguments: list[str]) -> int:
    """Create, replace or drop a database for development."""
    parser = argparse.ArgumentParser(
        prog="setup/launch database",
        description="Create a database with the addons of this project. An existing "
        "database with the same name is replaced.",
    )
    parser.add_argument("name")
    parser.add_argument(
        "--addons", default="", help="comma-separated; dependencies are included"
    )
    parser.add_argument("--plain", action="store_true", help="only modules of Odoo")
    parser.add_argument("--drop", action="store_true", help="only drop the database")
    options = parser.parse_args(arguments)
    cluster = bootstrap(tests=False)
    if options.drop:
        databases.drop(cluster, options.name)
        return 0
    if options.plain:
        template = templates.plain_template(cluster, [])
    else:
        wanted = [name for name in options.addons.split(",") if name]
        template = templates.suite_template(cluster, wanted)
    databases.clone(cluster, template, options.name)
    say(f"Database {options.name} is ready: ./setup/odoo -d {options.name}")
    return 0
