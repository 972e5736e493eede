"""A pytest plugin that gives concurrent Odoo tests separate filestores.

pytest-odoo gives each process of pytest-xdist a separate database, but one common filestore.
After each class, Odoo's tests remove unused files of the filestore. One process would then
delete files that another process has just written in an open transaction. A browser would
get 500 for a script.
"""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from .files import remove_tree


@pytest.fixture(scope="session", autouse=True)
def own_filestore(load_registry):
    """Give this process a copy of its filestore, made of hard links."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        yield
        return
    # Odoo can be imported only now.
    from odoo.tests.common import get_db_name
    from odoo.tools import config

    name = get_db_name()
    shared = Path(config.filestore(name))
    own = shared.with_name(name)
    remove_tree(own)
    shutil.copytree(shared, own, copy_function=os.link)
    with mock.patch.object(config, "filestore", return_value=str(own)):
        yield
    remove_tree(own)
