"""What ``./setup/test`` makes of its command line and of pytest's results."""

import json

import pytest
from interop_setup import manifests, paths, testing
from interop_setup.errors import SetupError


def test_everything_by_default():
    request = testing.parse([])
    assert request.suites == ["pure", "odoo", "system"]
    assert request.extra == []
    assert not request.long
    assert request.paths_of("pure") == [paths.TESTS / "pure"]
    assert set(request.paths_of("odoo")) == {
        paths.ADDONS / name / "tests"
        for name in manifests.names()
        if (paths.ADDONS / name / "tests").is_dir()
    }


def test_selections():
    request = testing.parse(
        ["--only", "pure", "--only", "system", "--long", "-k", "a and b", "-x"]
    )
    assert request.suites == ["pure", "system"]
    assert request.long
    assert request.extra == ["-x", "-k", "a and b"]


def test_paths_choose_their_suite():
    pure = str(paths.TESTS / "pure" / "setup" / "test_files.py") + "::test_x"
    odoo = str(paths.ADDONS / "interop_x" / "tests" / "test_y.py")
    request = testing.parse([odoo, pure])
    assert request.suites == ["pure", "odoo"]
    assert [str(path) for path in request.paths_of("pure")] == [pure]
    assert [str(path) for path in request.paths_of("odoo")] == [odoo]
    with pytest.raises(SetupError, match="not in tests/pure"):
        testing.parse(["/etc/passwd"])


def result_of(tmp_path, code, totals):
    """The result for an exit code and the totals the plugin wrote."""
    path = tmp_path / "totals.json"
    if totals is not None:
        path.write_text(json.dumps(totals))
    return testing._result("pure", code, path, 1.0)


def test_empty_selection_is_no_failure(tmp_path):
    result = result_of(tmp_path, 5, {"passed": 0})
    assert result.failed == 0
    assert testing._summary([result], 1.0) == 0


def test_failures_and_errors_add_up(tmp_path, capsys):
    good = result_of(tmp_path, 0, {"passed": 3, "skipped": 1, "xpassed": 1})
    bad = result_of(tmp_path, 1, {"passed": 2, "failed": 1, "error": 1})
    assert testing._summary([good, bad], 61) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "6 passed, 2 failed, 1 skipped in 1 min 01 s"


@pytest.mark.parametrize("code", [1, 2, 3, 4, -9])
def test_a_broken_pytest_is_a_failure(tmp_path, capsys, code):
    result = result_of(tmp_path, code, None)
    assert result.failed == 1
    assert testing._summary([result], 1.0) == 1
    assert "0 passed, 1 failed" in capsys.readouterr().out.splitlines()[-1]


def test_interrupted_after_some_passed(tmp_path):
    assert result_of(tmp_path, 2, {"passed": 4}).failed == 1
