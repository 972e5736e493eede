"""The OpenAPI document in the tools of partners: linters and client generators.

The document is that of a client on a running server. The generated clients, one in Python
and one in JavaScript, each send it a message.
"""

import json
import os
import subprocess

import pytest
import requests
from inbound_sender import NPI, in_odoo
from interop_setup import client_generator, node, npm
from interop_setup.errors import SetupError

PYTHON_CLIENT = """
import json, sys, uuid
from partner import AuthenticatedClient
from partner.api.messages import get_message, send_message
from partner.models import ProviderUpsertedV1Message as Message

url, code, token, content = sys.argv[1:]
client = AuthenticatedClient(url, token=token).with_headers({"Interop-Client": code})
body = Message.from_dict(json.loads(content))
sent = send_message.sync_detailed(client=client, body=body)
asked = get_message.sync_detailed(body.id, client=client)
print(json.dumps([sent.status_code, sent.parsed.to_dict(), asked.parsed.status]))
"""
JAVASCRIPT_CLIENT = """
import createClient from "openapi-fetch";
import type { paths, components } from "./partner.js";

const [url, code, token, content] = process.argv.slice(2);
const client = createClient<paths>({
    baseUrl: url,
    headers: { "Interop-Client": code, Authorization: `Bearer ${token}` },
});
const body: components["schemas"]["provider.upserted.v1.message"] = JSON.parse(content);
const sent = await client.POST("/interop/v1/messages", { body });
const asked = await client.GET("/interop/v1/messages/{id}", {
    params: { path: { id: body.id } },
});
console.log(JSON.stringify([sent.response.status, sent.data, asked.data?.status]));
"""


def done(command, folder, **environment):
    """Run a program and return its output."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**node.environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = f"{command[0]}\n{finished.stdout[-4000:]}\n{finished.stderr[-4000:]}"
    assert finished.returncode == 0, said
    return finished.stdout


@pytest.fixture
def partner(make_server, tmp_path):
    """Provide the tools of a partner, a server, its client, and the file of its document."""
    try:
        modules, programs = npm.ensure_partner_tools(), client_generator.ensure()
    except SetupError as error:
        pytest.skip(f"no tools of partners: {error}")
    server = make_server(workers=2)
    in_odoo(server, "set_up")
    made = in_odoo(server, "token_client")
    answer = requests.get(
        f"{server.url}/interop/v1/openapi.json",
        headers={
            "Interop-Client": made["client"],
            "Authorization": f"Bearer {made['token']}",
        },
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    document = tmp_path / "openapi.json"
    document.write_bytes(answer.content)
    return modules, programs, server, made, document


def message(number):
    """Return a message about a provider."""
    return {
        "id": f"msg_partner_{number}",
        "type": "provider.upserted",
        "schema_version": 1,
        "source": "urn:test",
        "occurred_at": "2026-01-31T08:30:00Z",
        "data": {
            "identifiers": [{"system": NPI, "value": "1234567893"}],
            "name": {"given": ["Adam"], "family": "Careful"},
        },
    }


def check_linters(modules, document):
    """case 39: two linters report no error and no warning."""
    spectral = document.with_name("spectral.yaml")
    spectral.write_text('extends: ["spectral:oas"]\n')
    done(
        [
            *(modules / ".bin" / "spectral", "lint", document, "-r", spectral),
            *("--fail-severity", "hint"),
        ],
        document.parent,
    )
    found = done(
        [modules / ".bin" / "redocly", "lint", document, "--format", "json"],
        document.parent,
        REDOCLY_TELEMETRY="off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
    )
    totals = json.loads(found[found.index("{") :])["totals"]
    assert (totals["errors"], totals["warnings"]) == (0, 0), found


def check_answer(printed, number):
    """Check that the message was applied and its status can be read."""
    status, body, asked = json.loads(printed)
    assert (status, body["status"], asked) == (200, "done", "done"), printed
    assert body["id"] == message(number)["id"]


def check_python(programs, server, made, document):
    """case 38: the client that openapi-python-client generates sends a message."""
    folder = document.parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    told = done(
        [
            *(programs / "openapi-python-client", "generate", "--path", document),
            *("--output-path", folder / "partner", "--meta", "none"),
        ],
        folder,
        PATH=path,
    )
    assert "will not be generated" not in told, told
    (folder / "client.py").write_text(PYTHON_CLIENT)
    printed = done(
        [
            *(programs / "python", "client.py", server.url, made["client"]),
            *(made["token"], json.dumps(message(1))),
        ],
        folder,
    )
    check_answer(printed, 1)


def check_javascript(modules, server, made, document):
    """case 38: the client with types of openapi-typescript sends a message."""
    folder = document.parent
    (folder / "node_modules").symlink_to(modules)
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    programs = modules / ".bin"
    done([programs / "openapi-typescript", document, "-o", "partner.d.ts"], folder)
    (folder / "client.ts").write_text(JAVASCRIPT_CLIENT)
    (folder / "globals.d.ts").write_text("declare const process: { argv: string[] };")
    options = ("--strict", "--target", "es2022", "--module", "nodenext")
    done(
        [programs / "tsc", *options, "--skipLibCheck", "client.ts", "globals.d.ts"],
        folder,
    )
    command = [
        *(node.folder() / "node", "client.js", server.url, made["client"]),
        *(made["token"], json.dumps(message(2))),
    ]
    check_answer(done(command, folder), 2)


def test_partners_lint_the_document_and_generate_clients(partner):
    modules, programs, server, made, document = partner
    check_linters(modules, document)
    check_python(programs, server, made, document)


@pytest.mark.long
def test_partners_generate_clients_in_another_language(partner):
    modules, _programs, server, made, document = partner
    check_javascript(modules, server, made, document)
