"""Runs one command: ``python3 setup/interop_setup COMMAND …``."""

import importlib
import sys
from pathlib import Path

COMMANDS = {
    "bootstrap": "interop_setup.bootstrap",
    "odoo": "interop_setup.odoo_command",
    "test": "interop_setup.testing",
    "bench": "interop_setup.benching",
    "demo": "interop_setup.demo.main",
    "database": "interop_setup.database_command",
    "template": "interop_setup.templates",
    "screenshots": "interop_setup.screenshots",
    "pages": "interop_setup.pages",
    "node": "interop_setup.node",
    "pot": "interop_setup.pot",
    "wording": "interop_setup.wording",
}


def main(arguments: list[str]) -> int:
    """Run a command and turn what went wrong into a message and an exit code."""
    from interop_setup.errors import SetupError

    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: interop_setup {{{','.join(COMMANDS)}}} …", file=sys.stderr)
        return 2
    module = importlib.import_module(COMMANDS[arguments[0]])
    try:
        return module.main(arguments[1:])
    except SetupError as error:
        print(f"\nerror: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: run the same command again to continue", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.exit(main(sys.argv[1:]))
