"""``./setup/odoo …``: the command line of Odoo in this environment."""

import os

from . import keyfile, manifests, odoo_config, paths
from .bootstrap import bootstrap
from .postgres import Cluster

CONFIG = paths.VAR / "odoo.conf"
KEY_FILE = paths.VAR / "interop.keys"


def write_config(cluster: Cluster) -> None:
    """Write the configuration that ``./setup/odoo`` uses."""
    keyfile.ensure(KEY_FILE)
    odoo_config.write(
        CONFIG,
        {
            "options": {
                **odoo_config.base_options(cluster, manifests.names()),
                "http_port": "8069",
                "list_db": "True",
            },
            "queue_job": {"channels": "root:2"},
            "interop": {"key_file": str(KEY_FILE), "environment": "development"},
        },
    )


def main(arguments: list[str]) -> int:
    """Replace this process by Odoo, with these arguments."""
    cluster = bootstrap(tests=False)
    write_config(cluster)
    os.chdir(paths.ROOT)
    os.execve(
        paths.VENV_PYTHON,
        [str(paths.VENV_PYTHON), str(paths.ODOO_SCRIPT), *arguments],
        odoo_config.environment(CONFIG),
    )
