"""Read the manifests of the addons without Odoo."""

import ast
import hashlib
from pathlib import Path

from . import odoo_source, paths
from .errors import SetupError

# Folders of an addon that do not affect a database.
WITHOUT_TRACE = {"tests", "controllers", "readme", "i18n", "__pycache__", "static"}
ICON = Path("static") / "description" / "icon.png"


def names(folder: Path | None = None) -> list[str]:
    """Names of this project's addons, in alphabetical order."""
    folder = folder or paths.ADDONS
    return sorted(path.parent.name for path in folder.glob("*/__manifest__.py"))


def read(name: str, folder: Path | None = None) -> dict:
    """Return the manifest of an addon of this project."""
    text = ((folder or paths.ADDONS) / name / "__manifest__.py").read_text("utf-8")
    return ast.literal_eval(text)


def closure(
    wanted: list[str], folder: Path | None = None
) -> tuple[list[str], list[str]]:
    """Return the sorted dependencies of addons: those of this project, and others.

    The first list is complete and contains the wanted addons.

    :param folder: the folder with the addons; ``addons/`` of this project if not given
    :raises SetupError: a wanted addon is not in this project, or a dependency is missing
    """
    ours: set[str] = set()
    theirs: set[str] = set()
    own = set(names(folder))
    unknown = sorted(set(wanted) - own)
    if unknown:
        raise SetupError(
            f"The folder addons/ has no addon {', '.join(unknown)}.",
            f"Choose from: {', '.join(sorted(own))}.",
        )
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in own:
            theirs.add(name)
        elif name not in ours:
            ours.add(name)
            waiting += read(name, folder).get("depends", [])
    missing = sorted(name for name in theirs if not _available(name))
    if missing:
        raise SetupError(
            f"Neither Odoo nor addons/ has {', '.join(missing)}.",
            f"Look at 'depends' in the manifests of {', '.join(sorted(ours))}.",
        )
    return sorted(ours), sorted(theirs)


def _available(name: str) -> bool:
    """Whether Odoo, or a wheel in the environment, has a module of this name."""
    folders = odoo_source.addons_paths(odoo_source.current())
    folders += paths.VENV.glob("lib/python3*/site-packages/odoo/addons")
    return any((folder / name / "__manifest__.py").is_file() for folder in folders)


def sources(name: str, folder: Path | None = None) -> list[Path]:
    """Return the sorted files of an addon that affect a database."""
    base = (folder or paths.ADDONS) / name
    found = []
    for path in base.rglob("*"):
        relative = path.relative_to(base)
        hidden = WITHOUT_TRACE.intersection(relative.parts[:-1])
        if path.is_file() and (not hidden or relative == ICON):
            if path.suffix not in (".md", ".rst", ".pyc", ".toml"):
                found.append(path)
    return sorted(found)


def digest(addons: list[str], folder: Path | None = None) -> str:
    """Return a hash of the sources of these addons that affect a database."""
    folder = folder or paths.ADDONS
    result = hashlib.sha256()
    for name in addons:
        for path in sources(name, folder):
            result.update(str(path.relative_to(folder)).encode() + b"\0")
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()
