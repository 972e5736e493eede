"""Make the pure code of every addon importable without Odoo, as ``<addon>_tools``.

A package is imported when a test asks for it, so that one addon's dependencies do not
stop the tests of another.
"""

import importlib.util
import sys
from pathlib import Path

ADDONS = Path(__file__).resolve().parents[2] / "addons"
SUFFIX = "_tools"


class ToolsFinder:
    """Find ``<addon>_tools`` in ``addons/<addon>/tools``."""

    @staticmethod
    def find_spec(name, _path=None, _target=None):
        """Return the spec of an addon's tools package, or None for any other name."""
        if not name.endswith(SUFFIX) or "." in name:
            return None
        folder = ADDONS / name.removesuffix(SUFFIX) / "tools"
        if not (folder / "__init__.py").exists():
            return None
        return importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


if not any(finder is ToolsFinder for finder in sys.meta_path):
    sys.meta_path.append(ToolsFinder)
