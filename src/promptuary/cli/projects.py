"""``promptuary project``: projects of a server, over HTTP with a key that may manage them."""

from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, Record, show_record, show_records, to_the_second
from promptuary.cli.remote import ProfileName, Yes, moved_option, reached_accounts, require_agreement

app = typer.Typer(
    help="Projects of a server, over HTTP. They are those that the key may enter. Changes require a key of an admin with "
    "the scope project:write.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The project's name.")]


@app.command("list")
def list_all(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List the projects that the key may enter, by name."""
    with reached_accounts(profile, on_host="project list") as accounts:
        found = accounts.list_projects()
    show_records([_record(project) for project in found], as_json=as_json, nothing="The key may enter no project.")


@app.command("create")
def create(
    name: Name,
    old_name: Annotated[str | None, moved_option("project create", "--name")] = None,  # noqa: ARG001 - its use is an error
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create a project, of which you become an admin."""
    with reached_accounts(profile, on_host="project create") as accounts:
        project = accounts.create_project(name)
    show_record(_record(project), as_json=as_json)


@app.command("rename")
def rename(name: Name, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Give the project of the profile another name."""
    with reached_accounts(profile) as accounts:
        project = accounts.rename_project(name)
    show_record(_record(project), as_json=as_json)


@app.command("rotate-token")
def rotate_token(
    yes: Yes = False,
    old_project: Annotated[str | None, moved_option("project rotate-token", "--project")] = None,  # noqa: ARG001 - its use is an error
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Replace the token of the profile's project. Requests with the old one are rejected immediately."""
    with reached_accounts(profile, on_host="project rotate-token") as accounts:
        project = accounts.get_project()
        require_agreement(f"Replace the token of {project['name']}? Programs with the old one fail.", is_agreed=yes)
        project = accounts.rotate_token()
    show_record(_record(project), as_json=as_json)


def _record(project: dict[str, Any]) -> Record:
    return {
        "id": project["id"],
        "name": project["name"],
        "role": project["role"],
        "api_token": project["api_token"],
        "created_at": to_the_second(project["created_at"]),
    }
