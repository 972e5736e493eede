"""Cases 26 and 27: one reader of RFC 3339 times, everywhere the same."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import envelope, formats, rfc3339, value_parse
from interop_base_tools.errors import EnvelopeError, InteropError, TimestampError
from interop_base_tools.value_format import FormatError

VECTORS = Path(__file__).parents[2] / "vectors" / "rfc3339.json"
CASES = [
    (case["text"], case["utc"])
    for case in json.loads(VECTORS.read_text("utf-8"))["vectors"]
]
GOOD = [case for case in CASES if case[1]]
BAD = [text for text, moment in CASES if not moment]

OFFSETS = st.integers(-1439, 1439)
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))
NEARLY = st.text("0123456789-:+.TtZz ٣−,\n", max_size=40)


def written(moment, minutes, case, digits):
    """Return UTC ``moment`` as text with an offset and more digits than it has."""
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    day, clock = local.isoformat(timespec="microseconds")[:26].split("T")
    offset = (
        f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    )
    return f"{day}{case}{clock}{digits}{offset}"


@pytest.mark.parametrize(("text", "moment"), GOOD)
def test_vectors_that_are_read(text, moment):
    assert rfc3339.parse(text) == datetime.fromisoformat(moment)
    assert rfc3339.parse(text).tzinfo is UTC


@pytest.mark.parametrize("text", [*BAD, None, 5, True, b"2026-01-31T08:30:00Z", []])
def test_vectors_that_are_refused(text):
    with pytest.raises(TimestampError) as refused:
        rfc3339.parse(text)
    assert str(refused.value) == str(TimestampError())
    assert refused.value.__context__ is None


@pytest.mark.parametrize(("text", "moment"), CASES)
def test_every_reader_reads_the_same(text, moment):
    """Case 26: the envelope, the formats and the mapping take the same texts."""
    wanted = moment and datetime.fromisoformat(moment)
    assert formats.is_date_time(text) is bool(moment)
    if not moment:
        with pytest.raises(EnvelopeError):
            envelope.parse_timestamp(text)
        if text:  # empty text is no value
            with pytest.raises(FormatError):
                value_parse.reader("datetime")(text)
        return
    assert envelope.parse_timestamp(text) == wanted
    assert formats.is_time(text[11:])
    stored = wanted.replace(tzinfo=None, microsecond=0)
    assert value_parse.reader("datetime")(text) == stored


@given(MOMENTS, OFFSETS, st.sampled_from("Tt"), st.text("0123456789", max_size=30))
def test_any_offset_and_any_precision(moment, minutes, case, digits):
    """Case 27: finer digits are cut, never rounded."""
    text = written(moment, minutes, case, digits)
    assert rfc3339.parse(text) == moment.replace(tzinfo=UTC)


@given(MOMENTS)
def test_a_written_time_is_read_back(moment):
    assert rfc3339.parse(envelope.format_timestamp(moment)) == moment.replace(
        tzinfo=UTC
    )


@given(NEARLY | st.text(max_size=40))
def test_any_text_is_read_or_refused_with_one_error(text):
    try:
        moment = rfc3339.parse(text)
    except InteropError as error:
        assert type(error) is TimestampError
    else:
        assert moment.utcoffset() == timedelta()


def test_a_leap_second_is_later_than_the_second_before_it():
    texts = ["23:59:59Z", "23:59:59.9Z", "23:59:60Z"]
    moments = [rfc3339.parse(f"2016-12-31T{text}") for text in texts]
    assert moments == sorted(set(moments))
    assert moments[-1].replace(microsecond=0) == moments[0]
    assert moments[-1] < rfc3339.parse("2017-01-01T00:00:00Z")
