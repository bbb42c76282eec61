"""The tools that propose moves of labels, and review and merge what was proposed."""

from promptuary.agents.calls import AgentCall
from promptuary.agents.inputs import (
    RequestActionArguments,
    RequestArguments,
    RequestCommentArguments,
    RequestListArguments,
    RequestOpenArguments,
    RequestRevisionArguments,
)
from promptuary.api.posthog.change_requests import position_of, show_comment, show_request
from promptuary.api.posthog.move_outputs import show_moves
from promptuary.model.access import Permission
from promptuary.registry import change_requests


def open_request(call: AgentCall, arguments: RequestOpenArguments) -> object:
    """Propose moves of labels."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        request = change_requests.open_request(
            tx,
            actor,
            title=arguments.title,
            description=arguments.description,
            positions=[position_of(move) for move in arguments.moves],
            merges_itself=arguments.merge_when_approved,
        )
    return show_request(request)


def list_requests(call: AgentCall, arguments: RequestListArguments) -> object:
    """List change requests."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        page = change_requests.list_requests(tx, actor, is_open=arguments.is_open, limit=arguments.limit, offset=arguments.offset)
    following = arguments.offset + len(page.items)
    return {
        "count": page.count,
        "next_offset": following if following < page.count and page.items else None,
        "results": [show_request(request) for request in page.items],
    }


def get_request(call: AgentCall, arguments: RequestArguments) -> object:
    """Return a change request with its comments, and, while it is open, what a merge would change."""
    actor = call.enter(Permission.READ)
    number = arguments.request_id
    with call.database.write() as tx:
        request = change_requests.get_request(tx, actor, request_id=number)
        comments = change_requests.list_comments(tx, actor, request_id=number)
        moves = change_requests.preview_request(tx, actor, request_id=number) if request.is_open else None
    shown = {**show_request(request), "comments": [show_comment(comment) for comment in comments]}
    return shown if moves is None else {**shown, "preview": show_moves(moves, is_dry_run=True, with_labels=True)}


def approve_request(call: AgentCall, arguments: RequestRevisionArguments) -> object:
    """Approve a revision of a change request."""
    actor = call.enter(Permission.RELEASE)
    with call.database.write() as tx:
        request = change_requests.approve_request(tx, actor, request_id=arguments.request_id, revision=arguments.revision)
    return show_request(request)


def merge_request(call: AgentCall, arguments: RequestRevisionArguments) -> object:
    """Move the labels of a change request."""
    actor = call.enter(Permission.RELEASE)
    with call.database.write() as tx:
        request, moves = change_requests.merge_request(tx, actor, request_id=arguments.request_id, revision=arguments.revision)
    return {**show_moves(moves, is_dry_run=False, with_labels=True), "change_request": show_request(request)}


def change_state(call: AgentCall, arguments: RequestActionArguments) -> object:
    """Refresh or close a change request."""
    actor = call.enter(Permission.WRITE)
    verb = change_requests.close_request if arguments.action == "close" else change_requests.refresh_request
    with call.database.write() as tx:
        request = verb(tx, actor, request_id=arguments.request_id)
    return show_request(request)


def comment_on_request(call: AgentCall, arguments: RequestCommentArguments) -> object:
    """Write a comment on a change request."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        comment = change_requests.comment_on_request(tx, actor, request_id=arguments.request_id, text=arguments.text)
    return show_comment(comment)
