"""Tokens, without Odoo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import tokens

TOKEN = tokens.generate(lambda n: bytes(range(n)))


def test_form():
    assert TOKEN == "iop_aaaqeaye_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert tokens.is_token(TOKEN)
    assert tokens.prefix(TOKEN) == "iop_aaaqeaye"
    assert len({tokens.generate() for _number in range(100)}) == 100
    assert len(tokens.digest(TOKEN)) == 64


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic x", TOKEN, f"Bearer {TOKEN} x", "Bearer é"],
)
def test_no_bearer(header):
    assert tokens.bearer(header) == ""


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_bearer(scheme):
    assert tokens.bearer(f"{scheme} {TOKEN}") == TOKEN


def test_matching():
    other = tokens.generate()
    digests = [tokens.digest(other), tokens.digest(TOKEN)]
    assert tokens.matching(TOKEN, digests) == 1
    assert tokens.matching(other, digests) == 0
    assert tokens.matching(tokens.generate(), digests) is None
    assert tokens.matching(TOKEN, []) is None


@given(st.text())
def test_what_is_no_token_matches_nothing(text):
    assert tokens.matching(text, [tokens.digest(text[:0]), tokens.digest("x")]) is None
    assert tokens.is_token(text) is False
    assert isinstance(tokens.bearer(text), str)
