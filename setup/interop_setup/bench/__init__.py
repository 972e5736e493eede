"""The benches: one module each, run by ``./setup/bench NAME``.

A bench has ``run(bench) -> dict``, which returns figures: plain numbers by name. ``bench``
is a :class:`interop_setup.benching.Bench`. Conditions of the measurement (rows, clients)
are stored in ``bench.measured_on``. ``GATES`` names the limits of figures
(:mod:`interop_setup.gates`); the result says of each whether it is met.
"""
