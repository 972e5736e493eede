"""Configuration of the pure and the system tests."""

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).resolve().parents[1]

set_hypothesis_home_dir(ROOT / "var" / "hypothesis")
# Use the same examples on every run, so that failures are reproducible.
settings.register_profile("interop", deadline=None, derandomize=True)
settings.load_profile("interop")
