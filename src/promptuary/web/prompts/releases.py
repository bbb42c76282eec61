"""Releases: what one label of many prompts points at is given to another label after a look, and taken back as a whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, LabelNotFound, PromptNotFound
from promptuary.model.release_errors import MoveRefusal, ReleaseRefused
from promptuary.model.text import counted
from promptuary.registry import lists, releases
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.release_plans import Plan, plan_of, read_configs

PER_PAGE = 25
"""Releases that are listed at once."""

MAX_LABELS = 200
"""Maximum names of labels that are offered."""

FROM, TO = "staging", "production"
"""The labels that are chosen until users choose others."""

NOTHING_TICKED = FormProblem("Choose at least one prompt to release.")


@dataclass(frozen=True, slots=True)
class _Sent:
    """Fields that the form of a review sends: the ticked prompts, the positions that it showed of each, and the reason."""

    ticked: Collection[str]
    seen: Mapping[str, tuple[int | None, int | None]]
    reason: str


@dataclass(frozen=True, slots=True)
class _Again:
    """Reason why a review is shown again after its form was sent: labels that moved since, or a wrong field."""

    sent: _Sent
    refusals: Sequence[MoveRefusal] = ()
    problem: FormProblem | None = None
    detail: str = ""

    @property
    def status(self) -> int:
        """Status of the page."""
        return 400 if self.problem else 409


def show_release_page(request: PageRequest) -> Response:
    """Show the releases of the project, and to editors what a release from one label to another would change."""
    actor = request.enter(Permission.READ)
    return _shown(request, actor, request.query.get("from", "").strip(), request.query.get("to", "").strip())


def release(request: PageRequest) -> Response:
    """Release the ticked prompts, all together; or release nothing and show the review again, with what has moved since."""
    actor = request.enter(Permission.WRITE)
    source, target, sent = request.form.get("from"), request.form.get("to"), _read(request.form)
    if not sent.ticked:
        return _shown(request, actor, source, target, _Again(sent, problem=NOTHING_TICKED))
    try:
        with request.database.write() as tx:
            moves = releases.promote(
                tx,
                actor,
                source=source,
                target=target,
                names=list(sent.ticked),
                expected={name: sent.seen[name][0] for name in sent.ticked},
                versions_seen={name: sent.seen[name][1] for name in sent.ticked},
                reason=sent.reason,
            )
    except ReleaseRefused as refused:
        return _shown(request, actor, source, target, _Again(sent, refused.refusals))
    except (PromptNotFound, LabelNotFound) as error:
        return _shown(request, actor, source, target, _Again(sent, detail=str(error)))
    except InvalidValue as error:
        return _shown(request, actor, source, target, _Again(sent, problem=problem_of(error)))
    notice = f"{counted(len(moves.moves), 'prompt')} released: {target} points at what {source} points at."
    return request.redirect(request.links.release(moves.release_id or ""), notice=notice)


def show_one(request: PageRequest) -> Response:
    """Show which labels were moved together in a release."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        found = releases.get_release(tx, actor, release_id=request.path["release_id"])
    return request.page("releases/release.html", release=found)


def review_undo(request: PageRequest) -> Response:
    """Show what it changes to take all moves of a release back, or why it cannot be done."""
    return _shown_undo(request, request.enter(Permission.WRITE))


def undo(request: PageRequest) -> Response:
    """Take all moves of a release back, or none, and show the review again."""
    actor = request.enter(Permission.WRITE)
    release_id = request.path["release_id"]
    try:
        with request.database.write() as tx:
            moves = releases.undo_release(tx, actor, release_id=release_id, reason=request.form.get("reason"))
    except ReleaseRefused as refused:
        return _shown_undo(request, actor, refused.refusals)
    except InvalidValue as error:
        return _shown_undo(request, actor, problem=problem_of(error))
    notice = f"The release is undone: {counted(len(moves.moves), 'label')} moved back. This is a release of its own."
    return request.redirect(request.links.release(moves.release_id or ""), notice=notice)


def _shown(request: PageRequest, actor: Actor, source: str, target: str, again: _Again | None = None) -> Response:
    page_number = positive_int(request.query.get("page")) or 1
    plan, problem = None, None if again is None else again.problem
    if actor.role.includes(Permission.WRITE.role) and (source or target):
        try:
            plan = _plan(request, actor, source, target)
        except InvalidValue as error:
            problem = problem_of(error)
    with request.database.read() as tx:
        names = lists.list_label_names(tx, actor, limit=MAX_LABELS)
        listed = releases.list_releases(tx, actor, limit=PER_PAGE, offset=(page_number - 1) * PER_PAGE)
    return request.page(
        "releases/releases.html",
        status=again.status if again else 400 if problem else 200,
        names=names,
        source=source or (FROM if FROM in names else ""),
        target=target or TO,
        plan=plan,
        again=again,
        ticked=None if again is None else again.sent.ticked,
        reason="" if again is None else again.sent.reason,
        problem=problem,
        releases=listed,
        page_number=page_number,
        pages=max(1, -(-listed.count // PER_PAGE)),
    )


def _plan(request: PageRequest, actor: Actor, source: str, target: str) -> Plan:
    with request.database.write() as tx:
        found = releases.promote(tx, actor, source=source, target=target, is_dry_run=True)
        configs = read_configs(tx, actor, found)
    return plan_of(found, configs)


def _shown_undo(
    request: PageRequest, actor: Actor, refusals: Sequence[MoveRefusal] = (), problem: FormProblem | None = None
) -> Response:
    release_id = request.path["release_id"]
    with request.database.write() as tx:
        undone = releases.get_release(tx, actor, release_id=release_id)
        found = releases.undo_release(tx, actor, release_id=release_id, is_dry_run=True)
        configs = read_configs(tx, actor, found)
    return request.page(
        "releases/undo.html",
        status=400 if problem else 409 if refusals else 200,
        release=undone,
        plan=plan_of(found, configs),
        is_again=bool(refusals),
        reason=request.form.get("reason"),
        problem=problem,
    )


def _read(form: Form) -> _Sent:
    """Read the ticked prompts and the positions that the review showed; a prompt that it did not show is not released."""
    parts = (seen.split(" ", maxsplit=2) for seen in form.all("seen"))
    seen = {each[2]: (positive_int(each[0]), positive_int(each[1])) for each in parts if len(each) == 3}  # noqa: PLR2004
    return _Sent([name for name in dict.fromkeys(form.all("name")) if name in seen], seen, form.get("reason"))
