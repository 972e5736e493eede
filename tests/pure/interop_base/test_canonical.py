"""RFC 8785: the standard's own examples, and properties against the json module."""

import hashlib
import json
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import canonical
from interop_base_tools.canonical import MAX_SAFE_INTEGER, canonical_bytes, digest
from interop_base_tools.errors import CanonicalError

# RFC 8785 appendix B: the bits of a double and its text.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("bits, text", NUMBERS)
def test_numbers_of_the_standard(bits, text):
    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canonical_bytes(number) == text.encode()


def test_example_of_the_standard():
    value = {
        "numbers": [
            333333333.33333329,
            1e30,
            4.50,
            2e-3,
            0.000000000000000000000000001,
        ],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical_bytes(value).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf_16_code_units():
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    value = dict.fromkeys(names, 1)
    found = list(json.loads(canonical_bytes(value)))
    assert found == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


def _as_in_javascript(text):
    """Read an integer; a double from 2**53 on has the text of one."""
    return int(text) if abs(int(text)) <= MAX_SAFE_INTEGER else float(text)


@given(VALUES)
def test_round_trip_and_stability(value):
    data = canonical_bytes(value)
    again = json.loads(data, parse_int=_as_in_javascript)
    assert canonical_bytes(again) == data
    assert again == json.loads(json.dumps(value))


@given(st.dictionaries(NAMES, SCALARS, min_size=2, max_size=6), st.randoms())
def test_the_order_of_members_does_not_matter(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert canonical_bytes(dict(items)) == canonical_bytes(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back(number):
    assert float(canonical_bytes(number)) == number


def _holds_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        MAX_SAFE_INTEGER + 1,
        -MAX_SAFE_INTEGER - 1,
        Decimal("12.30"),
        {1: 2},
        {"a": {None: 1}},
        "\ud800",
        {"\udfff": 1},
        b"bytes",
        {1, 2},
        object(),
        _holds_itself(),
    ],
    ids=lambda v: type(v).__name__,
)
def test_values_without_a_canonical_form_are_refused(value):
    with pytest.raises(CanonicalError) as caught:
        canonical_bytes(value)
    assert "12.3" not in str(caught.value)


def test_empty_containers_and_tuples():
    assert canonical_bytes({"a": {}, "b": [], "c": (1,)}) == b'{"a":{},"b":[],"c":[1]}'


def test_digest():
    assert digest(b"abc") == hashlib.sha256(b"abc").hexdigest()


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(st.characters()),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters()), inner)
        | st.dictionaries(st.sampled_from(["a", "B", "_", "é", "\ue000", "𐀀"]), inner)
    ),
)


@given(ANYTHING)
def test_the_quick_way_writes_and_refuses_as_the_careful_one(value):
    def outcome():
        try:
            return canonical_bytes(value)
        except CanonicalError as error:
            return type(error)

    quick = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "_is_common", lambda value, depth: False)
        assert outcome() == quick


def test_both_encoders_write_the_same():
    value = {"b": [1, True, None, "é\n"], "a": {"": ()}, "c": 2**53 - 1}
    assert canonical._is_common(value, 0)
    assert canonical_bytes(value) == (
        '{"a":{"":[]},"b":[1,true,null,"é\\n"],"c":9007199254740991}'.encode()
    )
    for other in (1.5, 2**53, {1: 2}, {"é": 1}, object()):
        assert not canonical._is_common([other], 0)
