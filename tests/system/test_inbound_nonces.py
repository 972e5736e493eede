"""The same request on every worker at once is accepted once.

An independent library signs the requests. A nonce, and a token with an Idempotency-Key, are
accepted once over all workers.
"""

import base64
import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest
import requests
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from inbound_sender import Sender, in_odoo
from interop_setup.postgres import PORT, ROLE

AT_ONCE = 48
COVERED = ("@method", "@target-uri")


@pytest.fixture
def world(make_server):
    """Start a server with four workers, and a client with signed requests and a token."""
    server = make_server(workers=4)
    sender = Sender(server, **in_odoo(server, "set_up"))
    return server, sender, in_odoo(server, "machine_client")


def signed(url, made, body=b"", method="GET"):
    """Return a prepared request with a new nonce."""
    headers = {"Interop-Client": made["client"]}
    if body:
        headers["Content-Type"] = "application/json"
    prepared = requests.Request(method, url, headers, data=body or None).prepare()
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    HTTPMessageSigner(
        signature_algorithm=algorithms.HMAC_SHA256,
        key_resolver=MappingKeyResolver(
            public_keys={}, private_keys={made["key_id"]: key}
        ),
    ).sign(
        prepared,
        key_id=made["key_id"],
        created=datetime.now(UTC),
        nonce=uuid.uuid4().hex,
        covered_component_ids=COVERED,
        body=body or None,
    )
    return prepared


def send_all(prepared, times=AT_ONCE):
    """Send the same bytes many times at once on separate connections."""

    def send(_number):
        with requests.Session() as session:
            return session.send(prepared, timeout=60)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(send, range(times)))


def check_once(answers):
    """Check that one call was accepted, and the others got 401 (or 429 after many)."""
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.pop(200) == 1, statuses
    assert statuses.keys() <= {401, 429}, statuses
    for answer in answers:
        if answer.status_code != 200:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] in ("unauthorized", "too_many_failures")


def test_a_nonce_gets_in_once_over_all_workers(world):
    server, _sender, made = world
    check_once(send_all(signed(f"{server.url}/interop/v1/health", made)))
    question = json.dumps({"messages": [{"id": "msg_never"}]}).encode()
    url = f"{server.url}/interop/v1/messages:reconcile"
    check_once(send_all(signed(url, made, question, "POST")))
    # Refused calls do not lock the client out.
    fresh = signed(f"{server.url}/interop/v1/health", made)
    assert send_all(fresh, 1)[0].status_code == 200
    assert "Traceback" not in server.log_text()


def test_a_call_waits_for_no_other_call_of_its_client(world):
    """Nonces are separate rows, so an uncommitted nonce does not delay another one."""
    server, _sender, made = world
    url = f"{server.url}/interop/v1/health"
    cluster = server.cluster
    with closing(
        psycopg2.connect(
            host=str(cluster.socket), port=PORT, user=ROLE, dbname=server.database
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(
            """INSERT INTO interop_client_nonce (client_id, digest, kept_until)
               SELECT id, 'of-a-slow-call', now() + interval '1 hour'
                 FROM interop_client WHERE code = %s""",
            [made["client"]],
        )
        assert cursor.rowcount == 1
        for _number in range(8):  # on any worker
            answer = send_all(signed(url, made), 1)[0]
            assert answer.status_code == 200, answer.text
        connection.rollback()


def test_a_signed_message_and_a_key_have_one_effect_over_all_workers(world):
    server, sender, made = world
    url = f"{server.url}/interop/v1/messages"
    _message_id, body = sender.provider()
    by_signature = signed(url, made, body.encode(), "POST")
    _other_id, body = sender.provider(npi="1245319599")
    by_key = requests.Request(
        "POST",
        url,
        {
            "Interop-Client": made["client"],
            "Authorization": f"Bearer {made['token']}",
            "Content-Type": "application/json",
            "Idempotency-Key": json.loads(body)["id"],
        },
        data=body.encode(),
    ).prepare()
    for number, prepared in enumerate((by_signature, by_key), 1):
        kinds = Counter(
            (
                answer.status_code,
                answer.json().get("code"),
                answer.headers.get("Idempotent-Replayed"),
            )
            for answer in send_all(prepared)
        )
        assert kinds.pop((200, None, None), 0) == 1, kinds
        assert kinds.keys() <= {(200, None, "true"), (409, "in_flight", None)}, kinds
        found = in_odoo(server, "effects")
        assert (found["providers"], len(found["identifiers"])) == (number, number)
        assert found["states"] == ["done"] * number
    assert "Traceback" not in server.log_text()
