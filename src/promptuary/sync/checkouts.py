"""The Git checkout that a folder is in: its commit, and which other commits it includes.

Git is asked if it can be run. Nothing depends on it: with less knowledge, fewer versions are recognised as known to the checkout,
and more is merged or reported.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from promptuary.sync.origins import Origin

_SECONDS = 30
_COMMIT = re.compile(r"[0-9a-f]{12,64}")
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA")
_TIME = "CI_COMMIT_TIMESTAMP"
_TIME_LINE, _SUBJECT = 2, 3
_STATUS = 3
"""Characters in front of a path in a line of ``git status --porcelain``."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder, and the commit that is checked out. ``is_git`` is `False` for a folder that is in no repository.

    ``committed_at`` is the time of the commit in seconds since 1970. ``is_shallow``: older commits are not known here. ``edited``
    are the names of files that are not as the commit has them; `None` if Git does not say.
    """

    path: Path
    is_git: bool = False
    commit: str | None = None
    subject: str | None = None
    committed_at: int | None = None
    is_shallow: bool = True
    edited: frozenset[str] | None = frozenset()
    _known: dict[str, bool | None] = field(default_factory=dict, compare=False)

    def commit_of(self, file: str) -> str | None:
        """Return the commit that has a file as it is here, `None` for a file with edits that are not committed."""
        return None if self.edited is None or file in self.edited else self.commit

    def includes(self, origin: Origin, published_at: str) -> bool:
        """Return `True` if the checkout is at or behind the commit from which a version was published.

        A folder outside of Git is as it is now, so it is behind everything that was published from it. A version that was published
        from files without a commit is in no commit. In a shallow clone, Git is sure only of commits that are included: another one
        is taken as included if the checkout is younger than the published version.
        """
        if not self.is_git:
            return True
        if origin.commit is None:
            return False
        is_included = self._is_ancestor(origin.commit)
        if is_included or not self.is_shallow:
            return bool(is_included)
        return self.committed_at is not None and self.committed_at > _seconds(published_at)

    def _is_ancestor(self, commit: str) -> bool | None:
        """Return `None` if the commit is not known here."""
        if self.commit is not None and self.commit.startswith(commit):
            return True
        if commit not in self._known:
            status = _git(self.path, "merge-base", "--is-ancestor", commit, "HEAD").returncode
            self._known[commit] = {0: True, 1: False}.get(status)
        return self._known[commit]


def read_checkout(path: Path, environment: Mapping[str, str] = os.environ) -> Checkout:
    """Return the checkout of a folder; what Git does not say comes from the variables of GitHub and GitLab, if they are set."""
    if not any((folder / ".git").exists() for folder in (path.resolve(), *path.resolve().parents)):
        return Checkout(path)
    shown = _git(path, "rev-list", "--max-count=1", "--format=%H%n%ct%n%s", "HEAD")
    lines = shown.stdout.decode(errors="replace").split("\n")
    if shown.returncode == 0 and len(lines) > _SUBJECT and lines[_TIME_LINE].isdigit():
        is_shallow = _git(path, "rev-parse", "--is-shallow-repository").stdout.strip() != b"false"
        return Checkout(
            path,
            is_git=True,
            commit=lines[1],
            subject=lines[_SUBJECT].strip() or None,
            committed_at=int(lines[_TIME_LINE]),
            is_shallow=is_shallow,
            edited=_edited_files(path),
        )
    commit = next((value for name in _COMMITS if _COMMIT.fullmatch(value := environment.get(name, ""))), None)
    return Checkout(path, is_git=True, commit=commit, committed_at=_seconds_or_none(environment.get(_TIME, "")))


def _edited_files(path: Path) -> frozenset[str] | None:
    """Return the names of the files of a folder that are not as the commit has them, ignored ones, too."""
    listed = _git(path, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignored", "--", ".")
    if listed.returncode != 0:
        return None
    lines = listed.stdout.decode(errors="replace").split("\0")
    return frozenset(PurePosixPath(line[_STATUS:]).name for line in lines if line)


def _git(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(path.resolve()), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=_SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return subprocess.CompletedProcess(command, 128, b"", b"")


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _seconds_or_none(moment: str) -> int | None:
    try:
        return _seconds(moment)
    except ValueError:
        return None
