"""Receiver, proxy and certificates of the addon's own tests, without Odoo."""

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[3] / "addons/interop_webhook/tests"

for name in ("receiver", "proxy", "certificates"):
    known_as = f"interop_webhook_{name}"
    if known_as not in sys.modules:
        spec = importlib.util.spec_from_file_location(known_as, TESTS / f"{name}.py")
        sys.modules[known_as] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known_as])
