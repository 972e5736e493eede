"""The shipped nginx configuration in front of a real Odoo."""

import contextlib
import json
import re
import socket
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import pytest
from inbound_sender import in_odoo

ELSEWHERE = "10.9.8.7"


@pytest.fixture
def proxied(make_server, make_proxy):
    """Start Odoo behind nginx with two clients, for this machine and for another network."""
    server = make_server(workers=2, options={"proxy_mode": "True"})
    in_odoo(server, "set_up")
    near = in_odoo(server, "token_client", networks="127.0.0.0/8")
    far = in_odoo(server, "token_client", code="faraway", networks=f"{ELSEWHERE}/32")
    # Low enough for a busy machine to exceed it.
    slow = {
        "zone=interop_client:10m rate=50r/s": "zone=interop_client:10m rate=2r/s",
        "zone=interop_client burst=100": "zone=interop_client burst=20",
    }
    return server, make_proxy(server, slow), near, far


def ask(url, body=None, headers=None):
    """Send one request without certificate checks; return status, bytes and headers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def proof(made, **more):
    """Return the headers of a client with a token."""
    return {
        "Interop-Client": made["client"],
        "Authorization": f"Bearer {made['token']}",
        **more,
    }


def check_problem(answer, status, code):
    """Check that the answer is a problem of the API, and return it."""
    found, body, headers = answer
    assert (found, json.loads(body)["code"]) == (status, code), answer
    assert headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["type"].startswith("https://127.0.0.1:")
    assert problem["type"].endswith(f"/interop/v1/problems#{code}")
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"]), problem
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    return problem


def check_headers(proxy, near):
    """Odoo uses TLS and the host name of the proxy; no header has a version."""
    status, body, headers = ask(
        f"{proxy.url}/interop/v1/openapi.json", None, proof(near)
    )
    assert status == 200, body
    assert json.loads(body)["servers"] == [{"url": proxy.url}]
    assert headers["Server"] == "nginx"
    assert headers["Strict-Transport-Security"]


# Requests that nginx refuses before it selects a location, with status and code.
REFUSED_EARLY = [
    (b"NONE\r\n\r\n", 400, "bad_request"),
    (b"GET /interop/v1/health HTTP/1.1\r\n\r\n", 400, "bad_request"),
    (b"GET /interop/v1/health HTTP/9.9\r\nHost: a\r\n\r\n", 400, "bad_request"),
    (b"GET /interop/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
    (
        b"GET /interop/" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        *(400, "bad_request"),
    ),
    (
        b"GET /interop HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 70000 + b"\r\n\r\n",
        *(400, "bad_request"),
    ),
    (
        b"POST /interop/v1/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a\r\n\r\n",
        *(400, "bad_request"),
    ),
    (b"TRACE /interop HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"),
]


def raw(port, data, over_tls):
    """Send raw bytes; return status, body and headers of the answer."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(
            socket.create_connection(("127.0.0.1", port), 30)
        )
        if over_tls:
            connection = stack.enter_context(context.wrap_socket(connection))
        connection.sendall(data)
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read(), answer.headers


def check_early_refusals(proxy):
    """S11: errors before a location, and all errors on port 80, are problem+json."""
    for data, status, code in REFUSED_EARLY:
        for port, over_tls in ((proxy.port, True), (proxy.plain_port, False)):
            answer = raw(port, data, over_tls)
            check_early(answer, status, code, over_tls)
            assert (status == 405) == ("Allow" in answer[2])
    asked = b"GET /interop/v1/health HTTP/1.1\r\nHost: a\r\n\r\n"
    check_early(raw(proxy.plain_port, asked, False), 403, "https_required", False)
    check_early(raw(proxy.port, asked, False), 400, "bad_request", True)


