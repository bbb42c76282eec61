"""A prompt as it was at a time: the versions that programs got by each label and as the latest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, PromptNotFound
from promptuary.model.prompts import Version
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.registry import past, prompts
from promptuary.registry.assembling import assemble_version
from promptuary.registry.prompts import History
from promptuary.store.engine.database import Transaction
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.detail import production_first
from promptuary.web.prompts.visible_text import PageBudget

_INVALID = InvalidValue("invalid", "This is not a time. Write it as 2026-11-29T14:05, in UTC.", field="at")


@dataclass(frozen=True, slots=True)
class Served:
    """A version that programs got, by which labels, and whether they got it without a label; its whole text and its config."""

    version: Version
    labels: tuple[str, ...]
    is_latest: bool
    text: Markup
    config: Markup
    problem: str = ""


def show_past(request: PageRequest) -> Response:
    """Show a form for a time, and what programs got of the prompt at the chosen one. Nothing of it counts as a fetch."""
    actor, sent = request.enter(Permission.READ), request.query.get("at", "").strip()
    name = request.path["name"]
    version, history, problem = None, None, None
    served: list[Served] = []
    with request.database.read() as tx:
        try:
            at = _time_of(sent) if sent else None
            history = None if at is None else _find(tx, actor, name, at)
        except InvalidValue as error:
            at, problem = None, problem_of(error)
        try:
            version = prompts.fetch_prompt(tx, actor, name)
        except PromptNotFound:
            # Archived since, or known under another name by now.
            if history is None:
                raise
        if at is not None and history is not None:
            served = _served(tx, actor, history, at)
    return _page(request, version=version, at=at, sent=sent, history=history, served=served, problem=problem)


def _page(
    request: PageRequest,
    *,
    version: Version | None,
    at: datetime | None,
    sent: str,
    history: History | None,
    served: Sequence[Served],
    problem: FormProblem | None,
) -> Response:
    return request.page(
        "prompts/past.html",
        status=400 if problem else 200,
        name=request.path["name"],
        version=version,
        at=at,
        sent=(at or request.database.clock()).strftime("%Y-%m-%dT%H:%M:%S") if problem is None else sent,
        existed=history is not None,
        served=served,
        problem=problem,
    )


def _time_of(text: str) -> datetime:
    """Return the time that a field contains; UTC unless it says otherwise. Raises `InvalidValue`."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _INVALID from None


def _find(tx: Transaction, actor: Actor, name: str, at: datetime) -> History | None:
    try:
        return past.resolve_prompt(tx, actor, name=name, at=at, limit=1)
    except PromptNotFound:
        return None


def _served(tx: Transaction, actor: Actor, history: History, at: datetime) -> list[Served]:
    """Return each version that programs could get, the latest last, with the texts of its references as they were."""
    latest = history.selected
    labels: dict[int, list[str]] = {}
    for label in production_first(history.labels):
        labels.setdefault(label.version, []).append(label.name)
    budget = PageBudget()
    found = [
        latest if number == latest.version else past.fetch_prompt(tx, actor, latest.name, at=at, label=names[0])
        for number, names in labels.items()
    ]
    versions = found if latest.version in labels else [*found, latest]
    return [
        _served_version(tx, actor, version, at, tuple(labels.get(version.version, ())), budget, is_latest=version is latest)
        for version in versions
    ]


def _served_version(
    tx: Transaction, actor: Actor, version: Version, at: datetime, labels: tuple[str, ...], budget: PageBudget, *, is_latest: bool
) -> Served:
    config = budget.show(version.written_config)
    try:
        whole = assemble_version(tx, actor, version, at=at).version
    except UnresolvedReference as problem:
        return Served(version, labels, is_latest, Markup(), config, str(problem))
    return Served(version, labels, is_latest, budget.show(whole.text), config)
