"""A pytest plugin: Odoo tests that run side by side do not share attachments.

pytest-odoo gives each process of pytest-xdist a database of its own but one filestore
for all. At the end of each class, Odoo's tests collect the garbage of the filestore:
one process then deletes what another, in a transaction still open, has just written,
and a browser that asks for its script is answered 500.
"""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from .files import remove_tree


@pytest.fixture(scope="session", autouse=True)
def own_filestore(load_registry):
    """Have this process use a copy, of hard links, of the filestore it was given."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        yield
        return
    # Only here is Odoo set up to be imported.
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
