"""The verbs of change requests: propose moves of labels, review, approve and merge them. `request_merging` has what they share.

An approval is of the moves of one revision, and counts as long as its user could still give it. A merge is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from promptuary.model.access import Actor, Permission, Role
from promptuary.model.change_requests import (
    MAX_COMMENTS,
    ChangeRequest,
    Comment,
    RequestState,
    check_comment,
    check_description,
    check_title,
)
from promptuary.model.changes import payloads
from promptuary.model.errors import InvalidValue, RegistryError, RoleTooLow
from promptuary.model.label_history import MoveCause, MoveKind
from promptuary.model.release_errors import NotEnoughApprovals, RequestEnded, RequestNotFound, RequestOutdated
from promptuary.registry.changes import record_project_change
from promptuary.registry.moves import Moves, look_at_moves, record_moves
from promptuary.registry.request_merging import (
    OUTDATED,
    Merge,
    WantedPosition,
    count_approvals,
    differs,
    lock_moves,
    merge,
    propose,
    protection_of_request,
    require_may_approve,
)
from promptuary.registry.request_options import is_for
from promptuary.store import change_requests, label_rules
from promptuary.store.engine.database import Transaction, attempting

_CHANGED = "This change request was changed since you looked. Look at it again."


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of change requests, newest first, and the number of all."""

    items: list[ChangeRequest]
    count: int


def open_request(
    tx: Transaction,
    actor: Actor,
    *,
    title: str,
    description: str = "",
    positions: Sequence[WantedPosition],
    merges_itself: bool = False,
) -> ChangeRequest:
    """Propose moves of labels. With ``merges_itself`` the last approval merges them.

    Raises `InvalidValue`, `PromptNotFound`, `VersionNotFound`, `LabelNotFound`, `LabelMoved`.
    """
    actor.require(Permission.WRITE)
    check_title(title)
    check_description(description)
    moves = propose(tx, actor, positions)
    request_id = change_requests.insert_request(
        tx,
        actor.project_id,
        title=title.strip(),
        description=description,
        merges_itself=merges_itself,
        created_by_id=actor.user_id,
    )
    change_requests.replace_moves(tx, request_id, moves)
    request = get_request(tx, actor, request_id=request_id)
    record_project_change(tx, actor, payloads.RequestOpened(_facts_of(request)))
    return request


def change_request(
    tx: Transaction,
    actor: Actor,
    *,
    request_id: int,
    title: str | None = None,
    description: str | None = None,
    positions: Sequence[WantedPosition] | None = None,
    merges_itself: bool | None = None,
    seen_at: datetime | None = None,
) -> ChangeRequest:
    """Change parts of an open request, where they are given; other moves take all approvals away. For its author, and admins.

    Who replaces the moves has proposed them, and cannot approve them unless rules allow own approvals.

    ``seen_at`` is when the request was changed last, as the caller has seen it. Raises `RequestNotFound`, `RequestEnded`,
    `RequestOutdated`, and what `open_request` raises.
    """
    actor.require(Permission.WRITE)
    request = _lock(tx, actor, request_id)
    _require_author(actor, request)
    if seen_at not in {None, request.updated_at}:
        raise RequestOutdated(_CHANGED)
    values: dict[str, object] = {}
    if title is not None:
        check_title(title)
        values["title"] = title.strip()
    if description is not None:
        check_description(description)
        values["description"] = description
    if merges_itself is not None:
        values["merges_itself"] = merges_itself
    if positions is not None:
        change_requests.replace_moves(tx, request.id, propose(tx, actor, positions))
        values |= {"revision": request.revision + 1, "revised_by_id": actor.user_id}
    change_requests.update_request(tx, request.id, **values)
    return _changed(tx, actor, request_id)


def refresh_request(tx: Transaction, actor: Actor, *, request_id: int, revision: int | None = None) -> ChangeRequest:
    """Let an outdated request start from where its labels are now, without the moves that are made by now, or cannot be any more.

    What it does is something else then, so approvals are taken away. ``revision`` is the one that the caller has seen, if it tells.
    Raises `RequestNotFound`, `RequestEnded`, `RequestOutdated`.
    """
    actor.require(Permission.WRITE)
    request = _lock(tx, actor, request_id)
    _require_revision(request, revision)
    if not request.is_outdated:
        return request
    moves = [
        replace(move, from_version=move.current_version)
        for move in request.moves
        if not move.is_archived and move.current_version != move.to_version
    ]
    change_requests.replace_moves(tx, request.id, moves)
    change_requests.update_request(tx, request.id, revision=request.revision + 1)
    return _changed(tx, actor, request_id)


