"""Moves of labels on another server: looks ahead, undo and history, and several prompts at once.

A server without these endpoints ignores ``dry_run``, ``reason``, ``labels`` and ``at`` and does something else than was asked. So
callers that send one of them begin with `RemoteReleases.require_known`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from promptuary_client import Promptuary

from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import Missing, RemoteError
from promptuary.remote.prompts import RemotePrompts, label_path, prompt_path

Moves = dict[str, Any]
"""Labels that were moved, or would be: ``moves``, ``refused`` and, of a look, ``texts``. Its rows are checked."""

Positions = Mapping[str, int | None]
"""The version that the label of each prompt points at, by name; `None`: it is not set."""

_RELEASES = "llm_prompts/releases/"
_PAGE = 200
_MAX_MOVES = 100_000
_LOOK = {"dry_run": "true"}

_LABEL_MOVE: answers.Shape = {
    "id": answers.count,
    "from_version": answers.optional_version,
    "to_version": answers.optional_version,
    "kind": answers.text,
    "reason": answers.optional_text,
    "created_by": answers.author,
    "created_at": answers.moment,
}
"""A line of a label's history."""

_MOVE: answers.Shape = {
    "name": answers.prompt_name,
    "from_version": answers.optional_version,
    "to_version": answers.optional_version,
    "contract_change": answers.text,
    "affected_prompts": answers.texts,
}
"""A move of a label, made or looked at."""

_CHANGED_TEXT: answers.Shape = {"name": answers.prompt_name, "label": answers.optional_label, "diff": answers.text}
"""A text that moves change."""

RELEASED_LABEL: answers.Shape = {
    "name": answers.prompt_name,
    "label": answers.label_name,
    "from_version": answers.optional_version,
    "to_version": answers.optional_version,
}
"""A label that was moved in a release."""

_RELEASE: answers.Shape = {
    "id": answers.text,
    "kind": answers.text,
    "reason": answers.optional_text,
    "created_by": answers.author,
    "created_at": answers.moment,
}
"""Labels that were moved together, whose list is checked for itself."""


class RemoteReleases:
    """The verbs on moves of labels, over HTTP."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def is_known(self) -> bool:
        """Return `True` if the server has releases and the history of labels. Raises `Missing` for a missing project."""
        try:
            page = self.remote.get(_RELEASES, {"limit": 1})
        except Missing:
            RemotePrompts(self.remote).count()
            return False
        return isinstance(page, dict) and isinstance(page.get("results"), list)

    def require_known(self) -> None:
        """Raise `RemoteError` if the server is too old for dry runs, reasons, the history of labels and releases."""
        if not self.is_known():
            raise RemoteError(
                f"Nothing was done: {self.remote.profile.host} runs an older Promptuary without a history of labels. "
                "Upgrade the server."
            )

    def preview_move(self, name: str, label: str, version: int, *, expected_version: int | None) -> Moves:
        """Return what pointing a label at a version would change. Raises `Conflict`, `Missing`."""
        body = {"version": version, "expected_version": expected_version}
        return moves_of(self.remote.send("PUT", label_path(name, label), body, query=_LOOK))

    def preview_removal(self, name: str, label: str, *, expected_version: int | None) -> Moves:
        """Return what removing a label would change. Raises `Conflict`, `Missing`."""
        return moves_of(self.remote.send("DELETE", label_path(name, label), query={**_LOOK, "expected_version": expected_version}))

    def preview_archive(self, name: str) -> Moves:
        """Return what archiving a prompt would change, and with which keys it is fetched. Raises `Missing`."""
        moves = moves_of(self.remote.send("POST", f"{prompt_path(name)}archive/", query=_LOOK))
        answers.checked_list(moves.get("fetches"), answers.KEY_FETCHES, "a key")
        return moves

    def undo_move(
        self, name: str, label: str, *, expected_version: int | None, reason: str | None, is_emergency: bool = False
    ) -> None:
        """Point a label where it pointed before its last move. Raises `Conflict`, `Missing`."""
        self.remote.call(
            Promptuary.undo_label, name, label, expected_version=expected_version, reason=reason, emergency=is_emergency
        )

    def list_history(self, name: str, label: str, *, limit: int = _MAX_MOVES) -> list[dict[str, Any]]:
        """List the moves of a label, newest first. Raises `Missing` for a label that the prompt never had."""
        found: dict[int, dict[str, Any]] = {}
        offset = 0
        while True:
            page = self.remote.call(Promptuary.label_history, name, label, limit=min(limit, _PAGE), offset=offset)
            rows = answers.checked_list(page.raw["results"], _LABEL_MOVE, "a move of a label")
            # Moves that are made meanwhile push older ones to the next page.
            found.update({row["id"]: row for row in rows})
            offset += len(rows)
            if not rows or not page.has_more or offset >= limit:
                return list(found.values())

    def promote(
        self,
        source: str,
        target: str,
        *,
        names: Sequence[str] | None = None,
        is_look: bool = False,
        reason: str | None = None,
        expected: Positions | None = None,
        versions: Positions | None = None,
        is_emergency: bool = False,
    ) -> Moves:
        """Point ``target`` at what ``source`` points at, of all prompts or of some, or look at it. Raises `MovesRefused`."""
        release = self.remote.call(
            Promptuary.promote,
            source,
            target,
            names=names,
            expected=expected,
            versions=versions,
            reason=reason,
            emergency=is_emergency,
            dry_run=is_look,
        )
        return moves_of(dict(release.raw))

    def list_releases(self) -> list[dict[str, Any]]:
        """List the releases of the project, newest first."""
        return [_release_of(row) for row in self.remote.pages(_RELEASES, {}, key="id")]

    def get_release(self, release_id: str) -> dict[str, Any]:
        """Return a release. Raises `Missing`."""
        return _release_of(self.remote.get(_release_path(release_id)))

    def undo_release(
        self, release_id: str, *, is_look: bool = False, reason: str | None = None, is_emergency: bool = False
    ) -> Moves:
        """Take all moves of a release back, or look at it. Raises `Missing`, `MovesRefused`."""
        release = self.remote.call(Promptuary.undo_release, release_id, reason=reason, emergency=is_emergency, dry_run=is_look)
        return moves_of(dict(release.raw))


def moves_of(answer: object) -> Moves:
    """Return moves of an answer, checked. Raises `RemoteError`."""
    moves = answers.checked(answer, {"dry_run": answers.flag}, "moves of labels")
    for move in answers.checked_list(moves.get("moves"), _MOVE, "a move of a label"):
        answers.checked_list(move.get("fetches"), answers.KEY_FETCHES, "a key")
    answers.checked_list(moves.get("refused"), answers.REFUSAL, "a refusal")
    answers.checked_list(moves.get("texts", []), _CHANGED_TEXT, "a changed text")
    return moves


def _release_of(answer: object) -> dict[str, Any]:
    release = answers.checked(answer, _RELEASE, "a release")
    answers.checked_list(release.get("moves"), RELEASED_LABEL, "a released label")
    return release


def _release_path(release_id: str) -> str:
    return f"{_RELEASES}{quote(release_id, safe='')}/"
