"""Opening a change request: choosing the moves, a look at what they change, and a title for reviewers."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, LabelMoved, NotFound, RegistryError
from promptuary.registry import change_requests, lists, prompts, releases
from promptuary.registry.labels import ANYWHERE
from promptuary.registry.request_merging import WantedPosition
from promptuary.web.errors import detail_of
from promptuary.web.form_errors import FormProblem
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.requests.looks import look_of
from promptuary.web.requests.move_form import REMOVE, encode_position, read_positions

SUGGESTED = ("production", "staging")
"""Labels that are offered before a project has them."""

MAX_LABELS = 200


def show_new_request(request: PageRequest) -> Response:
    """Show the moves that the query names and what they change, or the forms that choose some."""
    actor, query = request.enter(Permission.WRITE), request.query
    is_chosen = query.get("prompt") and query.get("label") and (query.get("version") or query.get("act") == REMOVE)
    try:
        if query.get("from") and query.get("to"):
            return _proposing(request, actor, _promoted(request, actor))
        if is_chosen:
            return _proposing(request, actor, [_chosen(request)])
    except (InvalidValue, NotFound) as error:
        return _choosing(request, actor, error)
    return _choosing(request, actor)


def open_request(request: PageRequest) -> Response:
    """Open a change request, or show its form again with the reason why that is not possible."""
    actor, form = request.enter(Permission.WRITE), request.form
    try:
        positions = read_positions(form)
        with request.database.write() as tx:
            opened = change_requests.open_request(
                tx,
                actor,
                title=form.get("title"),
                description=form.get("description").rstrip(),
                positions=positions,
                merges_itself=bool(form.get("merges_itself")),
            )
    except InvalidValue as error:
        if error.field not in {"title", "description"}:
            return _choosing(request, actor, error)
        return _proposing(request, actor, positions, FormProblem(str(error), error.field or ""))
    except LabelMoved:
        return _proposing_again(request, actor, positions)
    except NotFound as error:
        return _choosing(request, actor, error)
    return request.redirect(request.links.request(opened.id), notice="The change request is open. Reviewers see it in their list.")


def _chosen(request: PageRequest) -> WantedPosition:
    query = request.query
    version = None if query.get("act") == REMOVE else positive_int(query.get("version"))
    if version is None and query.get("act") != REMOVE:
        raise InvalidValue("invalid", "Choose the number of a version.", field="version")
    return WantedPosition(query["prompt"].strip(), query["label"].strip(), version)


def _promoted(request: PageRequest, actor: Actor) -> list[WantedPosition]:
    """Return the moves that bring one label of all prompts to where another one is."""
    source, target = request.query["from"].strip(), request.query["to"].strip()
    with request.database.write() as tx:
        found = releases.promote(tx, actor, source=source, target=target, is_dry_run=True)
    if not found.moves:
        detail = f"Each prompt that has {source} has {target} at the same version already."
        raise InvalidValue("invalid", detail if _has_label(request, actor, source) else f"No prompt has {source}.", field="from")
    return [WantedPosition(move.name, move.label, move.to_version) for move in found.moves]


def _has_label(request: PageRequest, actor: Actor, label: str) -> bool:
    with request.database.read() as tx:
        return label in lists.list_label_names(tx, actor, limit=MAX_LABELS)


def _proposing_again(request: PageRequest, actor: Actor, positions: Sequence[WantedPosition]) -> Response:
    """Return the form with what has moved since it was shown, without the moves that were made by now."""
    moved: list[str] = []
    left: list[WantedPosition] = []
    with request.database.read() as tx:
        for position in positions:
            pointers = prompts.fetch_prompt(tx, actor, position.name).prompt_labels
            current = next((pointer.version for pointer in pointers if pointer.name == position.label), None)
            if position.expected not in {ANYWHERE, current}:
                seen, now = _place(position.expected), _place(current)
                moved.append(f"{position.label} of {position.name} was at {seen}, and is at {now} now.")
            if current != position.version:
                left.append(replace(position, expected=current))
    if not left:
        return _choosing(request, actor, InvalidValue("invalid", " ".join((*moved, "There is nothing left to propose."))))
    return _proposing(request, actor, left, moved=moved)


def _place(version: object) -> str:
    return "nothing" if version is None else f"v{version}"


def _proposing(
    request: PageRequest,
    actor: Actor,
    positions: Sequence[WantedPosition],
    problem: FormProblem | None = None,
    moved: Sequence[str] | None = None,
) -> Response:
    is_first = problem is None and moved is None
    with request.database.write() as tx:
        look = look_of(tx, actor, change_requests.preview_positions(tx, actor, positions))
    return request.page(
        "requests/propose.html",
        409 if moved is not None else 400 if problem else 200,
        look=look,
        moved=moved,
        seen=[encode_position(WantedPosition(each.move.name, each.move.label, each.move.from_version)) for each in look.moves],
        offered=[(encode_position(position), position) for position in positions],
        title=_title(positions) if is_first else request.form.get("title"),
        description=request.form.get("description"),
        merges_itself=bool(request.form.get("merges_itself")),
        problem=problem,
    )


def _title(positions: Sequence[WantedPosition]) -> str:
    """Return a title to begin with."""
    first = positions[0]
    if len(positions) > 1:
        return f"Move {first.label} of {len(positions)} prompts"
    if first.version is None:
        return f"Remove {first.label} of {first.name}"
    return f"Move {first.label} of {first.name} to version {first.version}"


def _choosing(request: PageRequest, actor: Actor, error: RegistryError | None = None) -> Response:
    with request.database.read() as tx:
        known = lists.list_label_names(tx, actor, limit=MAX_LABELS)
    status = 200 if error is None else 404 if isinstance(error, NotFound) else 400
    return request.page(
        "requests/choose.html",
        status,
        labels=[*known, *(name for name in SUGGESTED if name not in known)],
        chosen={name: request.query.get(name, "") for name in ("prompt", "label", "version", "act", "from", "to")},
        refusal="" if error is None else detail_of(error),
    )
