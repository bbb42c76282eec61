"""The page of one change request: what it does, what it still needs, and what the user may do with it."""

from collections.abc import Sequence

from starlette.responses import Response

from promptuary.model.access import Actor, Permission, Role
from promptuary.model.change_requests import ChangeRequest, ProposedMove
from promptuary.model.text import counted
from promptuary.registry import change_requests, request_options
from promptuary.registry.request_options import RequestOptions
from promptuary.store.engine.database import Transaction
from promptuary.web.errors import WebError
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.requests.looks import Look, describe_changes, look_of


def show_request(request: PageRequest) -> Response:
    """Show a change request."""
    return request_page(request, request.enter(Permission.READ))


def request_page(request: PageRequest, actor: Actor, *, status: int = 200, refusal: str = "", problem: str = "") -> Response:
    """Return the page of the request that the path names; after a ``refusal`` it tells what has changed since the user looked."""
    request_id = request_id_of(request)
    with request.database.read() as tx:
        found = change_requests.get_request(tx, actor, request_id=request_id)
    # A look makes the moves and undoes them, so it needs a transaction that can write.
    with request.database.write() if found.is_open else request.database.read() as tx:
        found = change_requests.get_request(tx, actor, request_id=request_id)
        options = request_options.options_of(tx, actor, found)
        comments = change_requests.list_comments(tx, actor, request_id=request_id)
        look = _look(tx, actor, found)
    return request.page(
        "requests/request.html",
        status,
        request=found,
        options=options,
        comments=comments,
        look=look,
        needs=_needs(actor, found, options, look),
        seen=[encode_move(move) for move in found.moves],
        refusal=refusal,
        changes=_changes(request, found) if refusal else [],
        problem=problem,
        typed=request.form.get("text") if problem else "",
    )


def request_id_of(request: PageRequest) -> int:
    """Return the number of the request that the path names. Raises `WebError` for what is no number."""
    number = positive_int(request.path["request_id"])
    if number is None or str(number) != request.path["request_id"]:
        raise WebError(404, "No change request has this number.", advice="Look for it in the list of change requests.")
    return number


def encode_move(move: ProposedMove) -> str:
    """Return a move as forms carry it, so that a later page can tell what has changed."""
    return f"{move.label} {move.from_version or 0} {move.to_version or 0} {move.current_version or 0} {move.name}"


def _look(tx: Transaction, actor: Actor, found: ChangeRequest) -> Look:
    if not found.is_open:
        return Look()
    return look_of(tx, actor, change_requests.preview_request(tx, actor, request_id=found.id))


def _changes(request: PageRequest, found: ChangeRequest) -> Sequence[str]:
    changes = describe_changes(request.form.all("move"), [encode_move(move) for move in found.moves])
    revision = positive_int(request.form.get("revision"))
    if request.form.get("merges_itself") == ("no" if found.merges_itself else "yes"):
        changes.append(f"It {'merges' if found.merges_itself else 'does not merge'} automatically on the last approval now.")
    if revision is not None and revision != found.revision and not changes:
        changes.append(f"You looked at revision {revision}. It has revision {found.revision} now, with the same moves.")
    return changes


def _needs(actor: Actor, found: ChangeRequest, options: RequestOptions, look: Look) -> list[str]:
    """Return in sentences what an open request needs before it can be merged, by the user who looks."""
    if not found.is_open:
        return []
    if not found.moves:
        return ["It proposes no move any more. Edit or close it."]
    if found.is_outdated:
        return ["A label was moved since the request was opened or refreshed, so it has to be refreshed and approved again."]
    is_admin = actor.role.includes(Role.ADMIN)
    missing = max(0, found.approvals_needed - found.approvals_given)
    needs = [f"{counted(missing, 'more approval')}: {found.approvals_given} of {found.approvals_needed} given."] if missing else []
    needs += [f"{refusal.name}: {refusal.detail}" for refusal in look.refused]
    if not is_admin and look.breaks(options.admin_labels):
        needs.append("An admin has to merge it, because it breaks callers.")
    elif not actor.role.includes(options.asked.role):
        needs.append("An admin has to approve and merge it." if found.approvals_needed else "An admin has to merge it.")
    return needs
