"""How programs use a prompt: code to paste, and who has fetched it."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.model.variables import variable_names
from promptuary.registry import prompts, usage
from promptuary.web.charts import chart_of
from promptuary.web.snippets import KEY_VARIABLE, Subject, snippets_of
from promptuary.web.visits import Visit

VERSIONS = 20
"""Versions whose usage is shown, those with fetches only."""


def show_use(visit: Visit) -> Response:
    """Show programs that fetch this prompt."""
    actor = visit.enter(Permission.READ)
    label = visit.query.get("label", "")
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"], label=label or None)
    subject = Subject(
        address=visit.address,
        project_id=actor.project_id,
        token=visit.project.api_token,
        name=version.name,
        label=label,
        variables=variable_names(version.text),
    )
    return visit.page("prompts/use.html", version=version, label=label, snippets=snippets_of(subject), key_variable=KEY_VARIABLE)


def show_usage(visit: Visit) -> Response:
    """Show how often versions of a prompt were fetched in the last days."""
    actor = visit.enter(Permission.READ)
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
        used = usage.get_usage(tx, actor, name=version.name, limit=VERSIONS)
    return visit.page("prompts/usage.html", version=version, usage=used, chart=chart_of(used))
