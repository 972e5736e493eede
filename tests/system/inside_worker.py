"""Call functions in a separate Odoo process until the test ends.

The process reads one JSON object per line, ``{"module", "function", "values"}``. It answers
each with one line: ``{"returned": …}`` or ``{"error": traceback}``. Every call is a separate
transaction that is committed when the function returns. Cache signals of the database are
processed before each call, as in a worker of Odoo.
"""

import importlib
import json
import os
import sys
import traceback


def call(database, module, function, values):
    """Call the function with a new environment of the superuser and return its result."""
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
    """Return the answer to one line as JSON."""
    try:
        return json.dumps({"returned": call(database, **json.loads(line))})
    except Exception:
        return json.dumps({"error": traceback.format_exc()})


def main(database):
    """Answer every line of standard input."""
    import odoo.tools
    from odoo.service.server import load_server_wide_modules

    # Printed text must not appear among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    odoo.tools.config.parse_config(["--no-http"], setup_logging=True)
    load_server_wide_modules()
    for line in sys.stdin:
        answers.write(answer(database, line) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
