"""``promptuary admin member``: who may do what in a project."""

from typing import Annotated

import typer

from promptuary.cli.admin.context import MAX_LISTED, opened_database
from promptuary.cli.output import AsJson, format_timestamp, say, show_record, show_records
from promptuary.model.access import Role
from promptuary.model.accounts import Member
from promptuary.registry.operator import members, users

app = typer.Typer(
    help="Project members. Viewers read prompts, editors also write them, admins also manage the project.",
    no_args_is_help=True,
)

ProjectId = Annotated[int, typer.Option("--project", help="The project's ID.")]
_ADVICE = "Ask this person whether the account is theirs; else take the role back with: promptuary admin member remove"

Email = Annotated[str, typer.Option("--email", help="The user's e-mail address.")]


@app.command("set")
def set_role(
    project_id: ProjectId,
    email: Email,
    role: Annotated[Role, typer.Option(help="The user's role.")],
    as_json: AsJson = False,
) -> None:
    """Add a user to a project, or change their role."""
    with opened_database() as database, database.write() as tx:
        member = members.set_member(tx, project_id=project_id, email=email, role=role)
        user = users.get_user(tx, email)
    show_record(_record(member), as_json=as_json)
    if user.has_password and not user.is_vouched_for(project_id):
        say(f"The e-mail address {member.email} of this account is not verified. {_ADVICE}", err=True)


@app.command("list")
def list_all(project_id: ProjectId, as_json: AsJson = False) -> None:
    """List a project's members."""
    with opened_database() as database, database.read() as tx:
        found = members.list_members(tx, project_id, limit=MAX_LISTED)
    show_records([_record(member) for member in found], as_json=as_json, nothing="The project has no members.")


@app.command("remove")
def remove(project_id: ProjectId, email: Email) -> None:
    """Remove a user from a project."""
    with opened_database() as database, database.write() as tx:
        members.remove_member(tx, project_id=project_id, email=email)
    say(f"{email} is no longer a member of project {project_id}.")


def _record(member: Member) -> dict[str, object]:
    return {
        "project": member.project_id,
        "email": member.email,
        "role": member.role.value,
        "since": format_timestamp(member.created_at),
    }
