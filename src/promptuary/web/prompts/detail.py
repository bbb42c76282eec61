"""One prompt: a version of it to read, and its history."""

from collections.abc import Sequence
from itertools import islice

from starlette.responses import PlainTextResponse, Response

from promptuary.model.access import Actor, Permission
from promptuary.model.contracts import list_doubts, variables_of
from promptuary.model.hidden_characters import find_hidden
from promptuary.model.prompts import Label, Version
from promptuary.model.token_estimate import approximate_tokens
from promptuary.model.variable_hints import hints_of
from promptuary.registry import prompts, usage
from promptuary.registry.assembling import assemble_version
from promptuary.registry.prompts import History
from promptuary.store.engine.database import Transaction
from promptuary.web.errors import WebError
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.prompt_view import Passage, Reading, read
from promptuary.web.prompts.references import PROBLEMS, References, mark_assembled, read_references
from promptuary.web.prompts.visible_text import PageBudget

HISTORY = 25
"""Versions of the history that are shown at once."""

MAX_TRIED = 200_000
"""Maximum length of a text that the page has a second time, for trying it; a longer one is loaded when a user tries it."""

MAX_VARIABLES = 1000
"""Maximum variables that are listed beside the text."""

MAX_DOUBTS = 20
"""Maximum doubts about the contract that are listed."""

PRODUCTION = "production"
"""The label that programs follow by convention."""

VIEWS = {"text": "Text", "rendered": "Rendered", "both": "Side by side"}
"""Views of a prompt."""


def show_prompt(request: PageRequest) -> Response:
    """Show a version of a prompt: the latest, or the one chosen by number or label."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        history = find_history(tx, actor, request)
        fetches = usage.count_recent_fetches_of_version(tx, actor, history.selected)
        references = read_references(tx, actor, history.selected)
    version = history.selected
    view = request.query.get("view", "")
    budget = PageBudget()
    # What programs get, with the texts of all references.
    whole = references.assembled.version if references.assembled else version
    is_whole = references.assembled is not None and request.query.get("resolved") == "true"
    reading = _read(request, version, references, budget, is_whole=is_whole, is_rendered=view in {"rendered", "both"})
    config = version.written_config
    template = whole.template
    variables = list(variables_of(template, whole.contract).values())
    return request.page(
        "prompts/prompt.html",
        version=version,
        history=history,
        labels=production_first(history.labels),
        released=released_version(history.labels),
        label=request.query.get("label", ""),
        views=VIEWS if reading.can_render else {},
        view=view if reading.is_rendered else "text",
        is_too_long=view in {"rendered", "both"} and reading.can_render and not reading.is_rendered,
        passages=reading.passages,
        headings=reading.headings if view != "both" else (whole if is_whole else version).outline,
        references=references,
        problems=PROBLEMS,
        is_whole=is_whole,
        config=budget.show(config),
        left_out=budget.left_out,
        hidden=find_hidden(version.text, config),
        variables=variables[:MAX_VARIABLES],
        more_variables=max(0, len(variables) - MAX_VARIABLES),
        hints=hints_of(template),
        doubts=list(islice(list_doubts(template, whole.contract), MAX_DOUBTS)),
        declared=None if whole.contract is None else list(whole.contract),
        can_try=bool(variables),
        whole=whole,
        tried=whole.text if len(whole.content) <= MAX_TRIED else None,
        tokens=approximate_tokens(whole.text),
        fetches=fetches,
    )


def _read(
    request: PageRequest, version: Version, references: References, budget: PageBudget, *, is_whole: bool, is_rendered: bool
) -> Reading:
    """Return what to show of a version: as it is written, or with the texts of its references, set off where it is plain text."""
    if not is_whole or references.assembled is None:
        return read(version, budget, is_rendered=is_rendered)
    marked = None if is_rendered else mark_assembled(version, references.assembled, budget, request.links)
    if marked is None:
        return read(references.assembled.version, budget, is_rendered=is_rendered)
    return Reading((Passage(marked),), ())


def show_plain(request: PageRequest) -> Response:
    """Show a version as plain text, in full: a text as it is, anything else as its JSON; with its tags, or ``resolved``."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"], version=positive_int(request.query.get("version")))
        if request.query.get("resolved") == "true":
            version = assemble_version(tx, actor, version).version
    return PlainTextResponse(version.text)


def show_history(request: PageRequest) -> Response:
    """Show the versions below a number."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        history = find_history(tx, actor, request)
    return request.page(
        "prompts/history.html", version=history.selected, history=history, released=released_version(history.labels)
    )


def production_first(labels: Sequence[Label]) -> list[Label]:
    """Return labels in the order in which pages show them: production, which programs follow by convention, then by name."""
    return sorted(labels, key=lambda label: (label.name != PRODUCTION, label.name))


def released_version(labels: Sequence[Label]) -> int | None:
    """Return the version that is in production, `None` where none is."""
    return next((label.version for label in labels if label.name == PRODUCTION), None)


def find_history(tx: Transaction, actor: Actor, request: PageRequest) -> History:
    """Return the version that the address chooses, and the history from its newest version or below ``before``."""
    name, label = request.path["name"], request.query.get("label", "")
    version = positive_int(request.query.get("version"))
    if label:
        version = prompts.fetch_prompt(tx, actor, name, label=label).version
    elif request.query.get("version") and version is None:
        raise WebError(404, f"'{request.query['version']}' is not a version number.", advice="Versions are numbered from 1.")
    return prompts.resolve_prompt(
        tx, actor, name=name, version=version, limit=HISTORY, before_version=positive_int(request.query.get("before"))
    )
