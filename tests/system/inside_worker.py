"""Calls functions in an Odoo process of its own, for as long as a test asks for it.

Reads one JSON object per line, ``{"module", "function", "values"}``, and answers each
with a line: ``{"returned": …}``, or ``{"error": traceback}``. Every call is a transaction
of its own, committed when the function returns, and sees what others changed meanwhile:
caches follow the signals of the database as they do between Odoo's own workers.
"""

import importlib
import json
import os
import sys
import traceback


def call(database, module, function, values):
    """What the function returned for a new environment of the superuser."""
    import odoo.api
    from odoo.modules.registry import Registry

    registry = Registry(database).check_signaling()
    try:
        with registry.cursor() as cr:
            env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
            returned = getattr(importlib.import_module(module), function)(env, **values)
        registry.signal_changes()
    except BaseException:
        registry.reset_changes()
        raise
    return returned


def answer(database, line):
    """The answer to one line, as JSON."""
    try:
        return json.dumps({"returned": call(database, **json.loads(line))})
    except Exception:
        return json.dumps({"error": traceback.format_exc()})


def main(database):
    """Answer every line of the standard input."""
    import odoo.tools
    from odoo.service.server import load_server_wide_modules

    # What anybody prints is no answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    odoo.tools.config.parse_config(["--no-http"], setup_logging=True)
    load_server_wide_modules()
    for line in sys.stdin:
        answers.write(answer(database, line) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
