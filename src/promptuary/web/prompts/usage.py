"""Use of a prompt by programs: code to paste, and counts of fetches."""

from datetime import UTC

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.model.contracts import Contract, variables_of
from promptuary.model.templates import Template
from promptuary.model.usage import DEFAULT_DAYS, recent_days
from promptuary.model.values import sample_of
from promptuary.registry import prompts, usage
from promptuary.registry.assembling import assemble_all
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.charts import chart_of
from promptuary.web.prompts.snippets import KEY_VARIABLE, Subject, snippets_of

PREFERRED = "production"
"""The label that comes first, before the latest version."""

RANGES = (7, 30, 90)
"""The days that a page of usage can tell of."""

MAX_NAMES = 50
"""Maximum variables that a snippet fills in."""

MAX_NAME = 200
"""Maximum characters of a variable's name in a snippet."""

MAX_SAMPLE = 40
"""Maximum characters of a value in a snippet that is declared as an example."""

VERSIONS = 20
"""Versions whose usage is shown, those with fetches only."""


def show_use(request: PageRequest) -> Response:
    """Show programs that fetch this prompt, by a label: the one that is asked for, else `PREFERRED` if it is set."""
    actor = request.enter(Permission.READ)
    label, name = request.query.get("label"), request.path["name"]
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, name, label=label or None)
        if label is None:
            label = next((pointer.name for pointer in version.prompt_labels if pointer.name == PREFERRED), "")
            version = prompts.fetch_prompt(tx, actor, name, label=label) if label else version
        # Programs get the texts of all references.
        whole = next((each.version for each in assemble_all(tx, actor, [version]).versions), version)
    template = whole.template
    subject = Subject(
        address=request.address,
        project_id=actor.project_id,
        token=request.project.api_token,
        name=version.name,
        label=label,
        kind=template.kind,
        samples=_samples(template, whole.contract),
        placeholders=_fitting(template.placeholders),
    )
    return request.page(
        "prompts/snippets.html",
        version=version,
        label=label,
        choices=[pointer.name for pointer in version.prompt_labels],
        preferred=PREFERRED,
        snippets=snippets_of(subject),
        address=request.address,
        key_variable=KEY_VARIABLE,
    )


def _fitting(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if len(name) <= MAX_NAME)[:MAX_NAMES]


def _samples(template: Template, contract: Contract | None) -> dict[str, object]:
    """Return values with which programs on the page run: those of variables that have to be given come first."""
    variables = variables_of(template, contract)
    placeholders = frozenset(template.placeholders)
    shown = [variable for name, variable in variables.items() if name not in placeholders]
    first = sorted(shown, key=lambda variable: not variable.must_be_given)
    return {name: sample_of(variables[name], max_length=MAX_SAMPLE) for name in _fitting(tuple(each.name for each in first))}


def show_usage(request: PageRequest) -> Response:
    """Show how often a prompt, or one version of it, was fetched in the last days."""
    actor = request.enter(Permission.READ)
    chosen, only = positive_int(request.query.get("days")), positive_int(request.query.get("version"))
    days = chosen if chosen in RANGES else DEFAULT_DAYS
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
        first, last = recent_days(tx.clock().astimezone(UTC).date(), days)
        used = usage.get_usage(tx, actor, name=version.name, first=first, last=last, version=only, limit=VERSIONS)
    return request.page(
        "prompts/usage.html", version=version, usage=used, chart=chart_of(used), days=days, ranges=RANGES, only=only
    )
