"""Call one function with an Odoo environment, in the Python of the virtual environment.

The program reads ``{"database", "module", "function", "values", "result"}`` as JSON from
standard input. It writes the return value to the file ``result``. The transaction is
committed after the function returns.
"""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Make the call."""
    import odoo.api
    import odoo.tools
    from odoo.modules.registry import Registry
    from odoo.service.server import load_server_wide_modules

    call = json.load(sys.stdin)
    odoo.tools.config.parse_config(["--no-http"], setup_logging=True)
    load_server_wide_modules()
    function = getattr(importlib.import_module(call["module"]), call["function"])
    with Registry(call["database"]).cursor() as cr:
        env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        returned = function(env, **call["values"])
    Path(call["result"]).write_text(json.dumps(returned), encoding="utf-8")


if __name__ == "__main__":
    main()
