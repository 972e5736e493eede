"""Problem details: stable, documented, and without a value of the request."""

import ast
import base64
import hashlib
import re
from pathlib import Path

import pytest
from interop_rest_tools import problem_page, problems


def test_every_code_is_an_anchor_of_the_page():
    page = problem_page.render()
    anchors = re.findall(r'<dt id="([a-z_]+)">', page)
    assert anchors == list(problems.KINDS)


def test_the_page_has_a_style_that_its_policy_allows():
    (style,) = re.findall("<style>(.*?)</style>", problem_page.render(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in problem_page.CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("code", problems.KINDS)
def test_a_problem_has_the_members_of_rfc_9457(code):
    body = problems.problem(code, base_url="https://odoo.example", trace_id="t" * 32)
    assert body["type"] == f"https://odoo.example/interop/v1/problems#{code}"
    assert 400 <= body["status"] <= 599
    assert body["title"] and body["detail"] and body["code"] == code
    assert body["trace_id"] == "t" * 32


def test_an_undocumented_code_is_an_error_of_ours():
    with pytest.raises(KeyError):
        problems.problem("made_up")


def test_errors_and_members_are_carried_and_empty_ones_left_out():
    body = problems.problem(
        "schema_violation", errors=[{"pointer": "/a"}], status_url="", n=1
    )
    assert body["errors"] == [{"pointer": "/a"}]
    assert body["n"] == 1
    assert "status_url" not in body and "trace_id" not in body


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "too_large"),
        (418, "bad_request"),
    ]
    + [(500, "internal"), (None, "internal"), (403, "unauthorized"), (503, "busy")],
)
def test_errors_from_below_get_a_code(status, code):
    assert problems.code_for_status(status) == code


@pytest.mark.parametrize(
    ("code", "public"),
    [
        ("possible_duplicate", "possible_duplicate"),
        ("something_new", "business_rule"),
        ("unauthorized", "business_rule"),
        (None, "business_rule"),
    ],
)
def test_a_failed_message_is_always_a_documented_422(code, public):
    assert problems.failure_code(code) == public
    assert problems.KINDS[public].status == 422


def test_every_refusal_of_the_ground_has_an_answer():
    """The pipeline knows no HTTP: each of its codes is in the one table."""
    addons = Path(__file__).resolve().parents[3] / "addons"
    found = set()
    for path in addons.glob("interop_base/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                found |= {
                    value.value
                    for value in ast.walk(node.args[0])
                    if isinstance(value, ast.Constant) and isinstance(value.value, str)
                }
    assert {"in_flight", "id_reused", "paused"} <= found
    assert found - {""} <= problems.KINDS.keys()
