"""How tests call into Odoo: a function of a module beside them, in its own process."""

import json
import os
import subprocess
import uuid
from pathlib import Path

from interop_setup import odoo_config, paths

HERE = Path(__file__).resolve().parent


def in_odoo(server, function, module, **values):
    """Call a function of a module beside this one in an Odoo process of its own."""
    result = paths.RUN / f"call-{uuid.uuid4().hex}.json"
    call = {
        "database": server.database,
        "module": module,
        "function": function,
        "values": values,
        "result": str(result),
    }
    environment = odoo_config.environment(server.config)
    python_path = os.pathsep.join(
        filter(None, [str(HERE), environment.get("PYTHONPATH")])
    )
    try:
        subprocess.run(
            [str(paths.VENV_PYTHON), "-m", "interop_setup.odoo_call"],
            input=json.dumps(call),
            text=True,
            cwd=paths.ROOT,
            env={**environment, "PYTHONPATH": python_path},
            check=True,
        )
        return json.loads(result.read_text("utf-8"))
    finally:
        result.unlink(missing_ok=True)
