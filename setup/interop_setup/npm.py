"""The FHIR example resources, fetched by npm: real input for demo and tests."""

from . import node, paths
from .files import built_folder, has_marker, write_text
from .process import run
from .progress import step

PACKAGE = "hl7.fhir.r4.examples"
VERSION = "4.0.1"
MARKER = ".interop-complete"
EXAMPLES = paths.NPM / "node_modules" / PACKAGE


def ensure() -> None:
    """Install the examples package into ``var/npm``."""
    wanted = f"{PACKAGE}@{VERSION}"
    if has_marker(paths.NPM / MARKER, wanted):
        return
    with step(f"Fetching {wanted} with npm"), built_folder(paths.NPM) as folder:
        write_text(folder / "package.json", '{"private": true}\n')
        run(
            [
                *("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"),
                *("--loglevel=error", wanted),
            ],
            what=f"npm install {wanted}",
            remedy="Check the network and npm's registry setting, then run again.",
            cwd=folder,
            env=node.environment(),
        )
        write_text(folder / MARKER, wanted)
