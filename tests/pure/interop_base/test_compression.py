"""Compression before encryption: exact, bounded, and only where it helps."""

import json
import os
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import compression, keyring

# What versions before this one have stored: it stays readable. Key, place and nonce are
# 0, 1, 2, …; the content is a bundle of twelve patients.
KEY_FILE = (
    "k1 = AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    "blind = //79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\n"
)
PLACE = keyring.aad("interop.payload", "0f" * 16, 7)
BUNDLE = json.dumps(
    {
        "resourceType": "Bundle",
        "entry": [{"resourceType": "Patient", "id": str(n)} for n in range(12)],
    },
    separators=(",", ":"),
).encode()
PACKED = (
    "7801ab562a4a2dce2f2d4a4e0da92c4855b252722acd4bc94955d2514acd2b29aa54b28aae4657119058"
    "920994042ac94c016a3050aad521a4c69008354644a83126428d09116a4c89506346841a7322d45810a1"
    "c69208358644053430a4636b01645d9957"
)
SEALED = (
    "000102030405060708090a0b3f037d4defafefd5a26cddc5bc405425d664d546dab614b5713237d457a4"
    "2b9bab441c7601874589e4fcede41c8302f1a2580abd0a7c76fb9b51ba112da5b146c11a84f7dac04c2d"
    "9504c9286b957dcaecd2d9c3b0f15b5d7bb99bf84854dae6ca9c047ff32cd2358c9fca791bbf5ae4e220"
    "e6a9d8"
)


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


def test_stored_content_stays_readable():
    ring = keyring.parse_key_file(KEY_FILE)
    packed = ring.decrypt("k1", bytes.fromhex(SEALED), PLACE)
    assert packed.hex() == PACKED
    assert compression.unpack(packed, len(BUNDLE)) == BUNDLE


def test_reading_stops_after_the_recorded_length():
    """A megabyte of zeros is a thousand bytes: no more than asked for is unpacked."""
    bomb = zlib.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    with pytest.raises(ValueError, match="recorded length"):
        compression.unpack(bomb, 1000)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
