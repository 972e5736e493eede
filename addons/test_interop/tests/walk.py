"""Which files of the suite work while something is done."""

import inspect
import sys
import threading
from pathlib import Path

from odoo.addons import interop_base

ROOT = Path(interop_base.__file__).resolve().parents[1]


class Walk:
    """Notes which functions run, also in threads that start meanwhile.

    ``files()`` tells in which files below ``addons/`` they stand; tests, ``__init__``
    files, and what only loads a module or a class are left out.
    """

    def __init__(self):
        self._codes = set()

    def __enter__(self):
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_error):
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame, event, _argument):
        if event == "call":
            self._codes.add(frame.f_code)

    def forget(self):
        """Begin again; threads that run already stay under observation."""
        self._codes.clear()

    def files(self):
        """Return the paths below ``addons/``, sorted, each with the functions that ran."""
        found = {}
        for code in self._codes:
            path = Path(code.co_filename)
            if not code.co_flags & inspect.CO_OPTIMIZED or not path.is_relative_to(
                ROOT
            ):
                continue
            below = path.relative_to(ROOT)
            if "tests" in below.parts or below.name == "__init__.py":
                continue
            found.setdefault(str(below), set()).add(code.co_qualname)
        return {path: sorted(found[path]) for path in sorted(found)}
