"""Nothing half-written is left behind, and nothing half-written is believed."""

import stat
import subprocess
import sys
import threading
import time

import pytest
from interop_setup import files, paths
from interop_setup.errors import SetupError


def test_write_text_replaces_and_sets_the_mode(tmp_path):
    target = tmp_path / "deep" / "file"
    files.write_text(target, "one", 0o600)
    files.write_text(target, "two", 0o600)
    assert target.read_text() == "two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_write_text_failing_leaves_the_old_file(tmp_path):
    target = tmp_path / "file"
    files.write_text(target, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_text(target, "\ud800")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_marker_counts_for_its_value_only(tmp_path):
    marker = tmp_path / "marker"
    assert not files.has_marker(marker, "1")
    files.write_text(marker, "1\n")
    assert files.has_marker(marker, "1")
    assert not files.has_marker(marker, "2")
    assert not files.has_marker(marker / "below-a-file", "1")


def test_built_folder_appears_when_complete(tmp_path):
    target = tmp_path / "built"
    with files.built_folder(target) as part:
        (part / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"


def test_built_folder_interrupted_is_made_anew(tmp_path):
    target = tmp_path / "built"
    with pytest.raises(KeyboardInterrupt), files.built_folder(target) as part:
        (part / "left-over").write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    (tmp_path / "built.part-of-a-killed-run").mkdir()
    with files.built_folder(target) as part:
        assert not list(part.iterdir())
        (part / "file").write_text("whole")
    assert [path.name for path in target.iterdir()] == ["file"]


def test_remove_tree_does_not_follow_links(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    (tmp_path / "link").symlink_to(kept)
    files.remove_tree(tmp_path / "link")
    files.remove_tree(tmp_path / "never-there")
    assert (kept / "file").exists()
    assert not (tmp_path / "link").exists()


def test_check_disk_says_what_to_do(tmp_path):
    files.check_disk(tmp_path / "not" / "there", 0, "a test")
    with pytest.raises(SetupError, match="Not enough disk space for a test") as caught:
        files.check_disk(tmp_path / "not" / "there", 1e9, "a test")
    assert "Free some space" in caught.value.remedy


def test_lock_lets_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "LOCKS", tmp_path)
    order = []

    def second():
        with files.lock("x"):
            order.append("second")

    with files.lock("x"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_lock_of_a_killed_process_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "LOCKS", tmp_path)
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from interop_setup import files, paths\n"
        "paths.LOCKS = Path(sys.argv[1])\n"
        "with files.lock('x'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(paths.SETUP)},
    )
    assert holder.stdout.readline().strip() == "held"
    holder.kill()
    holder.wait()
    with files.lock("x"):
        pass
