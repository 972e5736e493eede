"""Find Odoo 19: the folder of ``ODOO_PATH``, or Debian's package, unpacked.

The package is only in Debian's suite ``sid``. It is not installed, because its dependencies
need the Python of that suite. The package does not contain fonts, JavaScript libraries and
one vendored file, which are added here.
"""

import ast
import os
import re
from pathlib import Path

from . import apt, paths
from .errors import SetupError
from .files import built_folder, check_disk, has_marker, remove_tree, write_text
from .progress import step, warn

PACKAGE = "odoo-19"
SUITE = "sid"
RECIPE = "3"  # increase it if the steps below change, so that they are repeated
MARKER = ".interop-complete"
# Where the packaged tree has links into /usr/share, and what provides their targets.
ASSET_PACKAGES = (
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
STRAY_FOLDERS = ("addons", "doc", "setup")
MISSING_FILES = ("mail/static/lib/selfie_segmentation/selfie_segmentation.js",)
NO_ODOO_REMEDY = (
    "Set ODOO_PATH to the folder of an existing Odoo 19 (it contains odoo/release.py), or "
    "use Debian, where Odoo is fetched."
)


def version_of(folder: Path) -> str | None:
    """The series in ``folder/odoo/release.py``, as in ``19.0``; ``None`` if none."""
    release = folder / "odoo" / "release.py"
    if not release.is_file():
        return None
    match = re.search(
        r"^version_info\s*=\s*\(([^)]*)\)", release.read_text("utf-8"), re.MULTILINE
    )
    if not match:
        return None
    numbers = re.findall(r"'[^']*'|\"[^\"]*\"|\w+", match[1])[:2]
    return ".".join(str(_literal(number)) for number in numbers)


def _literal(text: str) -> object:
    """The value of a literal, or its text when it is a name."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def given() -> Path | None:
    """Return the checked folder of ``ODOO_PATH``; ``None`` if it is not set.

    :raises SetupError: the folder has no Odoo 19
    """
    value = os.environ.get("ODOO_PATH", "").strip()
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    version = version_of(folder)
    if version is None:
        raise SetupError(
            f"ODOO_PATH={value} has no Odoo: {folder}/odoo/release.py is missing.",
            "Set it to the folder that contains the 'odoo' package.",
        )
    if version.split(".")[0] != "19":
        raise SetupError(f"ODOO_PATH={value} is Odoo {version}.", "Odoo 19 is needed.")
    return folder


def unpacked() -> Path:
    """Return the Python folder of the unpacked package, even if it does not exist yet."""
    return paths.ODOO / "usr" / "lib" / "python3" / "dist-packages"


def current() -> Path:
    """The Python folder of the Odoo in use."""
    return given() or unpacked()


def addons_paths(folder: Path) -> list[Path]:
    """Return the folders with addons of Odoo; a checkout has a second one at its top."""
    candidates = [folder / "odoo" / "addons", folder / "addons"]
    return [path for path in candidates if path.is_dir()]


def ensure() -> Path:
    """Find or fetch Odoo 19 and return its Python folder.

    :raises SetupError: ODOO_PATH is not set and Odoo cannot be fetched
    """
    folder = given()
    if folder:
        return folder
    if has_marker(paths.ODOO / MARKER, RECIPE):
        return unpacked()
    if not apt.available():
        raise SetupError(
            "No Odoo 19: ODOO_PATH is not set and this machine has no apt-get.",
            NO_ODOO_REMEDY,
        )
    check_disk(paths.VAR, 3, "Odoo")
    with built_folder(paths.ODOO) as folder:
        _fetch_into(folder)
        write_text(folder / MARKER, RECIPE)
    remove_tree(paths.APT)
    return unpacked()


def _fetch_into(folder: Path) -> None:
    """Fetch and unpack Odoo, and the files that its package lacks, into ``folder``."""
    with step(f"Fetching Odoo 19 (Debian package {PACKAGE}, about 125 MB)"):
        apt.refresh(SUITE)
        if not apt.fetch([PACKAGE], SUITE, folder):
            raise SetupError(
                f"The Debian mirror has no package {PACKAGE} in {SUITE}.",
                NO_ODOO_REMEDY,
            )
    with step("Unpacking Odoo"):
        _unpack_all(folder)
        python_folder = folder / unpacked().relative_to(paths.ODOO)
        for name in STRAY_FOLDERS:  # packaged by mistake at the top level
            remove_tree(python_folder / name)
        for name in MISSING_FILES:
            _write_stand_in(python_folder / "odoo" / "addons" / name)
    with step("Fetching the fonts and JavaScript libraries Odoo links to"):
        _fetch_assets(folder)


def _write_stand_in(path: Path) -> None:
    """An empty script in place of one that the package leaves out."""
    if not path.exists():
        write_text(path, "/* left out of the Debian package */\n")


def _fetch_assets(folder: Path) -> None:
    """Unpack fonts and libraries into the tree, so that its links have targets.

    The suite of the machine is first, because newer releases of some packages renamed the
    files that Odoo links to.
    """
    apt.refresh(apt.OWN_SUITE)
    wanted = set(ASSET_PACKAGES)
    wanted -= apt.fetch(wanted, apt.OWN_SUITE, folder)
    wanted -= apt.fetch(wanted, SUITE, folder)
    for package in sorted(wanted):
        warn(f"no package {package}: some fonts or icons may be missing")
    _unpack_all(folder)
    for link in _broken_links(folder):
        warn(f"{link.name} is not in any package: replaced by an empty file")
        link.unlink()
        link.touch()


def _unpack_all(folder: Path) -> None:
    """Unpack the packages downloaded into a folder there, and remove them."""
    for archive in sorted(folder.glob("*.deb")):
        apt.unpack(archive, folder)
        archive.unlink()


def _broken_links(folder: Path) -> list[Path]:
    """Return the links of the tree without a target."""
    return [
        Path(base) / name
        for base, _folders, names in os.walk(folder)
        for name in names
        if (Path(base) / name).is_symlink() and not (Path(base) / name).exists()
    ]
