"""Packages of npm for the demo and the tests.

The FHIR example resources are input. A receiver in JavaScript uses ``standardwebhooks`` and
``svix``.
"""

from pathlib import Path

from . import node, paths
from .files import built_folder, has_marker, write_text
from .process import run
from .progress import step

PACKAGE = "hl7.fhir.r4.examples"
PACKAGES = (f"{PACKAGE}@4.0.1", "standardwebhooks@1.1.1", "svix@2.5.0")
MARKER = ".interop-complete"
EXAMPLES = paths.NPM / "node_modules" / PACKAGE


# Tools of partners for the OpenAPI document: linters, and a client in JavaScript.
PARTNER_PACKAGES = (
    "@redocly/cli@2.77.0",
    "@stoplight/spectral-cli@6.16.3",
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
)


def ensure() -> None:
    """Install the packages into ``var/npm``."""
    _installed(paths.NPM, PACKAGES)


def ensure_partner_tools() -> Path:
    """Install the packages for OpenAPI documents; return the folder with their modules.

    Only the tests that need these packages call this function.
    """
    _installed(paths.NPM_PARTNER, PARTNER_PACKAGES)
    return paths.NPM_PARTNER / "node_modules"


def _installed(where: Path, packages: tuple[str, ...]) -> None:
    """Install exactly these packages into a separate folder."""
    wanted = " ".join(packages)
    if has_marker(where / MARKER, wanted):
        return
    with step(f"Fetching {wanted} with npm"), built_folder(where) as folder:
        write_text(folder / "package.json", '{"private": true}\n')
        run(
            [
                *("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"),
                *("--loglevel=error", *packages),
            ],
            what=f"npm install {wanted}",
            remedy="Check the network and npm's registry setting, then run again.",
            cwd=folder,
            env=node.environment(),
        )
        write_text(folder / MARKER, wanted)
