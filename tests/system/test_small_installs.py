"""Small installs: only the ground, transport and content addons that a site needs.

Each test starts with a database without addons of this project. It installs the addons of the
site and sends one message through real workers.
"""

import re
import time

import inside
import pytest
from inbound_sender import Sender, in_odoo
from interop_setup import databases, keyfile, odoo_config, paths, templates
from interop_setup.odoo_command import KEY_FILE
from interop_setup.process import run
from standardwebhooks import Webhook
from test_outbound import hostile

GROUND = {"interop_base", "interop_identifier", "interop_mapping", "interop_ownership"}


@pytest.fixture
def install(cluster):
    """Create databases with only some addons of this project."""
    made = []

    def database(*addons):
        template = templates.suite_template(cluster, list(addons))
        made.append(databases.throw_away_name("small"))
        return databases.clone(cluster, template, made[-1])

    yield database
    for name in made:
        databases.drop(cluster, name)


def installed(server):
    """Return the installed addons of a server, without the ground."""
    return set(inside.in_odoo(server, "installed", "small_world")) - GROUND


def test_an_invoicing_site_sends_a_signed_invoice(install, make_server):
    server = make_server(database=install("interop_webhook", "interop_account"))
    assert installed(server) == {"interop_webhook", "interop_account"}
    with hostile.Receiver() as receiver:
        secret = inside.in_odoo(
            server, "set_up_invoicing", "small_world", url=receiver.url
        )
        number = inside.in_odoo(server, "post_invoice", "small_world")
        deadline = time.monotonic() + 60
        while not receiver.requests and time.monotonic() < deadline:
            time.sleep(0.1)
        (request,) = receiver.requests
    headers = {name.lower(): value for name, value in request.headers}
    message = Webhook(secret).verify(request.body, headers)
    assert (message["type"], message["data"]["number"]) == ("invoice.posted", number)
    assert message["data"]["partner"]["identifiers"][0]["value"] == "C-1"


def test_a_site_that_only_receives_takes_a_signed_provider(install, make_server):
    server = make_server(database=install("interop_rest", "interop_care"))
    assert installed(server) == {"interop_rest", "interop_care"}
    sender = Sender(server, **in_odoo(server, "set_up"))
    status, body, _headers = sender.post(sender.provider())
    assert (status, body["status"]) == (200, "done")
    assert in_odoo(server, "effects") == {
        "providers": 1,
        "identifiers": ["1234567893"],
        "states": ["done"],
    }


def test_messages_pass_without_any_transport_of_ours(install, cluster):
    """Outbound and inbound over the transport of ``test_interop_transport``."""
    database = install("test_interop_transport")
    config = paths.RUN / f"{database}.conf"
    odoo_config.write(
        config,
        {
            "options": odoo_config.base_options(cluster),
            "queue_job": {"channels": "root:0"},
            "interop": {
                "key_file": str(keyfile.ensure(KEY_FILE)),
                "environment": "test",
            },
        },
    )
    log = paths.RUN / f"{database}.log"
    try:
        run(
            [
                *(paths.VENV_PYTHON, paths.ODOO_SCRIPT, "-d", database),
                *("--test-tags", "/test_interop_transport", "--stop-after-init"),
                *("--no-http", f"--logfile={log}"),
            ],
            what="Passing messages over a wire of the test",
            remedy=f"See {log}.",
            log="small",
            env=odoo_config.environment(config),
        )
        said = log.read_text("utf-8")
    finally:
        config.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
    assert " ERROR " not in said
    (ran,) = re.findall(r"0 failed, 0 error\(s\) of (\d+) tests", said)
    assert int(ran) >= 5
    rows = cluster.psql(
        "SELECT name FROM ir_module_module WHERE state = 'installed'"
        " AND name ~ 'interop'",
        database=database,
    )
    assert not set(rows.split()) & {"interop_rest", "interop_webhook"}
