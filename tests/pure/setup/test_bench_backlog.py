"""The figures of the bench of backlogs."""

from interop_setup.bench import backlog
from interop_setup.bench._engine_run import Delivered


def test_of_held_rounds_the_later_half_counts():
    free = [Delivered(100, 1.0), Delivered(100, 1.0)]
    held = [Delivered(100, 1.0), Delivered(100, 1.0), Delivered(100, 2.0)]
    found = backlog.snapshot_figures(free, held)
    assert found["free_rate"] == 100.0
    assert found["held_rate"] == 66.7
    assert found["rate_with_held_snapshot"] == 0.667
    assert backlog.snapshot_figures(free, held[:1])["rate_with_held_snapshot"] == 1.0


def test_rendering_counts_what_came():
    assert backlog.render_figures(100_000, 100_000, 25.0) == {
        "rendered_per_s": 4000.0,
        "rendered_share": 1.0,
    }
    stalled = backlog.render_figures(500, 100_000, 600.0)
    assert stalled["rendered_share"] == 0.005
    assert not backlog.GATES["rendered_share"].met(stalled["rendered_share"])
    assert backlog.render_figures(0, 10, 0.0)["rendered_per_s"] == 0.0


def test_rates_need_two_deliveries():
    assert backlog.steady_rate({"count": 201, "first": 5.0, "last": 6.0}) == 200.0
    assert backlog.steady_rate({"count": 1, "first": 5.0, "last": 5.0}) == 0.0
