"""What ``./setup/test`` makes of its command line and of pytest's results."""

import json

import pytest
from interop_setup import manifests, paths, testing
from interop_setup.errors import SetupError
from interop_setup.side_by_side import Program


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
    program = Program("pure", [], {testing.TOTALS: str(path)})
    program.code, program.seconds = code, 1.0
    return testing._result("pure", program)


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


def test_parts_of_a_suite_add_up(tmp_path, capsys):
    """What broke without failing any test counts as one failure of the whole."""
    whole = testing.Result("system", 61)
    whole.add(result_of(tmp_path, 0, {"passed": 3, "skipped": 1}))
    whole.add(result_of(tmp_path, 5, {}))
    assert (whole.failed, whole.broken) == (0, False)
    whole.add(result_of(tmp_path, 1, {"passed": 2, "failed": 1, "error": 1}))
    whole.add(result_of(tmp_path, -9, None))
    assert testing._summary([whole], 61) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "system  5 passed, 3 failed, 1 skipped in 1 min 01 s, pytest failed",
        "5 passed, 3 failed, 1 skipped in 1 min 01 s",
    ]


def test_a_selection_runs_in_one_process():
    assert testing.parse(["--jobs", "2"]).processes == 2
    assert testing.parse(["--jobs", "2", "--only", "system"]).processes == 2
    for arguments in (["-k", "a"], ["-s"], ["-x"], ["--durations=5"]):
        assert testing.parse(["--jobs", "2", *arguments]).processes == 1
    one = str(paths.TESTS / "system" / "test_demo.py")
    assert testing.parse(["--jobs", "2", one]).processes == 1
    assert testing.parse(["--jobs", "0"]).processes == 1


def test_the_longest_files_begin_first(tmp_path):
    names = ["test_a.py", "test_kills.py", "test_zebra.py", "test_demo.py", "world.py"]
    for name in names:
        (tmp_path / name).write_text("")
    found = [path.name for path in testing.longest_first([tmp_path])]
    assert found == ["test_kills.py", "test_demo.py", "test_a.py", "test_zebra.py"]


def test_every_file_that_begins_first_is_there():
    there = {path.name for path in (paths.TESTS / "system").glob("test_*.py")}
    assert set(testing.LONGEST) <= there


def fake_suite(monkeypatch, tmp_path, **files):
    """A folder of tests in place of the whole-system tests; what came of them."""
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(f"import pytest\n{text}")
    request = testing.parse(["--jobs", "2"])
    monkeypatch.setattr(testing, "LONGEST", ("test_b.py",))
    return testing._system_side_by_side([tmp_path], request, {})


def test_system_tests_side_by_side_then_alone(monkeypatch, tmp_path, capfd):
    """Failures are shown in full, and what is alone runs once, after all others."""
    note = f"open({str(tmp_path / 'order')!r}, 'a').write"
    result = fake_suite(
        monkeypatch,
        tmp_path,
        test_a="def test_good(): pass\n"
        f"@pytest.mark.alone\ndef test_by_itself(): {note}('alone ')\n",
        test_b="def test_bad():\n    shown = 6 * 7\n    assert shown == 43\n",
        test_c=f"def test_good(): {note}('beside ')\n@pytest.mark.skip\n"
        "def test_none(): pass\n",
        test_d="@pytest.mark.alone\ndef test_by_itself(): pass\n",
    )
    assert result.counts == {"passed": 4, "failed": 1, "skipped": 1}
    assert result.seconds > 0
    assert not result.broken
    assert (tmp_path / "order").read_text() == "beside alone "
    testing._summary([result], 1.0)
    out = capfd.readouterr().out
    assert "failed, see above: " + paths.shown(tmp_path / "test_b.py") in out
    assert out.count("failed, see above: ") == 1
    assert "assert 42 == 43" in out
    assert "test_a.py (1 passed, 0 failed, 0 skipped in " in out
    assert "test_d.py (" not in out  # nothing of it was to run beside others


def test_a_file_that_cannot_be_read_is_a_failure(monkeypatch, tmp_path):
    result = fake_suite(monkeypatch, tmp_path, test_a="import no_such_module\n")
    assert result.failed


@pytest.mark.parametrize(
    ("arguments", "built"), [([], 1), (["--only", "pure"], 0), (["--only", "odoo"], 0)]
)
def test_the_template_is_built_beside_the_pure_tests(monkeypatch, arguments, built):
    """Only a run that needs the template later builds it."""
    ran = []

    def run_all(programs, _jobs, _report):
        ran.extend(programs)
        for program in programs:
            program.code = 0

    monkeypatch.setattr(testing.side_by_side, "run_all", run_all)
    request = testing.parse(arguments)
    if "pure" in request.suites:
        testing._pure(request.paths_of("pure"), request, None)
    assert sum(program.name == "template" for program in ran) == built
