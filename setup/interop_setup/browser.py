"""Chromium for browser tests and screenshots."""

import shutil

from . import apt

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of the browser, if there is one."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def ensure() -> str:
    """Return the path of the browser; root installs it from Debian if it is missing.

    :raises SetupError: the browser is missing and this process is not root
    """
    found = find()
    if not found:
        apt.install(["chromium", "fonts-liberation"], "A browser for browser tests")
        found = find()
    return found or PROGRAMS[0]
