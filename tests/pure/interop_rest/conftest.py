"""Load the addon's pure code without Odoo, under a name of its own."""

import importlib.util
import sys
from pathlib import Path

ADDON = Path(__file__).resolve().parents[3] / "addons" / "interop_rest"
NAME = "interop_rest_tools"

if NAME not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        NAME,
        ADDON / "tools" / "__init__.py",
        submodule_search_locations=[str(ADDON / "tools")],
    )
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])
