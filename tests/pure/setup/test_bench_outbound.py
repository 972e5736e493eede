"""The figures of the bench of the way out."""

import os
import subprocess

import pytest
from interop_setup import benching, other_engine
from interop_setup.bench import _engine_run as engine_run
from interop_setup.bench import _rivals as rivals
from interop_setup.bench import _usage as usage
from interop_setup.bench import outbound
from interop_setup.bench._engine_run import Delivered
from interop_setup.bench._usage import Usage
from interop_setup.errors import SetupError


def test_halves_are_added_before_they_are_divided():
    first = Delivered(1000, 1.0, 900, Usage(0.75, 0.0625, 9000, 900, 450))
    second = Delivered(1000, 3.0, 100, Usage(0.25, 0.0625, 1000, 100, 550))
    total = engine_run.together([first, second])
    assert total == Delivered(2000, 4.0, 1000, Usage(1.0, 0.125, 10_000, 1000, 1000))
    assert engine_run.costs(total) == {
        "rate_0ms": 500.0,
        "server_cpu_ms_per_delivery": 1.0,
        "postgres_cpu_ms_per_delivery": 0.125,
        "cpu_ms_per_delivery": 1.125,
        "wal_bytes_per_delivery": 10.0,
        "hot_share": 1.0,
    }


def test_a_version_without_a_queue_table_has_no_hot_updates():
    assert engine_run.costs(Delivered(10, 1.0, 10, Usage(1, 1, 1)))["hot_share"] == 0


def test_usage_is_a_difference():
    assert Usage(3, 2, 10, 8, 4) - Usage(1, 1, 4, 2, 1) == Usage(2, 1, 6, 6, 3)


def test_the_present_engine_is_compared_with_the_one_before():
    now = {"rate_0ms": 5000, "cpu_ms_per_delivery": 0.1, "wal_bytes_per_delivery": 900}
    before = {
        "rate_0ms": 2000,
        "cpu_ms_per_delivery": 0.4,
        "wal_bytes_per_delivery": 3000,
    }
    found = outbound.against(now, before)
    assert found["rate_vs_before"] == 2.5
    assert found["cpu_vs_before"] == 0.25
    assert found["wal_bytes_vs_before"] == 0.3
    assert found["before_rate_0ms"] == 2000


def test_rates_are_compared_with_what_was_measured():
    figures = {
        "engine_rate_0ms": 5000,
        "engine_rate_100ms": 600,
        "bare_client_rate_0ms": 10_000,
        "bare_client_rate_100ms": 600,
        "procrastinate_rate_0ms": 200,
        "procrastinate_rate_100ms": 150,
    }
    assert outbound.ratios(figures) == {
        "rate_vs_bare_client": 0.5,
        "rate_vs_bare_client_100ms": 1.0,
        "rate_vs_procrastinate": 25.0,
        "rate_vs_procrastinate_100ms": 4.0,
    }


def test_users_wait_for_what_comes_on_top():
    seconds = {"plain": 1.0, "core": 3.0, "ours": 1.1}
    found = rivals.user_rates(seconds, 20, "100ms")
    assert found["core_webhook_rate_100ms"] == 10
    assert found["publish_rate_100ms"] == 200
    assert found["rate_vs_core_webhook_100ms"] == 20
    # Noise may make it quicker than nothing: that is no infinite rate.
    quick = rivals.user_rates({**seconds, "ours": 0.9}, 20, "0ms")
    assert quick["publish_rate_0ms"] == 200_000


def test_processor_time_counts_children_that_have_ended():
    stat = "7 (a) b) S 1 7 7 0 -1 4 0 0 0 0 11 22 33 44 20 0 1 0 5"
    assert usage.ticks(stat) == 110
    before = usage.family_seconds(os.getpid())
    subprocess.run(["python3", "-c", "sum(range(3_000_000))"], check=True)
    assert usage.family_seconds(os.getpid()) > before


def test_memory_of_a_new_worker_counts_from_the_warm_ones():
    assert usage.growth({1: 100, 2: 10}, {1: 103, 3: 108}) == 8
    assert usage.growth({1: 100}, {1: 99}) == -1


def test_options_may_stand_apart_from_their_names():
    name = benching.known()[0]
    parsed = benching.parse([name, "--against", "c53feee", "--jobs=0"])
    assert parsed == (name, {"against": "c53feee", "jobs": "0"})
    with pytest.raises(SetupError, match="--against"):
        benching.parse([name, "--against", "--jobs=0"])


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two commits; checkouts go beside it."""
    root = tmp_path / "project"
    (root / "addons" / "one").mkdir(parents=True)
    (root / "setup").mkdir()

    def git(*arguments):
        command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            [*command, *arguments], cwd=root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    commits = []
    for text in ("first", "second"):
        (root / "addons" / "one" / "file").write_text(text)
        (root / "setup" / "requirements.lock").write_text(text)
        git("add", ".")
        git("commit", "-q", "-m", text)
        commits.append(git("rev-parse", "HEAD"))
    monkeypatch.setattr(other_engine.paths, "ROOT", root)
    monkeypatch.setattr(
        other_engine.paths, "LOCK_FILE", root / "setup" / "requirements.lock"
    )
    monkeypatch.setattr(other_engine, "ENGINES", tmp_path / "engines")
    return commits


def test_another_commit_is_checked_out_once(repository):
    first, second = repository
    engine = other_engine.checkout(first[:7])
    changed = engine.addons / "one" / "file"
    assert engine.commit == first and changed.read_text() == "first"
    assert not engine.same_packages()
    assert other_engine.checkout(second).same_packages()
    assert other_engine.checkout(first) == engine
    changed.write_text("somebody played with it")
    other_engine.checkout(first)
    assert changed.read_text() == "first"


def test_an_unknown_commit_is_told(repository):
    with pytest.raises(SetupError, match="git rev-parse"):
        other_engine.checkout("0123456")
