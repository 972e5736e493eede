"""The addons of another commit, beside the present ones: what a bench compares with.

They lie in a git worktree below ``var/engines`` and run with the present Python
environment and the present Odoo, on databases and templates of their own.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import SetupError
from .files import lock, remove_tree
from .process import clean_environment
from .progress import step

ENGINES = paths.VAR / "engines"
KEEP = 3  # worktrees; the ones used longest ago are removed


@dataclass(frozen=True)
class OtherEngine:
    """The addons of one commit.

    :param commit: its full hash
    :param folder: the worktree
    """

    commit: str
    folder: Path

    @property
    def addons(self) -> Path:
        """Where its addons lie."""
        return self.folder / "addons"

    def same_packages(self) -> bool:
        """Whether it was made for the Python packages that are installed here."""
        theirs = self.folder / paths.LOCK_FILE.relative_to(paths.ROOT)
        return theirs.is_file() and _digest(theirs) == _digest(paths.LOCK_FILE)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checkout(commit: str) -> OtherEngine:
    """The addons of a commit; its worktree is made when it is missing.

    :param commit: anything that git knows as a commit
    :raises SetupError: there is no git, or no such commit
    """
    sha = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").strip()
    engine = OtherEngine(sha, ENGINES / sha[:12])
    with lock("engines"):
        if not (engine.addons.is_dir() and _is_at(engine)):
            with step(f"Checking {sha[:12]} out to {paths.shown(engine.folder)}"):
                remove_tree(engine.folder)
                _git("worktree", "prune")
                _git("worktree", "add", "--detach", "--force", str(engine.folder), sha)
        engine.folder.touch()
        _collect(engine)
    return engine


def _is_at(engine: OtherEngine) -> bool:
    """Whether the worktree is at its commit and nothing in it was changed."""
    try:
        head = _git("rev-parse", "HEAD", cwd=engine.folder).strip()
        changed = _git("status", "--porcelain", "--", "addons", cwd=engine.folder)
    except SetupError:
        return False
    return head == engine.commit and not changed.strip()


def _collect(kept: OtherEngine) -> None:
    """Remove the worktrees that were used longest ago."""
    others = [path for path in ENGINES.iterdir() if path != kept.folder]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEEP - 1 :]:
        remove_tree(path)
        _git("worktree", "prune")


def _git(*arguments: str, cwd: Path | None = None) -> str:
    """Run git, in the project's folder unless told, and answer its output.

    :raises SetupError: it is not there, or it failed
    """
    program = shutil.which("git")
    if not program:
        raise SetupError(
            "git was not found.",
            "Install git, or leave the comparison out: --against=none.",
        )
    done = subprocess.run(
        [program, "-c", "safe.directory=*", *arguments],
        cwd=cwd or paths.ROOT,
        env=clean_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SetupError(
            f"git {arguments[0]} failed: {done.stderr.strip() or 'unknown commit'}",
            "Name a commit of this repository (its history has to be here), or "
            "leave the comparison out: --against=none.",
        )
    return done.stdout
