"""The formats that a contract's schema may name."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import formats
from interop_base_tools.schema import violations


def test_formats_are_checked_and_only_on_text():
    for name in formats.FORMATS:
        assert not violations({"format": name}, 7)
        if name not in ("uri-reference", "json-pointer", "regex", "hostname"):
            assert violations({"format": name}, "CANARY CANARY")


@pytest.mark.parametrize(
    "name, good, bad",
    [
        ("date-time", "2026-01-31T08:30:00+01:00", "2026-01-31T08:30:00"),
        ("date", "2024-02-29", "2026-02-29"),
        ("date", "2026-01-31", "20260131"),
        ("date", "2026-01-31", "2026-W05-6"),
        ("time", "08:30:00Z", "08:30"),
        ("duration", "P1DT2H", "P"),
        ("duration", "P2W", "PT"),
        ("duration", "PT0.5S".replace("0.5", "5"), "P1H"),
        ("email", "zoë.o'hara@clinic.example", "a@b@c"),
        ("email", "a@b", "a..b@c"),
        ("email", "a@b.example", "@b"),
        ("email", "a@b.example", "a@-b"),
        ("hostname", "a-b.example", "-a.example"),
        ("hostname", "a", "a..b"),
        ("hostname", "a", "a_b"),
        ("ipv4", "10.0.0.1", "10.0.0.01"),
        ("ipv4", "10.0.0.1", "10.1"),
        ("ipv6", "::1", "fe80::1%eth0"),
        ("uri", "urn:oid:1.2.3", "no-scheme"),
        ("uri", "https://a/b?c#d", "https://a b"),
        ("uri", "https://[::1]/", "https://[::1/"),
        ("uri-reference", "../a", "a\\b"),
        (
            "uuid",
            "0F1E2D3C-0000-4000-8000-123456789abc",
            "0f1e2d3c00004000800012345678",
        ),
        ("json-pointer", "/a~1b/0", "a"),
        ("json-pointer", "", "/~2"),
        ("regex", "^a+$", "("),
    ],
)
def test_formats(name, good, bad):
    check = formats.FORMATS[name][0]
    assert check(good)
    assert not check(bad)


@given(st.text(max_size=40), st.sampled_from(sorted(formats.FORMATS)))
def test_a_format_says_yes_or_no_to_any_text(text, name):
    assert formats.FORMATS[name][0](text) in (True, False)


def test_formats_are_fast_on_hostile_text():
    for text in (
        "a" * 50000,
        "a." * 25000,
        "1" * 50000 + "@",
        "%" * 50000,
        "/~" * 25000,
    ):
        started = time.process_time()
        for check, _words in formats.FORMATS.values():
            check(text)
        assert time.process_time() - started < 1
