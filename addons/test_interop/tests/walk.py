"""The files of the suite whose functions run during an operation."""

import inspect
import sys
import threading
from pathlib import Path

from odoo.addons import interop_base

ROOT = Path(interop_base.__file__).resolve().parents[1]


class Walk:
    """Records the functions that run, also in threads that start meanwhile.

    ``files()`` lists their files below ``addons/`` without tests, ``__init__`` files,
    and functions that only load a module or a class.
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
        """Clear the record; running threads stay under observation."""
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
