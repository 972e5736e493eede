"""Shared by the pure and the whole-system tests."""

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).resolve().parents[1]

set_hypothesis_home_dir(ROOT / "var" / "hypothesis")
# The same examples on every run: a failure here is a failure anywhere.
settings.register_profile("interop", deadline=None, derandomize=True)
settings.load_profile("interop")
