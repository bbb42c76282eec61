"""Change requests and rules for labels on another server."""

from collections.abc import Sequence
from typing import Any

from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.releases import RELEASED_LABEL, Moves, moves_of

_REQUESTS = "llm_prompts/change_requests/"
_RULES = "llm_prompts/label_rules/"

_PROPOSED_MOVE: answers.Shape = {**RELEASED_LABEL, "current_version": answers.optional_version}
"""A proposed move of a label."""

_COMMENT: answers.Shape = {"text": answers.text, "created_by": answers.author, "created_at": answers.moment}
"""A comment on a change request."""

_CHANGE_REQUEST: answers.Shape = {
    "id": answers.count,
    "title": answers.text,
    "description": answers.text,
    "state": answers.text,
    "is_outdated": answers.flag,
    "revision": answers.count,
    "approvals_needed": answers.count,
    "approvals_given": answers.count,
    "created_by": answers.author,
    "created_at": answers.moment,
}
"""A change request, whose moves and comments are checked for themselves."""

_LABEL_RULE: answers.Shape = {
    "id": answers.count,
    "pattern": answers.text,
    "role": answers.text,
    "approvals": answers.count,
    "allows_own_approval": answers.flag,
    "breaking_needs_admin": answers.flag,
}
"""A rule for labels."""


class RemoteRequests:
    """The verbs on change requests and on rules for labels, over HTTP."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def open(
        self, title: str, moves: Sequence[dict[str, Any]], *, description: str = "", merges_itself: bool = False
    ) -> dict[str, Any]:
        """Propose moves: each has ``name``, ``label`` and ``version``, `None` to remove the label."""
        body = {"title": title, "description": description, "moves": list(moves), "merge_when_approved": merges_itself}
        return _request_of(self.remote.send("POST", _REQUESTS, body))

    def list_requests(self, state: str) -> list[dict[str, Any]]:
        """List requests, newest first; ``state`` is open, ended or all."""
        return [_request_of(row) for row in self.remote.pages(_REQUESTS, {"state": state}, key="id")]

    def get(self, request_id: int) -> dict[str, Any]:
        """Return a request with its comments. Raises `Missing`."""
        request = _request_of(self.remote.get(_path(request_id)))
        answers.checked_list(request.get("comments"), _COMMENT, "a comment")
        return request

    def preview(self, request_id: int) -> Moves:
        """Return what a merge would change. Raises `Missing`, `Conflict` for a request that has ended."""
        return moves_of(self.remote.get(f"{_path(request_id)}preview/"))

    def approve(self, request_id: int, revision: int) -> dict[str, Any]:
        """Approve a revision of a request. Raises `Missing`, `Conflict`."""
        return _request_of(self.remote.send("POST", f"{_path(request_id)}approve/", {"revision": revision}))

    def merge(self, request_id: int, revision: int) -> Moves:
        """Make the moves of a revision. Raises `Missing`, `Conflict`, `MovesRefused`."""
        return moves_of(self.remote.send("POST", f"{_path(request_id)}merge/", {"revision": revision}))

    def do(self, request_id: int, action: str) -> dict[str, Any]:
        """Refresh or close a request. Raises `Missing`, `Conflict`."""
        return _request_of(self.remote.send("POST", f"{_path(request_id)}{action}/"))

    def comment(self, request_id: int, text: str) -> dict[str, Any]:
        """Write a comment on a request. Raises `Missing`."""
        answer = self.remote.send("POST", f"{_path(request_id)}comments/", {"text": text})
        return answers.checked(answer, _COMMENT, "a comment")

    def list_rules(self) -> list[dict[str, Any]]:
        """List the rules for labels, by pattern."""
        answer = self.remote.get(_RULES)
        return answers.checked_list(answer.get("results") if isinstance(answer, dict) else None, _LABEL_RULE, "a rule")

    def add_rule(self, rule: dict[str, Any]) -> dict[str, Any]:
        """Add a rule for labels."""
        return answers.checked(self.remote.send("POST", _RULES, rule), _LABEL_RULE, "a rule")

    def remove_rule(self, rule_id: int) -> None:
        """Remove a rule. Raises `Missing`."""
        self.remote.send("DELETE", f"{_RULES}{rule_id}/")


def _path(request_id: int) -> str:
    return f"{_REQUESTS}{request_id}/"


def _request_of(answer: object) -> dict[str, Any]:
    request = answers.checked(answer, _CHANGE_REQUEST, "a change request")
    answers.checked_list(request.get("moves"), _PROPOSED_MOVE, "a proposed move")
    return request
