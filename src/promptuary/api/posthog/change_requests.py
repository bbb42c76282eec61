"""The resource of change requests: propose, read, change, approve, merge, close, comment."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.move_outputs import LLMPromptMoves, show_moves
from promptuary.api.posthog.outputs import UserBasic, show_author, show_timestamp, show_timestamp_or_none
from promptuary.api.posthog.paging import number_in_path, page_body, page_parameters, window_of
from promptuary.api.posthog.request_inputs import (
    ChangeRequestComment,
    ChangeRequestCreate,
    ChangeRequestMoveInput,
    ChangeRequestRevision,
    ChangeRequestsQuery,
    PatchedChangeRequest,
)
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import PositiveInteger, Timestamp
from promptuary.model.access import Permission
from promptuary.model.change_requests import ChangeRequest, Comment
from promptuary.registry import change_requests
from promptuary.registry.request_merging import WantedPosition

resource = Resource("Change requests")


class LLMPromptProposedMove(TypedDict):
    """A proposed move of a label; a version is null if the label is not set. `current_version` is where the label is now."""

    name: str
    label: str
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None
    current_version: PositiveInteger | None


class LLMPromptApproval(TypedDict):
    """An approval of a revision. It counts only for that revision, and as long as the user could still give it."""

    user: UserBasic | None
    revision: PositiveInteger
    created_at: Timestamp


class LLMPromptComment(TypedDict):
    """A comment on a change request."""

    id: int
    text: str
    created_by: UserBasic | None
    created_at: Timestamp


class LLMPromptChangeRequest(TypedDict):
    """A change request. It is outdated if one of its labels was moved since it was opened or refreshed.

    Lists leave `comments` out.
    """

    id: int
    title: str
    description: str
    state: Literal["open", "approved", "merged", "closed"]
    is_outdated: bool
    revision: PositiveInteger
    merge_when_approved: bool
    moves: list[LLMPromptProposedMove]
    approvals_needed: Annotated[int, Field(ge=0)]
    approvals_given: Annotated[int, Field(ge=0)]
    approvals: list[LLMPromptApproval]
    created_by: UserBasic | None
    created_at: Timestamp
    updated_at: Timestamp
    ended_by: UserBasic | None
    ended_at: Timestamp | None
    comments: NotRequired[list[LLMPromptComment]]


class LLMPromptMergedRequest(LLMPromptMoves):
    """The moves of a merge, and the change request since."""

    change_request: LLMPromptChangeRequest


class PaginatedLLMPromptChangeRequestList(TypedDict):
    """A page of change requests."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[LLMPromptChangeRequest]


@resource.get(
    "/change_requests/",
    Operation(
        id="llm_prompts_change_requests_list",
        summary="List change requests",
        query=ChangeRequestsQuery,
        extra_parameters=[*page_parameters("Change requests"), TOKEN_PARAMETER],
        answers={200: PaginatedLLMPromptChangeRequestList},
    ),
)
def list_requests(call: Call) -> Response:
    """List the change requests of a project, newest first."""
    with call.entering(Permission.READ) as (tx, actor):
        is_open = call.query(ChangeRequestsQuery).is_open
        window = window_of(call)
        page = change_requests.list_requests(tx, actor, is_open=is_open, limit=window.limit, offset=window.offset)
    return call.answer(page_body(call, window, count=page.count, results=[show_request(request) for request in page.items]))


@resource.post(
    "/change_requests/",
    Operation(
        id="llm_prompts_change_requests_create",
        summary="Open a change request",
        body=ChangeRequestCreate,
        answers={201: LLMPromptChangeRequest},
    ),
)
def open_request(call: Call) -> Response:
    """Propose moves of labels, which others review, approve and merge."""
    actor = call.enter(Permission.WRITE)
    body = call.body(ChangeRequestCreate)
    with call.database.write() as tx:
        request = change_requests.open_request(
            tx,
            actor,
            title=body.title,
            description=body.description,
            positions=[position_of(move) for move in body.moves],
            merges_itself=body.merge_when_approved,
        )
    return call.answer({**show_request(request), "comments": []}, 201)


@resource.get(
    "/change_requests/{request_id}/",
    Operation(
        id="llm_prompts_change_requests_retrieve",
        summary="Read a change request",
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptChangeRequest},
    ),
)
def retrieve_request(call: Call) -> Response:
    """Return a change request with its comments."""
    with call.entering(Permission.READ) as (tx, actor):
        request_id = number_in_path(call, "request_id")
        request = change_requests.get_request(tx, actor, request_id=request_id)
        comments = change_requests.list_comments(tx, actor, request_id=request_id)
    return call.answer({**show_request(request), "comments": [show_comment(comment) for comment in comments]})


@resource.get(
    "/change_requests/{request_id}/preview/",
    Operation(
        id="llm_prompts_change_requests_preview_retrieve",
        summary="See what a change request does",
        answers={200: LLMPromptMoves},
        conflicts=True,
    ),
)
def preview_request(call: Call) -> Response:
    """Return what a merge would change now: texts, contracts, who fetches them."""
    actor = call.enter(Permission.READ)
    with call.database.write() as tx:
        moves = change_requests.preview_request(tx, actor, request_id=number_in_path(call, "request_id"))
    return call.answer(show_moves(moves, is_dry_run=True, with_labels=True))


