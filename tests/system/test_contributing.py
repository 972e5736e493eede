"""The message type of CONTRIBUTING.md: its files are an addon that delivers a message."""

import time

import inside
import pytest
from interop_setup import blocks, odoo_config, paths
from interop_setup.odoo_command import KEY_FILE
from interop_setup.process import run
from standardwebhooks import Webhook
from test_outbound import hostile

ADDON = "interop_example"


def files():
    """Path below the addon and text of each block that a path stands above."""
    found = {}
    for block in blocks.blocks(paths.ROOT / "CONTRIBUTING.md"):
        lines = (paths.ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()
        above = "\n".join(lines[: block.line - 1]).rsplit("\n\n", 2)[-2]
        name = above.partition("`")[2].partition("`")[0]
        if block.language in ("python", "xml"):
            found[name] = block.text
    return found


@pytest.fixture
def addons_path(tmp_path):
    """Odoo's addons path with the addon of the page."""
    found = files()
    assert set(found) == {
        "__manifest__.py",
        "data/interop_contract_data.xml",
        "models/interop_handler_product_created.py",
        "models/product_product.py",
    }
    folder = tmp_path / "addons" / ADDON
    for name, text in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "__init__.py").write_text("from . import models\n")
    models = sorted(path.stem for path in (folder / "models").glob("*.py"))
    lines = [f"from . import {name}\n" for name in models]
    (folder / "models" / "__init__.py").write_text("".join(lines))
    return f"{odoo_config.addons_path()},{folder.parent}"


def test_the_example_is_short():
    code = [
        line
        for name, text in files().items()
        if name.startswith(("models/", "data/"))
        for line in text.splitlines()
        if line.strip()
    ]
    assert len(code) <= 33


def test_the_example_delivers_a_message(
    tmp_path, cluster, make_database, make_server, addons_path
):
    database = make_database("contributing")
    config = tmp_path / "odoo.conf"
    options = {**odoo_config.base_options(cluster), "addons_path": addons_path}
    interop = {"key_file": str(KEY_FILE), "environment": "test"}
    odoo_config.write(config, {"options": options, "interop": interop})
    run(
        [
            *(paths.VENV_PYTHON, paths.ODOO_SCRIPT, "-d", database, "-i", ADDON),
            *("--stop-after-init", "--no-http", "--log-level=warn"),
        ],
        what="Installing the example",
        remedy="See the lines above.",
        log="contributing",
        env=odoo_config.environment(config),
        forbidden=" ERROR ",
    )
    server = make_server(database=database, options={"addons_path": addons_path})
    with hostile.Receiver() as receiver:
        secret = inside.in_odoo(
            server, "set_up", "contributing_world", url=receiver.url
        )
        inside.in_odoo(server, "create_product", "contributing_world")
        deadline = time.monotonic() + 60
        while not receiver.requests and time.monotonic() < deadline:
            time.sleep(0.1)
        (request,) = receiver.requests
    headers = {name.lower(): value for name, value in request.headers}
    message = Webhook(secret).verify(request.body, headers)
    assert message["type"] == "product.created"
    assert message["data"] == {"name": "Syringe 5 ml"}
