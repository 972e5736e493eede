"""The benches: one module each, run by ``./setup/bench NAME``.

A bench has ``run(bench) -> dict``: the figures, plain numbers by name. ``bench`` is
a :class:`interop_setup.benching.Bench`. What else it was measured on (rows, clients)
goes into ``bench.measured_on``. ``GATES`` names the limits of figures
(:mod:`interop_setup.gates`); the result says of each whether it is met.
"""
