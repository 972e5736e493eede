"""The page for people: complete, escaped, without anything from elsewhere."""

import base64
import hashlib
import re

from interop_rest_tools import docs_page, openapi, problems
from interop_rest_tools.openapi_schemas import Contract

CONTRACT = Contract(
    message_type="thing.changed",
    version=2,
    description="A <b>thing</b> & more.",
    schema={"type": "object", "title": "<script>alert(1)</script>"},
    examples=(("one </pre>", {"name": "<img src=x>"}),),
    deprecated=True,
)


def page(inbound=(CONTRACT,), outbound=()):
    return docs_page.render(openapi.document("https://odoo.example", inbound, outbound))


def test_operations_contracts_examples_and_errors_are_there():
    text = page()
    for path, methods in openapi.document("")["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in text
    for code in problems.KINDS:
        assert f"<code>{code}</code>" in text
    for part in (
        "thing.changed.v2",
        "Deprecated.",
        "&lt;img src=x&gt;",
        "one &lt;/pre",
    ):
        assert part in text
    assert text.count("No message types are available to you.") == 1
    assert page((), ()).count("No message types are available to you.") == 2
    assert "thing.changed.v2" in page((), (CONTRACT,))


def test_every_text_is_escaped():
    text = page() + page((), (CONTRACT,))
    for raw in ("<b>thing", "<script", "<img", "one </pre>"):
        assert raw not in text


def test_the_policy_allows_this_style_and_nothing_else():
    text = page()
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in docs_page.CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in docs_page.CONTENT_SECURITY_POLICY
    assert not re.findall(r"<[^>]*\s(?:src|href|style|on\w+)=", text)


def test_the_facilities_and_the_members_of_a_message_are_there():
    text = page((CONTRACT._replace(facilities=("A<1>", "B"), names_facility=True),))
    assert "Codes: A&lt;1&gt;, B." in text
    assert "<h3>Members of a Message</h3>" in text
    assert "<code>occurred_at</code></td><td>yes" in text
    assert "<h3>Members of a Message</h3>" not in page((), ())
