"""The misbehaving receiver of the addon's own tests, without Odoo."""

import importlib.util
import sys
from pathlib import Path

RECEIVER = (
    Path(__file__).resolve().parents[3] / "addons/interop_webhook/tests/receiver.py"
)
NAME = "interop_webhook_receiver"

if NAME not in sys.modules:
    spec = importlib.util.spec_from_file_location(NAME, RECEIVER)
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])
