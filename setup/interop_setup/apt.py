"""Debian packages: install them (root only), or only fetch and unpack them.

Fetching does not change the apt configuration or package lists of the machine. The lists
are in ``var/apt``, and the mirrors come from ``apt-get indextargets``.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from . import paths
from .errors import SetupError
from .files import write_text
from .process import clean_environment, is_root, run
from .progress import say, step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OWN_SUITE = "own"


def available() -> bool:
    """Whether this machine has apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def install(packages: list[str], reason: str) -> None:
    """Install system packages as root, without questions.

    :raises SetupError: this process is not root, there is no apt, or apt failed
    """
    names = " ".join(packages)
    remedy = f"Install as root: apt-get install {names}"
    if not available():
        raise SetupError(
            f"{reason} is missing, and this machine has no apt-get.",
            f"Install these Debian packages with your package manager: {names}",
        )
    if not is_root():
        raise SetupError(f"{reason} is missing (Debian: {names}).", remedy)
    environment = clean_environment(DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    with step(f"Installing system packages: {names}"):
        try:
            run(command, what="apt-get install", remedy=remedy, env=environment)
        except SetupError:
            say("    refreshing the package lists and trying again")
            run(
                ["apt-get", "update"],
                what="apt-get update",
                remedy="Check the network and the machine's apt sources.",
                env=environment,
            )
            run(command, what="apt-get install", remedy=remedy, env=environment)


def _mirror() -> str:
    """URI of the Debian mirror this machine uses."""
    output = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)"],
        what="Reading the apt sources",
        remedy="Check /etc/apt/sources.list and run apt-get update.",
    )
    rows = [line.split("|", 1) for line in output.splitlines() if "|" in line]
    for origin, uri in rows:
        if origin == "Debian" or uri.rstrip("/").endswith("/debian"):
            return uri
    if rows:
        return rows[0][1]
    raise SetupError(
        "The apt sources of this machine have no Debian mirror.",
        "Add a mirror to /etc/apt/sources.list, or set ODOO_PATH to an existing Odoo 19.",
    )


def _options(suite: str) -> list[str]:
    """apt options for private lists and caches of one suite."""
    base = paths.APT / suite
    for folder in (base / "lists" / "partial", base / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"Dir::State::Lists={base}/lists",
        f"Dir::Cache={base}/cache",
        "APT::Sandbox::User=root" if is_root() else "Debug::NoLocking=true",
    ]
    if suite != OWN_SUITE:
        source = base / "sources.list"
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        write_text(source, f"deb {signed}{_mirror()} {suite} main\n")
        options += [
            f"Dir::Etc::SourceList={source}",
            "Dir::Etc::SourceParts=/dev/null",
        ]
    return [part for option in options for part in ("-o", option)]


def refresh(suite: str) -> None:
    """Download the package lists of a suite into the project folder."""
    run(
        ["apt-get", *_options(suite), "update"],
        what=f"Fetching the package lists of {suite}",
        remedy="Check the network and the mirror in the machine's apt sources.",
        env=clean_environment(LC_ALL="C.UTF-8"),
    )


def fetch(packages: Iterable[str], suite: str, folder: Path) -> set[str]:
    """Download packages into ``folder`` and return the names that the suite has."""
    wanted = sorted(packages)
    if not wanted:
        return set()
    shown = run(
        ["apt-cache", *_options(suite), "policy", *wanted],
        what=f"Looking for packages in {suite}",
        remedy="Check the machine's apt sources.",
        env=clean_environment(LC_ALL="C.UTF-8"),
    )
    found = with_candidate(shown).intersection(wanted)
    if found:
        run(
            ["apt-get", *_options(suite), "download", *sorted(found)],
            what=f"Downloading {', '.join(sorted(found))}",
            remedy="Check the network, then run the same command again.",
            cwd=folder,
            env=clean_environment(LC_ALL="C.UTF-8"),
        )
    return found


def with_candidate(policy: str) -> set[str]:
    """Packages that can be downloaded, from the output of ``apt-cache policy``.

    The output also lists installed packages that the package lists do not have.
    """
    found = set()
    for block in re.split(r"^(?=\S)", policy, flags=re.MULTILINE):
        name, _colon, rest = block.partition(":\n")
        if re.search(r"^ +\d+ (?!/var/lib/dpkg)\S", rest, re.MULTILINE):
            found.add(name)
    return found


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a package's files without installing it."""
    run(
        ["dpkg", "-x", archive, folder],
        what=f"Unpacking {archive.name}",
        remedy="Free some disk space, then run the same command again.",
    )
