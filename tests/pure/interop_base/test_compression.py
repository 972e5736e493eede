"""Compression before encryption: exact, bounded, and only where it helps."""

import json
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import compression


@given(st.binary(max_size=3000), st.integers(1, 40))
def test_content_comes_back_byte_for_byte(content, times):
    content = content * times
    kept, packed = compression.pack(content)
    assert len(kept) <= len(content)
    assert packed or kept == content
    if packed:
        assert compression.unpack(kept, len(content)) == content


def test_text_gets_small_and_noise_stays():
    bundle = json.dumps([{"resourceType": "Patient", "id": str(i)} for i in range(99)])
    kept, packed = compression.pack(bundle.encode())
    assert packed and len(kept) < len(bundle) / 4
    noise = os.urandom(5000)
    assert compression.pack(noise) == (noise, False)
    assert compression.pack(b"x" * 255) == (b"x" * 255, False)


@pytest.mark.parametrize(
    ("blob", "size"),
    [
        (zlib.compress(b"x" * 10_000_000), 100),
        (zlib.compress(b"x" * 100), 101),
        (zlib.compress(b"x" * 100)[:-3], 100),
        (b"no such stream", 100),
        (b"", 100),
    ],
)
def test_content_of_another_length_is_refused(blob, size):
    with pytest.raises(ValueError, match="content"):
        compression.unpack(blob, size)