def approve_request(
    tx: Transaction, actor: Actor, *, request_id: int, revision: int, merges_itself: bool | None = None
) -> ChangeRequest:
    """Approve a revision of a request, and merge it if that was the last required approval and its author asked for that.

    ``merges_itself`` says if the author had asked, as the caller has seen it. Again is no error. Raises `RequestNotFound`,
    `RequestEnded`, `RequestOutdated`, `MayNotApprove`, `RoleTooLow`.
    """
    actor.require(Permission.RELEASE)
    request = _lock(tx, actor, request_id)
    _require_current(request, revision)
    if merges_itself not in {None, request.merges_itself}:
        raise RequestOutdated(_CHANGED)
    require_may_approve(actor, request, protection_of_request(tx, actor, request))
    is_new = change_requests.insert_approval(tx, request.id, revision=revision, user_id=actor.user_id or 0)
    approved = get_request(tx, actor, request_id=request_id)
    is_last = approved.merges_itself and approved.state is RequestState.APPROVED
    made = _try_to_merge(tx, actor, approved) if is_last else None
    if is_new:
        record_project_change(tx, actor, payloads.RequestApproved(_facts_of(request)))
    if made is not None:
        _record_merge(tx, actor, approved, made)
    return get_request(tx, actor, request_id=request_id)


def take_approval_back(tx: Transaction, actor: Actor, *, request_id: int, revision: int | None = None) -> ChangeRequest:
    """Take the own approval of an open request back, if there is one. Raises what `refresh_request` raises."""
    actor.require(Permission.RELEASE)
    request = _lock(tx, actor, request_id)
    _require_revision(request, revision)
    if change_requests.delete_approval(tx, request.id, revision=request.revision, user_id=actor.user_id or 0):
        return _changed(tx, actor, request_id)
    return request


def merge_request(tx: Transaction, actor: Actor, *, request_id: int, revision: int) -> tuple[ChangeRequest, Moves]:
    """Move all labels as a revision of a request says, or none.

    Raises `RequestNotFound`, `RequestEnded`, `RequestOutdated`, `NotEnoughApprovals`, `RoleTooLow`, `LabelProtected` where a change
    that breaks callers requires an admin, and `ReleaseRefused`.
    """
    actor.require(Permission.RELEASE)
    request = _lock(tx, actor, request_id)
    _require_current(request, revision)
    if request.approvals_given < request.approvals_needed:
        raise NotEnoughApprovals(request.approvals_given, request.approvals_needed)
    made = merge(tx, actor, request)
    change_requests.end_request(tx, request.id, state=RequestState.MERGED, ended_by_id=actor.user_id)
    _record_merge(tx, actor, request, made)
    return get_request(tx, actor, request_id=request_id), made.moves


def close_request(tx: Transaction, actor: Actor, *, request_id: int, revision: int | None = None) -> ChangeRequest:
    """Close a request without a merge. For its author, and admins. Raises what `refresh_request` raises."""
    actor.require(Permission.WRITE)
    request = _lock(tx, actor, request_id)
    _require_author(actor, request)
    _require_revision(request, revision)
    change_requests.end_request(tx, request.id, state=RequestState.CLOSED, ended_by_id=actor.user_id)
    closed = get_request(tx, actor, request_id=request_id)
    record_project_change(tx, actor, payloads.RequestClosed(_facts_of(closed)))
    return closed


def comment_on_request(tx: Transaction, actor: Actor, *, request_id: int, text: str) -> Comment:
    """Write a comment, also on a request that has ended. Raises `RequestNotFound`, `InvalidValue`."""
    actor.require(Permission.WRITE)
    check_comment(text)
    if not change_requests.lock_request(tx, actor.project_id, request_id):
        raise RequestNotFound(request_id)
    if change_requests.count_comments(tx, request_id) >= MAX_COMMENTS:
        raise InvalidValue("max_length", f"A change request can have at most {MAX_COMMENTS} comments.", field="text")
    comment = change_requests.insert_comment(tx, request_id, text=text, created_by_id=actor.user_id)
    request = get_request(tx, actor, request_id=request_id)
    record_project_change(tx, actor, payloads.RequestCommented(_facts_of(request)))
    return comment


