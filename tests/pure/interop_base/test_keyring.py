"""The key file, encryption and blind indexes."""

import base64
import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import keyring
from interop_base_tools.errors import DecryptError, KeyFileError

NOW = datetime(2026, 11, 22, 17, 3, 9)
TEXT = keyring.generate_key_file(NOW)
RING = keyring.parse_key_file(TEXT)
AAD = keyring.aad("interop.secret", "0f1e", 3)
GOOD = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"b" * 32).decode()


def test_generated_file():
    assert RING.current_key_id == "k20261122-170309"
    assert RING.key_ids == ("k20261122-170309",)
    assert keyring.generate_key_file(NOW) != TEXT
    aware = (NOW.replace(tzinfo=UTC)).astimezone(timezone(timedelta(hours=9)))
    made = keyring.parse_key_file(keyring.generate_key_file(aware))
    assert made.current_key_id == "k20261122-170309"


@given(st.binary(max_size=300))
def test_encrypt_then_decrypt(plaintext):
    key_id, blob = RING.encrypt(plaintext, AAD)
    assert len(blob) == len(plaintext) + 28
    assert RING.decrypt(key_id, blob, AAD) == plaintext


def test_nonces_differ():
    assert RING.encrypt(b"x", AAD)[1] != RING.encrypt(b"x", AAD)[1]


@given(st.data())
def test_any_changed_byte_is_noticed(data):
    key_id, blob = RING.encrypt(b"secret", AAD)
    position = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecryptError) as caught:
        RING.decrypt(key_id, bytes(changed), AAD)
    assert caught.value.reason == "tampered"


@pytest.mark.parametrize(
    "other",
    [
        keyring.aad("interop.secret", "0f1e", 4),
        keyring.aad("interop.secret", "0f1e", None),
        keyring.aad("interop.secret", "0f1f", 3),
        keyring.aad("interop.payload", "0f1e", 3),
        b"",
    ],
)
def test_a_value_moved_to_another_record_does_not_open(other):
    key_id, blob = RING.encrypt(b"secret", AAD)
    with pytest.raises(DecryptError) as caught:
        RING.decrypt(key_id, blob, other)
    assert caught.value.reason == "tampered"


def test_other_failures_have_a_reason():
    key_id, blob = RING.encrypt(b"", AAD)
    for wrong_id, wrong_blob, reason in (
        ("other", blob, "unknown_key"),
        (None, blob, "unknown_key"),
        ("blind", blob, "unknown_key"),
        (key_id, blob[:27], "malformed"),
        (key_id, b"", "malformed"),
        (key_id, None, "malformed"),
    ):
        with pytest.raises(DecryptError) as caught:
            RING.decrypt(wrong_id, wrong_blob, AAD)
        assert caught.value.reason == reason


PARTS = st.tuples(
    st.text(max_size=8), st.text(max_size=8), st.none() | st.integers(1, 99)
)


@given(PARTS, PARTS)
def test_aad_is_unambiguous(one, other):
    assert (keyring.aad(*one) == keyring.aad(*other)) == (one == other)


def test_aad_of_no_company():
    assert keyring.aad("m", "u", False) == keyring.aad("m", "u", None)
    assert keyring.aad("m", "u", None) != keyring.aad("m", "u", 1)


def test_rotation_new_key_encrypts_old_values_still_open():
    key_id, blob = RING.encrypt(b"old", AAD)
    text = keyring.add_key(TEXT, NOW + timedelta(days=1))
    ring = keyring.parse_key_file(text)
    assert ring.current_key_id == "k20261123-170309"
    assert ring.key_ids == ("k20261123-170309", "k20261122-170309")
    assert ring.decrypt(key_id, blob, AAD) == b"old"
    assert ring.encrypt(b"new", AAD)[0] == "k20261123-170309"
    assert ring.blind("p", "v") == RING.blind("p", "v")
    assert set(TEXT.splitlines()) < set(text.splitlines())


def test_adding_two_keys_in_one_second_and_to_a_file_without_a_last_line_feed():
    text = keyring.add_key(keyring.add_key(TEXT, NOW), NOW)
    assert keyring.parse_key_file(text).key_ids == (
        "k20261122-170309-3", "k20261122-170309-2", "k20261122-170309",
    )  # fmt: skip
    bare = f"blind = {OTHER}\na = {GOOD}"
    assert keyring.parse_key_file(keyring.add_key(bare, NOW)).key_ids[1:] == ("a",)
    with pytest.raises(KeyFileError):
        keyring.add_key("", NOW)


@pytest.mark.parametrize(
    "text, line",
    [
        ("", None),
        (f"a = {GOOD}", None),
        (f"blind = {GOOD}", None),
        (f"a = {GOOD}\nblind = {GOOD}", 2),
        (f"a = {GOOD}\na = {OTHER}\nblind = {OTHER}", 2),
        (f"# c\n\na {GOOD}", 3),
        (f"a b = {GOOD}", 1),
        (f"= {GOOD}", 1),
        ("a = ", 1),
        ("a = c2VjcmV0", 1),
        (f"a = {GOOD}*", 1),
        (f"a = {GOOD} # comment", 1),
        ("#" * 70000, None),
        (None, None),
    ],
)
def test_bad_files_name_the_line_and_never_the_content(text, line):
    with pytest.raises(KeyFileError) as caught:
        keyring.parse_key_file(text)
    assert caught.value.line == line
    assert GOOD[:8] not in str(caught.value)
    assert "c2Vj" not in str(caught.value)
    assert caught.value.__context__ is None or GOOD not in repr(
        caught.value.__context__
    )


def test_comments_blank_lines_and_windows_files():
    text = f"\ufeff# note\r\n\r\n  a={GOOD}  \r\nblind = {OTHER}\r\n"
    assert keyring.parse_key_file(text).current_key_id == "a"
    added = keyring.parse_key_file(keyring.add_key(text, NOW))
    assert added.key_ids[1:] == ("a",)


def test_blind_index():
    found = RING.blind("mrn", "Müller ")
    assert len(found) == 32
    assert int(found, 16)
    assert found == RING.blind("mrn", "MU\u0308LLER")
    assert found != RING.blind("name", "Müller")
    assert found != RING.blind("mrn", "Muller")
    assert found != keyring.parse_key_file(keyring.generate_key_file(NOW)).blind(
        "mrn", "Müller"
    )
    assert RING.blind("a", "bc") != RING.blind("ab", "c")
    assert RING.blind("mrn", "STRASSE") == RING.blind("mrn", "straße")


@given(st.text(), st.text())
def test_blind_takes_any_text(purpose, value):
    assert RING.blind(purpose, value) == RING.blind(purpose, f" {value}\t")


def test_nothing_shows_or_carries_the_keys():
    ring = keyring.parse_key_file(f"a = {GOOD}\nblind = {OTHER}")
    for key in (b"k" * 32, b"b" * 32, GOOD.encode(), OTHER.encode()):
        assert key.decode() not in repr(ring) + str(ring)
    assert "a" in repr(ring)
    for serialize in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            serialize(ring)