def check_early(answer, status, code, strict):
    """Check that the answer is a problem with the host name of the server."""
    found, body, headers = answer
    problem = json.loads(body)
    assert (found, problem["status"], problem["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"https://odoo.example/interop/v1/problems#{code}"
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"]), problem
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("Strict-Transport-Security" in headers) == strict


# Paths that Odoo would answer in HTML or redirect (case 41 is the line feed).
ODD_PATHS = [
    "/interop/v1/%0Amessages",
    "/interop/%0a",
    "/interop/v1/messages/%0Dx",
    "/interop/v1/none%7F",
    "//interop/v1/health",
    "///interop/v1/messages",
    "/interop//v1/health",
    "/interop//",
    "//interop",
    "/interop",
    "/%2Finterop/v1/health",
]
ODD_HOSTS = [b"x..y", b"a b", b"a/b", b"[::1"]


def check_odd_requests(proxy, near):
    """Behind the shipped proxy every error below the prefix is problem+json.

    This includes odd paths, doubled slashes, unknown and malformed hosts, and databases in
    headers of the caller.
    """
    for path in ODD_PATHS:
        request = f"GET {path} HTTP/1.1\r\nHost: odoo.example\r\n\r\n".encode()
        status, body, headers = raw(proxy.port, request, True)
        problem = json.loads(body)
        assert (status, problem["code"]) == (404, "not_found"), path
        check_early((status, body, headers), 404, "not_found", True)
        assert "Set-Cookie" not in headers
    for host in ODD_HOSTS:
        request = b"GET /interop/v1/health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        status, body, headers = raw(proxy.port, request, True)
        # A proxy refuses the host, or answers it like any other host.
        assert status in (200, 400), host
        assert json.loads(body).get("code") == (
            None if status == 200 else "bad_request"
        )
        assert "Set-Cookie" not in headers
    url = f"{proxy.url}/interop/v1/health"
    for said in (
        {"Host": "nobody.knows.this.example"},
        {"X-Odoo-Database": "another"},
        {"Cookie": "session_id=" + "a" * 84},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
    ):
        status, body, headers = ask(url, None, proof(near, **said))
        assert status == 200, (said, body)
        assert "Set-Cookie" not in headers


def check_strangers_are_not_believed(proxy, near, far):
    """Networks are checked by the connection, not by headers of the caller."""
    for said in ({}, {"X-Forwarded-For": ELSEWHERE}, {"X-Real-IP": ELSEWHERE}):
        url = f"{proxy.url}/interop/v1/health"
        assert ask(url, None, proof(near, **said))[0] == 200
        check_problem(ask(url, None, proof(far, **said)), 401, "unauthorized")


def check_sizes(proxy, near):
    """nginx refuses a body above the limit before Odoo gets it."""
    large = b" " * (1024 * 1024 + 1)
    kind = {"Content-Type": "application/json"}
    answer = ask(f"{proxy.url}/interop/v1/messages", large, proof(near, **kind))
    check_problem(answer, 413, "too_large")
    answer = ask(f"{proxy.url}/interop/v1/messages:batch", large, proof(near, **kind))
    check_problem(answer, 400, "invalid_batch")


def check_logs(proxy, near):
    """No log of the proxy has a query, also for its own answers."""
    url = f"{proxy.url}/interop/v1/identifiers?namespace=n&value=Canary-5512"
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _n: ask(url, None, proof(near)), range(60)))
    assert {status for status, _body, _headers in answers} == {429, 503}
    for path in proxy.folder.glob("*.log"):
        assert "Canary-5512" not in path.read_text("utf-8", "replace"), path


def check_flood(proxy, near):
    """Too many requests of one client are refused; another client is not affected."""
    url = f"{proxy.url}/interop/v1/problems"
    flood = {"Interop-Client": "flooding"}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _n: ask(url, None, flood), range(120)))
    cut = [answer for answer in answers if answer[0] == 429]
    assert len(cut) > 40, f"{len(cut)} of {len(answers)}"
    for answer in cut:
        problem = check_problem(answer, 429, "rate_limited")
        assert problem["trace_id"] in proxy.log_text()
        assert int(answer[2]["Retry-After"]) > 0
    assert ask(f"{proxy.url}/interop/v1/health", None, proof(near))[0] == 200


def test_what_the_shipped_configuration_promises(proxied):
    server, proxy, near, far = proxied
    check_headers(proxy, near)
    check_early_refusals(proxy)
    check_odd_requests(proxy, near)
    check_strangers_are_not_believed(proxy, near, far)
    check_sizes(proxy, near)
    check_flood(proxy, near)
    asked = "/interop/v1/identifiers?namespace=n&value=Canary-5512"
    ask(proxy.url + asked, None, proof(near))
    assert "Canary-5512" not in proxy.log_text() + server.log_text()
    assert "/interop/v1/identifiers" in proxy.log_text()
    server.stop()
    answer = ask(f"{proxy.url}/interop/v1/health", None, proof(near))
    problem = check_problem(answer, 503, "busy")
    assert problem["trace_id"] in proxy.log_text()
    assert int(answer[2]["Retry-After"]) > 0
    check_logs(proxy, near)
