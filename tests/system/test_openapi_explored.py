"""Requests generated from the OpenAPI document get only documented answers.

schemathesis generates valid and invalid requests for every operation of the document of a
client. It checks status, content type and body of the answers.
"""

import contextlib
import os

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from inbound_sender import in_odoo
from schemathesis.checks import not_a_server_error
from schemathesis.core.control import SkipTest
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CASES = 200 if os.environ.get("INTEROP_LONG") else 5  # per operation and mode
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


PROOFS = {
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "authorization",
    "interop-client",
    "signature",
    "signature-input",
}


@pytest.fixture
def explored(make_server):
    """Return the document of a client with a token, and the headers of its calls."""
    server = make_server(workers=2)
    in_odoo(server, "set_up")
    made = in_odoo(server, "token_client")
    session = requests.Session()
    session.headers.update(
        {
            "Interop-Client": made["client"],
            "Authorization": f"Bearer {made['token']}",
        }
    )
    answer = session.get(f"{server.url}/interop/v1/openapi.json", timeout=60)
    assert answer.status_code == 200, answer.text
    return server, session, answer.json()


def explore(server, session, document, mode):
    """Call every operation many times; return the number of answers by status."""
    config = schemathesis.Config.from_dict({"generation": {"mode": mode.value}})
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=server.url)
    seen = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        name = f"{operation.method} {operation.path}"
        seen[name] = call_often(operation, session, mode)
    return seen


def call_often(operation, session, mode):
    """Call one operation with many generated requests; return the statuses."""
    statuses = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        for name in list(case.headers or ()):
            # Two authentication methods are refused, so only the token is sent.
            if name.lower() in PROOFS:
                del case.headers[name]
        response = case.call(session=session)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with contextlib.suppress(SkipTest):  # it has no invalid form
        call()
    return statuses


def test_nothing_undocumented_comes_back(explored):
    server, session, document = explored
    operations = {
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    valid = explore(server, session, document, GenerationMode.POSITIVE)
    assert valid.keys() == operations
    for name, statuses in valid.items():
        # Webhooks of vendors use only their own signature schemes.
        assert (401 in statuses) == ("/webhooks/" in name), (name, statuses)
    assert 200 in valid["get /interop/v1/health"]
    invalid = explore(server, session, document, GenerationMode.NEGATIVE)
    assert invalid["post /interop/v1/messages"] & {400, 422}
    assert "Traceback" not in server.log_text()