@resource.patch(
    "/change_requests/{request_id}/",
    Operation(
        id="llm_prompts_change_requests_partial_update",
        summary="Change a change request",
        body=PatchedChangeRequest,
        answers={200: LLMPromptChangeRequest},
        conflicts=True,
    ),
)
def change_request(call: Call) -> Response:
    """Change the text or the moves of an open change request. For its author and admins. Other moves take approvals away."""
    actor = call.enter(Permission.WRITE)
    body = call.body(PatchedChangeRequest)
    with call.database.write() as tx:
        request = change_requests.change_request(
            tx,
            actor,
            request_id=number_in_path(call, "request_id"),
            title=body.title,
            description=body.description,
            positions=None if body.moves is None else [position_of(move) for move in body.moves],
            merges_itself=body.merge_when_approved,
        )
    return call.answer(show_request(request))


@resource.post(
    "/change_requests/{request_id}/refresh/",
    Operation(
        id="llm_prompts_change_requests_refresh_create",
        summary="Refresh an outdated change request",
        answers={200: LLMPromptChangeRequest},
        conflicts=True,
    ),
)
def refresh_request(call: Call) -> Response:
    """Let a change request start from where its labels are now. It does something else then, so approvals are taken away."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        request = change_requests.refresh_request(tx, actor, request_id=number_in_path(call, "request_id"))
    return call.answer(show_request(request))


@resource.post(
    "/change_requests/{request_id}/approve/",
    Operation(
        id="llm_prompts_change_requests_approve_create",
        summary="Approve a change request",
        body=ChangeRequestRevision,
        answers={200: LLMPromptChangeRequest},
        conflicts=True,
    ),
)
def approve_request(call: Call) -> Response:
    """Approve a revision of a change request. The last approval merges it, if its author asked for that."""
    actor = call.enter(Permission.RELEASE)
    body = call.body(ChangeRequestRevision)
    with call.database.write() as tx:
        request = change_requests.approve_request(tx, actor, request_id=number_in_path(call, "request_id"), revision=body.revision)
    return call.answer(show_request(request))


@resource.delete(
    "/change_requests/{request_id}/approve/",
    Operation(
        id="llm_prompts_change_requests_approve_destroy",
        summary="Take an approval back",
        answers={200: LLMPromptChangeRequest},
        conflicts=True,
    ),
)
def take_approval_back(call: Call) -> Response:
    """Take the own approval of an open change request back."""
    actor = call.enter(Permission.RELEASE)
    with call.database.write() as tx:
        request = change_requests.take_approval_back(tx, actor, request_id=number_in_path(call, "request_id"))
    return call.answer(show_request(request))


@resource.post(
    "/change_requests/{request_id}/merge/",
    Operation(
        id="llm_prompts_change_requests_merge_create",
        summary="Merge a change request",
        body=ChangeRequestRevision,
        answers={200: LLMPromptMergedRequest},
        conflicts=True,
    ),
)
def merge_request(call: Call) -> Response:
    """Move all labels of a change request, or none."""
    actor = call.enter(Permission.RELEASE)
    body = call.body(ChangeRequestRevision)
    with call.database.write() as tx:
        request, moves = change_requests.merge_request(
            tx, actor, request_id=number_in_path(call, "request_id"), revision=body.revision
        )
    return call.answer({**show_moves(moves, is_dry_run=False, with_labels=True), "change_request": show_request(request)})


@resource.post(
    "/change_requests/{request_id}/close/",
    Operation(
        id="llm_prompts_change_requests_close_create",
        summary="Close a change request",
        answers={200: LLMPromptChangeRequest},
        conflicts=True,
    ),
)
def close_request(call: Call) -> Response:
    """Close a change request without a merge. For its author and admins."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        request = change_requests.close_request(tx, actor, request_id=number_in_path(call, "request_id"))
    return call.answer(show_request(request))


@resource.post(
    "/change_requests/{request_id}/comments/",
    Operation(
        id="llm_prompts_change_requests_comments_create",
        summary="Comment on a change request",
        body=ChangeRequestComment,
        answers={201: LLMPromptComment},
    ),
)
def comment_on_request(call: Call) -> Response:
    """Write a comment on a change request."""
    actor = call.enter(Permission.WRITE)
    body = call.body(ChangeRequestComment)
    with call.database.write() as tx:
        comment = change_requests.comment_on_request(tx, actor, request_id=number_in_path(call, "request_id"), text=body.text)
    return call.answer(show_comment(comment), 201)


def position_of(move: ChangeRequestMoveInput) -> WantedPosition:
    """Return the position that a proposed move brings a label to."""
    return WantedPosition(move.name, move.label, move.version)


def show_request(request: ChangeRequest) -> dict[str, object]:
    """Show a change request without its comments; the shape is `LLMPromptChangeRequest`."""
    return {
        "id": request.id,
        "title": request.title,
        "description": request.description,
        "state": request.state.value,
        "is_outdated": request.is_outdated,
        "revision": request.revision,
        "merge_when_approved": request.merges_itself,
        "moves": [
            {
                "name": move.name,
                "label": move.label,
                "from_version": move.from_version,
                "to_version": move.to_version,
                "current_version": move.current_version,
            }
            for move in request.moves
        ],
        "approvals_needed": request.approvals_needed,
        "approvals_given": request.approvals_given,
        "approvals": [
            {"user": show_author(each.user), "revision": each.revision, "created_at": show_timestamp(each.created_at)}
            for each in request.approvals
        ],
        "created_by": show_author(request.created_by),
        "created_at": show_timestamp(request.created_at),
        "updated_at": show_timestamp(request.updated_at),
        "ended_by": show_author(request.ended_by),
        "ended_at": show_timestamp_or_none(request.ended_at),
    }


def show_comment(comment: Comment) -> dict[str, object]:
    """Show a comment; the shape is `LLMPromptComment`."""
    return {
        "id": comment.id,
        "text": comment.text,
        "created_by": show_author(comment.created_by),
        "created_at": show_timestamp(comment.created_at),
    }
