"""``./setup/launch database NAME``: a fresh database from the template, quickly."""

import argparse

from . import databases, templates
from .bootstrap import bootstrap
from .progress import say


def main(arguments: list[str]) -> int:
    """Make (or replace, or drop) a database for development."""
    parser = argparse.ArgumentParser(
        prog="setup/launch database",
        description="Make a database with our addons, replacing one of that name.",
    )
    parser.add_argument("name")
    parser.add_argument(
        "--addons", default="", help="comma-separated; what they need is included"
    )
    parser.add_argument("--plain", action="store_true", help="Odoo's modules only")
    parser.add_argument("--drop", action="store_true", help="only drop it")
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
