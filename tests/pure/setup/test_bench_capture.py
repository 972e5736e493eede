"""The figures of the bench of capture."""

from interop_setup.bench import capture


def test_overheads_are_medians_of_ratios_within_a_round():
    found = {
        "none": [(1.0, 2.0), (2.0, 4.0), (1.0, 9.0)],
        "one": [(1.1, 2.2), (2.1, 4.0), (5.0, 9.0)],
        "three": [(1.2, 3.0), (2.4, 4.0), (1.2, 9.0)],
    }
    figures = capture.summary("partners", found)
    assert figures["partners_overhead_one"] == 0.1
    assert figures["partners_overhead_three"] == 0.2
    assert figures["partners_overhead_one_wall"] == 0.0
    assert figures["partners_none_cpu_ms"] == 1000.0
    assert figures["partners_none_ms"] == 4000.0


def test_the_gates_are_figures_of_the_bench():
    times = [(1.0, 1.0)]
    found = dict.fromkeys(("none", "one", "three"), times)
    figures = {}
    for work in ("partners", "invoices", "savepoints"):
        figures |= capture.summary(work, found)
    assert capture.GATES.keys() <= figures.keys()
