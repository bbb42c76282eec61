"""Prompts out of service: archiving one, the list of those that are, and bringing one back."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, NameTaken, RegistryError, VersionConflict
from promptuary.model.label_history import MoveKind
from promptuary.model.listing import Listing
from promptuary.model.prompts import LabelPointer, Standing
from promptuary.model.reference_errors import ReferencedPrompt, UnrestorableReferences
from promptuary.model.release_errors import LabelProtected
from promptuary.registry import archived, dependents, labels, lists, move_previews, prompts, protection
from promptuary.web.errors import SignInNeeded
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.edit_form import proposal_of
from promptuary.web.prompts.visible_text import PageBudget

PER_PAGE = 50

SHOWN_VERSIONS = 100
"""Newest versions of an archived prompt that its page links to."""

NAME_TAKEN = "A prompt with this name exists. Choose another name."


def review_archiving(request: PageRequest) -> Response:
    """Show what will stop working."""
    return _review_archiving(request, request.enter(Permission.WRITE))


def archive_prompt(request: PageRequest) -> Response:
    """Take a prompt out of service, or show the review again if something is not as the review showed it."""
    actor = request.enter(Permission.WRITE)
    name = request.path["name"]
    try:
        with request.database.write() as tx:
            prompts.archive_prompt(
                tx,
                actor,
                name=name,
                expected=_standing(request.form),
                reason=request.form.get("reason"),
                is_emergency=bool(request.form.get("emergency")),
            )
    except VersionConflict:
        return _review_archiving(request, actor, is_changed=True)
    except ReferencedPrompt:
        return _review_archiving(request, actor)
    except LabelProtected:
        return _review_archiving(request, actor, is_protected=True)
    except InvalidValue as error:
        return _review_archiving(request, actor, problem=problem_of(error))
    return request.redirect(request.links.archive(), notice=f"{name} is archived. It can be restored while its name is free.")


def show_archive(request: PageRequest) -> Response:
    """Show a page of the archived prompts."""
    actor = request.enter(Permission.READ)
    page_number = positive_int(request.query.get("page")) or 1
    with request.database.read() as tx:
        page = lists.list_prompts(tx, actor, _archived(page_number))
    pages = max(1, -(-page.count // PER_PAGE))
    return request.page("archive.html", archived=page.items, count=page.count, page_number=page_number, pages=pages)


def show_archived(request: PageRequest) -> Response:
    """Show a version of an archived prompt, and to editors the form that brings the prompt back."""
    return _archived_page(request, request.enter(Permission.READ), request.path["version_id"])


def restore_prompt(request: PageRequest) -> Response:
    """Bring an archived prompt back under its name or another one, or tell why the name will not do."""
    actor = request.enter(Permission.WRITE)
    version_id, new_name = request.form.get("id") or None, request.form.get("new_name").strip() or None
    try:
        with request.database.write() as tx:
            restored = archived.restore_prompt(tx, actor, name=request.path["name"], version_id=version_id, new_name=new_name)
    except (InvalidValue, NameTaken, UnrestorableReferences) as error:
        if version_id is None:
            raise
        return _archived_page(request, actor, version_id, error)
    name = restored.version.name
    labels = ", ".join(f"{label.name} at version {label.version}" for label in restored.former_labels)
    notice = f"{name} is back, without labels." + (f" It had {labels}." if labels else "")
    return request.redirect(request.links.prompt(name), notice=notice)


def _archived_page(request: PageRequest, actor: Actor, version_id: str, error: RegistryError | None = None) -> Response:
    with request.database.read() as tx:
        number = positive_int(request.query.get("version"))
        history = archived.read_archived(tx, actor, version_id=version_id, version=number, limit=SHOWN_VERSIONS)
        last = [timeline.moves[0] for timeline in labels.list_timelines(tx, actor, prompt_id=history.selected.prompt_id)]
    version, budget = history.selected, PageBudget()
    shown = proposal_of(version)
    return request.page(
        "prompts/archived.html",
        status=200 if error is None else 400,
        version=version,
        history=history,
        former=[move for move in last if move.cause.kind is MoveKind.ARCHIVE],
        text=budget.show(shown.text),
        config=budget.show(shown.config),
        new_name=version.name if error is None else request.form.get("new_name") or version.name,
        problem="" if error is None else NAME_TAKEN if isinstance(error, NameTaken) else str(error),
    )


def find_archived(request: PageRequest) -> str | None:
    """Return the address of the archived prompt that has the name in the path; `None` if there is none that may be read."""
    if "name" not in request.path:
        return None
    try:
        actor = request.enter(Permission.READ)
        with request.database.read() as tx:
            history = archived.read_archived(tx, actor, name=request.path["name"], limit=1)
    except (RegistryError, SignInNeeded):
        return None
    return request.links.archived(history.selected.id)


def _review_archiving(
    request: PageRequest,
    actor: Actor,
    *,
    is_changed: bool = False,
    is_protected: bool = False,
    problem: FormProblem | None = None,
) -> Response:
    with request.database.write() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
        preview = move_previews.preview_archive(tx, actor, name=version.name)
        names = (parent.name for parent in dependents.list_parents(tx, actor, name=version.name))
        parents = list(dict.fromkeys(names))
        removals = {label.name: None for label in version.prompt_labels}
        forbidden = protection.list_forbidden(tx, actor, name=version.name, positions=removals)
    is_refused = is_changed or (parents and request.request.method == "POST")
    return request.page(
        "prompts/archive.html",
        status=400 if problem else 403 if is_protected else 409 if is_refused else 200,
        version=version,
        preview=preview,
        is_changed=is_changed,
        parents=parents,
        forbidden=forbidden,
        reason=request.form.get("reason"),
        problem=problem,
    )


def _standing(form: Form) -> Standing | None:
    """Return what the review showed, `None` if the form does not tell."""
    if "latest_version" not in form.values:
        return None
    shown = (label.partition(" ") for label in form.all("label"))
    pointers = tuple(LabelPointer(name, positive_int(version) or 0) for version, _, name in shown)
    return Standing(form.get("prompt_id"), positive_int(form.get("latest_version")) or 0, pointers)


def _archived(page_number: int) -> Listing:
    return Listing(
        limit=PER_PAGE,
        offset=(page_number - 1) * PER_PAGE,
        order_by="archived_at",
        with_content=False,
        is_archived=True,
    )
