"""One family, stable codes, safe text."""

import inspect

from interop_base_tools import errors


def test_one_family_with_codes_of_their_own():
    family = [c for _n, c in inspect.getmembers(errors, inspect.isclass)]
    assert len(family) == 11
    assert all(issubclass(c, errors.InteropError) for c in family)
    assert (
        len({c("x").code if c is errors.EnvelopeError else c.code for c in family})
        == 11
    )


def test_fields_and_text():
    error = errors.EnvelopeError("too_deep", "/a", "Too deep.")
    assert (error.code, error.pointer, error.message) == ("too_deep", "/a", "Too deep.")
    assert str(error) == "Too deep. (too_deep at /a)"
    assert errors.SignatureError("no_key").reason == "no_key"
    assert str(errors.KeyFileError("wrong", 3)) == "Key file, line 3: wrong"
    assert errors.DecryptError("tampered", "No.").reason == "tampered"
    assert errors.SchemaInvalid("Bad.", "/x").path == "/x"
    assert errors.CursorError().code == "invalid_cursor"
    assert str(errors.ScheduleError("no", 2)) == "Part 2 of the schedule: no"
