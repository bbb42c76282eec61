"""Actions on a change request: approve, merge, refresh, close, comment. Each form carries the revision that the user has seen."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.change_requests import ChangeRequest, RequestState
from promptuary.model.errors import InvalidValue
from promptuary.model.release_errors import LabelProtected, NotEnoughApprovals, ReleaseRefused, RequestEnded, RequestOutdated
from promptuary.model.text import counted
from promptuary.registry import change_requests
from promptuary.store.engine.database import Transaction
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.requests.request_page import request_id_of, request_page

_CONFLICTS = (RequestOutdated, RequestEnded, NotEnoughApprovals, ReleaseRefused)
_BREAKING = "This change breaks callers, so an admin has to merge it."


class _Verb(Protocol):
    def __call__(self, tx: Transaction, actor: Actor, *, request_id: int, revision: int) -> ChangeRequest: ...


def approve(request: PageRequest) -> Response:
    """Approve the revision that the user has seen."""
    seen = request.form.get("merges_itself")
    verb = partial(change_requests.approve_request, merges_itself=seen == "yes") if seen else change_requests.approve_request
    return _act(request, Permission.RELEASE, verb, _notice_of_approval)


def take_back(request: PageRequest) -> Response:
    """Take the user's own approval back."""
    return _act(request, Permission.RELEASE, change_requests.take_approval_back, lambda _: "Your approval is taken back.")


def merge(request: PageRequest) -> Response:
    """Move all labels as the request says, or none."""
    return _act(request, Permission.RELEASE, _merge, _notice_of_merge)


def refresh(request: PageRequest) -> Response:
    """Let the request start from where its labels are now."""
    notice = "Refreshed. This is what it does now; approvals have to be given again."
    return _act(request, Permission.WRITE, change_requests.refresh_request, lambda _: notice)


def close(request: PageRequest) -> Response:
    """Close the request without a merge."""
    return _act(request, Permission.WRITE, change_requests.close_request, lambda _: "Closed. No label was moved.")


def comment(request: PageRequest) -> Response:
    """Write a comment."""
    actor, request_id = request.enter(Permission.WRITE), request_id_of(request)
    try:
        with request.database.write() as tx:
            change_requests.comment_on_request(tx, actor, request_id=request_id, text=request.form.get("text"))
    except InvalidValue as error:
        return request_page(request, actor, status=400, problem=str(error))
    return request.redirect(request.links.request(request_id), notice="The comment is added.")


def _act(request: PageRequest, permission: Permission, verb: _Verb, notice: Callable[[ChangeRequest], str]) -> Response:
    actor, request_id = request.enter(permission), request_id_of(request)
    try:
        with request.database.write() as tx:
            done = verb(tx, actor, request_id=request_id, revision=positive_int(request.form.get("revision")) or 0)
    except _CONFLICTS as error:
        return request_page(request, actor, status=409, refusal=str(error))
    except LabelProtected:
        return request_page(request, actor, status=403, refusal=_BREAKING)
    return request.redirect(request.links.request(request_id), notice=notice(done))


def _merge(tx: Transaction, actor: Actor, *, request_id: int, revision: int) -> ChangeRequest:
    return change_requests.merge_request(tx, actor, request_id=request_id, revision=revision)[0]


def _notice_of_approval(approved: ChangeRequest) -> str:
    if approved.state is RequestState.MERGED:
        return "Approved and merged."
    if approved.merges_itself and approved.state is RequestState.APPROVED:
        return "Approved. It could not be merged by itself; below is what it needs."
    return "Approved."


def _notice_of_merge(merged: ChangeRequest) -> str:
    return f"Merged: {counted(len(merged.moves), 'label')} moved."
