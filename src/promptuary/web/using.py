"""How programs use a prompt: code to paste, and who has fetched it."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.registry import prompts, usage
from promptuary.web.charts import chart_of
from promptuary.web.snippets import KEY_VARIABLE, Subject, read_form, snippets_of
from promptuary.web.visits import Visit

PREFERRED = "production"
"""The label that comes first, before the latest version."""

VERSIONS = 20
"""Versions whose usage is shown, those with fetches only."""


def show_use(visit: Visit) -> Response:
    """Show programs that fetch this prompt, by a label: the one that is asked for, else `PREFERRED` if it is set."""
    actor = visit.enter(Permission.READ)
    label, name = visit.query.get("label"), visit.path["name"]
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, name, label=label or None)
        if label is None:
            label = next((pointer.name for pointer in version.prompt_labels if pointer.name == PREFERRED), "")
            version = prompts.fetch_prompt(tx, actor, name, label=label) if label else version
    form, variables, placeholders = read_form(version.text, is_text=version.content.startswith('"'))
    subject = Subject(
        address=visit.address,
        project_id=actor.project_id,
        token=visit.project.api_token,
        name=version.name,
        label=label,
        form=form,
        variables=variables,
        placeholders=placeholders,
    )
    return visit.page(
        "prompts/use.html",
        version=version,
        label=label,
        choices=[pointer.name for pointer in version.prompt_labels],
        preferred=PREFERRED,
        snippets=snippets_of(subject),
        address=visit.address,
        key_variable=KEY_VARIABLE,
    )


def show_usage(visit: Visit) -> Response:
    """Show how often versions of a prompt were fetched in the last days."""
    actor = visit.enter(Permission.READ)
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
        used = usage.get_usage(tx, actor, name=version.name, limit=VERSIONS)
    return visit.page("prompts/usage.html", version=version, usage=used, chart=chart_of(used))
