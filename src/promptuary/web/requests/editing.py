"""Editing an open change request: its text, and the moves that it proposes."""

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.change_requests import ChangeRequest
from promptuary.model.errors import InvalidValue, LabelMoved, NotFound, RegistryError
from promptuary.model.release_errors import RequestEnded, RequestOutdated
from promptuary.registry import change_requests
from promptuary.registry.request_merging import WantedPosition
from promptuary.web.errors import detail_of
from promptuary.web.form_errors import FormProblem
from promptuary.web.page_request import PageRequest
from promptuary.web.requests.looks import describe_changes
from promptuary.web.requests.move_form import LEAVE_OUT, MOVE, REMOVE, expect_as_shown, positions_of, read_edited
from promptuary.web.requests.request_page import encode_move, request_id_of, request_page

ACTS = ((MOVE, "Move to version"), (REMOVE, "Remove the label"), (LEAVE_OUT, "Leave out"))


def show_editing(request: PageRequest) -> Response:
    """Show the form of a request's text and moves."""
    actor = request.enter(Permission.WRITE)
    return _editing(request, actor)


def change_request(request: PageRequest) -> Response:
    """Change the request, or show its form again with the reason why that is not possible."""
    actor, form, request_id = request.enter(Permission.WRITE), request.form, request_id_of(request)
    try:
        positions = read_edited(form)
        with request.database.write() as tx:
            present = change_requests.get_request(tx, actor, request_id=request_id)
            change_requests.change_request(
                tx,
                actor,
                request_id=request_id,
                title=form.get("title"),
                description=form.get("description").rstrip(),
                positions=None if _is_same(positions, present) else expect_as_shown(positions, form),
                merges_itself=bool(form.get("merges_itself")),
                seen_at=_moment(form.get("seen_at")),
            )
    except RequestEnded as error:
        return request_page(request, actor, status=409, refusal=str(error))
    except (RequestOutdated, LabelMoved, InvalidValue, NotFound) as error:
        return _editing(request, actor, error)
    return request.redirect(request.links.request(request_id), notice="The change request is saved.")


def _is_same(positions: Sequence[WantedPosition], present: ChangeRequest) -> bool:
    return {*positions} == {*positions_of(present.moves)}


def _editing(request: PageRequest, actor: Actor, error: RegistryError | None = None) -> Response:
    with request.database.read() as tx:
        found = change_requests.get_request(tx, actor, request_id=request_id_of(request))
    is_outdated = isinstance(error, (RequestOutdated, LabelMoved))
    sent = None if error is None else request.form
    field = error.field or "" if isinstance(error, InvalidValue) else "moves"
    return request.page(
        "requests/edit.html",
        200 if error is None else 409 if is_outdated else 400,
        request=found,
        acts=ACTS,
        title=found.title if sent is None else sent.get("title"),
        description=found.description if sent is None else sent.get("description"),
        merges_itself=found.merges_itself if sent is None else bool(sent.get("merges_itself")),
        rows=_rows(request, found, is_sent=error is not None),
        added={name: request.form.get(f"new_{name}") for name in ("name", "label", "act", "version")},
        seen=[encode_move(move) for move in found.moves],
        changes=_changes(request, found) if is_outdated else [],
        is_outdated=is_outdated,
        problem=None if error is None or is_outdated else FormProblem(detail_of(error), field),
    )


def _rows(request: PageRequest, found: ChangeRequest, *, is_sent: bool) -> list[tuple[str, str, str, str]]:
    """Return the rows of the form: label, name, action and version, each as it was typed, if it was."""
    fields = [request.form.all(field) for field in ("which", "act", "version")] if is_sent else []
    typed = {which: (act, version) for which, act, version in zip(*fields, strict=False)}
    rows: list[tuple[str, str, str, str]] = []
    for move in found.moves:
        now = (REMOVE, "") if move.to_version is None else (MOVE, str(move.to_version))
        act, version = typed.get(f"{move.label} {move.name}", now)
        rows.append((move.label, move.name, act, version))
    return rows


def _changes(request: PageRequest, found: ChangeRequest) -> list[str]:
    changes = describe_changes(request.form.all("move"), [encode_move(move) for move in found.moves])
    if request.form.get("seen_title") != found.title:
        changes.append(f"The title is “{found.title}” now.")
    if request.form.get("seen_description") != found.description:
        changes.append("The description was changed; open the request to read it.")
    return changes


def _moment(sent: str) -> datetime:
    """Return the moment that a form carries; one that no request has if it is malformed."""
    try:
        return datetime.fromisoformat(sent)
    except ValueError:
        return datetime(1, 1, 1, tzinfo=UTC)
