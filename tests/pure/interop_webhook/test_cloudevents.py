"""Sources of CloudEvents are URI references; frozen content is an object."""

import pytest
from interop_webhook_tools import cloudevents
from interop_webhook_tools.errors import WrongContent


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://odoo.mercy.example/a?b=c#d", "https://odoo.mercy.example/a?b=c#d"),
        ("Mercy Hospital", "Mercy%20Hospital"),
        ("100 %", "100%20%25"),
        ("a%20b", "a%20b"),
        ("x" * 200, "x" * 128),
        ("x" * 127 + "é", "x" * 127),
        ("a\r\nb", "a%0D%0Ab"),
    ],
)
def test_source(source, expected):
    assert cloudevents.source_uri(source) == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"canary", b"1", b"\xff"])
def test_content_that_is_no_object(body):
    with pytest.raises(WrongContent) as caught:
        cloudevents.read_object(body)
    assert "canary" not in str(caught.value)


def test_content_that_is_an_object():
    assert cloudevents.read_object(b'{"a": 1}') == {"a": 1}
