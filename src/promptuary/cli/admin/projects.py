"""``promptuary admin project``: closed sets of prompts."""

from typing import Annotated

import typer

from promptuary.cli.admin.context import MAX_LISTED, opened_database
from promptuary.cli.output import AsJson, format_timestamp, show_record, show_records
from promptuary.model.accounts import Project
from promptuary.registry.operator import projects

app = typer.Typer(help="Projects: separate sets of prompts with their own members and token.", no_args_is_help=True)


@app.command("create")
def create(name: Annotated[str, typer.Option(help="The project's name.")], as_json: AsJson = False) -> None:
    """Create a project. Then: promptuary admin member set."""
    with opened_database() as database, database.write() as tx:
        project = projects.create_project(tx, name=name)
    show_record(_record(project), as_json=as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List all projects with their tokens."""
    with opened_database() as database, database.read() as tx:
        found = projects.list_projects(tx, limit=MAX_LISTED)
    records = [_record(project) | {"created_at": format_timestamp(project.created_at)} for project in found]
    show_records(records, as_json=as_json, nothing="There are no projects.")


@app.command("rotate-token")
def rotate_token(project_id: Annotated[int, typer.Option("--project", help="The project's ID.")], as_json: AsJson = False) -> None:
    """Replace a project's token. Requests with the old one are rejected immediately."""
    with opened_database() as database, database.write() as tx:
        project = projects.rotate_token(tx, project_id)
    show_record(_record(project), as_json=as_json)


def _record(project: Project) -> dict[str, object]:
    return {"id": project.id, "name": project.name, "api_token": project.api_token}
