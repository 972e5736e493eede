"""What npm fetches for demo and tests: real input, and what partners verify with.

The FHIR example resources are the input; ``standardwebhooks`` and ``svix`` are the
libraries a receiver in JavaScript uses.
"""

from . import node, paths
from .files import built_folder, has_marker, write_text
from .process import run
from .progress import step

PACKAGE = "hl7.fhir.r4.examples"
PACKAGES = (f"{PACKAGE}@4.0.1", "standardwebhooks@1.1.1", "svix@2.5.0")
MARKER = ".interop-complete"
EXAMPLES = paths.NPM / "node_modules" / PACKAGE


def ensure() -> None:
    """Install the packages into ``var/npm``."""
    wanted = " ".join(PACKAGES)
    if has_marker(paths.NPM / MARKER, wanted):
        return
    with step(f"Fetching {wanted} with npm"), built_folder(paths.NPM) as folder:
        write_text(folder / "package.json", '{"private": true}\n')
        run(
            [
                *("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"),
                *("--loglevel=error", *PACKAGES),
            ],
            what=f"npm install {wanted}",
            remedy="Check the network and npm's registry setting, then run again.",
            cwd=folder,
            env=node.environment(),
        )
        write_text(folder / MARKER, wanted)