def get_request(tx: Transaction, actor: Actor, *, request_id: int) -> ChangeRequest:
    """Return a request of the project. Raises `RequestNotFound`."""
    actor.require(Permission.READ)
    found = change_requests.find_request(tx, actor.project_id, request_id)
    if found is None:
        raise RequestNotFound(request_id)
    return count_approvals(found, label_rules.list_rules(tx, actor.project_id))


def list_requests(tx: Transaction, actor: Actor, *, is_open: bool | None = None, limit: int, offset: int = 0) -> RequestPage:
    """List requests of the project, newest first: all, the open ones, or those that have ended."""
    actor.require(Permission.READ)
    rules = label_rules.list_rules(tx, actor.project_id)
    found = change_requests.list_requests(tx, actor.project_id, is_open=is_open, limit=limit, offset=offset)
    count = change_requests.count_requests(tx, actor.project_id, is_open=is_open)
    return RequestPage([count_approvals(request, rules) for request in found], count)


def list_comments(tx: Transaction, actor: Actor, *, request_id: int) -> list[Comment]:
    """List the comments on a request, oldest first. Raises `RequestNotFound`."""
    get_request(tx, actor, request_id=request_id)
    return change_requests.list_comments(tx, request_id, limit=MAX_COMMENTS)


def preview_request(tx: Transaction, actor: Actor, *, request_id: int) -> Moves:
    """Return what the moves of an open request would change, from where its labels are now; ``tx`` must be able to write.

    Raises `RequestNotFound`, `RequestEnded`.
    """
    actor.require(Permission.READ)
    request = get_request(tx, actor, request_id=request_id)
    _require_open(request)
    wanted = [want for want in lock_moves(tx, actor, request.moves) if differs(want)]
    return look_at_moves(tx, actor, wanted, MoveCause(MoveKind.CHANGE_REQUEST))


def preview_positions(tx: Transaction, actor: Actor, positions: Sequence[WantedPosition]) -> Moves:
    """Return the effects of a request for these positions; ``tx`` must be able to write. Raises what `open_request` raises."""
    actor.require(Permission.WRITE)
    wanted = lock_moves(tx, actor, propose(tx, actor, positions))
    return look_at_moves(tx, actor, wanted, MoveCause(MoveKind.CHANGE_REQUEST))


def _lock(tx: Transaction, actor: Actor, request_id: int) -> ChangeRequest:
    """Lock an open request. Raises `RequestNotFound`, `RequestEnded`."""
    if not change_requests.lock_request(tx, actor.project_id, request_id):
        raise RequestNotFound(request_id)
    request = get_request(tx, actor, request_id=request_id)
    _require_open(request)
    return request


def _require_open(request: ChangeRequest) -> None:
    if not request.is_open:
        raise RequestEnded(request.state.value)


def _require_author(actor: Actor, request: ChangeRequest) -> None:
    if not is_for(actor, request):
        raise RoleTooLow(Role.ADMIN)


def _require_revision(request: ChangeRequest, revision: int | None) -> None:
    if revision not in {None, request.revision}:
        raise RequestOutdated(_CHANGED)


def _require_current(request: ChangeRequest, revision: int) -> None:
    _require_revision(request, revision)
    if request.is_outdated:
        raise RequestOutdated(OUTDATED)


def _changed(tx: Transaction, actor: Actor, request_id: int) -> ChangeRequest:
    request = get_request(tx, actor, request_id=request_id)
    record_project_change(tx, actor, payloads.RequestChanged(_facts_of(request)))
    return request


def _try_to_merge(tx: Transaction, actor: Actor, request: ChangeRequest) -> Merge | None:
    """Merge a request if that is possible now; else it stays approved, and the next user who tries sees the reason."""
    try:
        with attempting(tx):
            made = merge(tx, actor, request)
            change_requests.end_request(tx, request.id, state=RequestState.MERGED, ended_by_id=actor.user_id)
            return made
    except RegistryError:
        return None


def _record_merge(tx: Transaction, actor: Actor, request: ChangeRequest, made: Merge) -> None:
    record_moves(tx, actor, made.wanted, made.moves)
    record_project_change(tx, actor, payloads.RequestMerged(_facts_of(request)))


def _facts_of(request: ChangeRequest) -> payloads.RequestFacts:
    names, labels = ({getattr(move, field) for move in request.moves} for field in ("name", "label"))
    return payloads.RequestFacts(request.id, request.title, request.revision, tuple(sorted(names)), tuple(sorted(labels)))
