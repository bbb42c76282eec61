"""``promptuary member``: members of the profile's project, over HTTP with a key that may manage them."""

from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, Record, say, show_json, show_record, show_records, to_the_second
from promptuary.cli.remote import ProfileName, Yes, moved_option, reached_accounts, require_agreement
from promptuary.model.access import Role

app = typer.Typer(
    help="Members of a project, over HTTP. Viewers read prompts, editors also write them, admins also manage the project. It takes "
    "a key with the scope member:write, and to change something the key of an admin.",
    no_args_is_help=True,
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
UserRole = Annotated[Role, typer.Option("--role", help="The user's role.")]


@app.command("list")
def list_all(
    project: Annotated[str | None, moved_option("member list", "--project")] = None,  # noqa: ARG001 - its use is an error
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List the members of a project."""
    with reached_accounts(profile, on_host="member list") as accounts:
        found = accounts.list_members()
    show_records([_record(member) for member in found], as_json=as_json, nothing="The project has no members.")


@app.command("set")
def set_role(
    email: Email,
    role: UserRole,
    confirm_address: Annotated[
        bool,
        typer.Option("--confirm-address", help="Confirm that an account with an unverified address is the one that is meant."),
    ] = False,
    old_email: Annotated[str | None, moved_option("member set", "--email")] = None,  # noqa: ARG001 - its use is an error
    project: Annotated[str | None, moved_option("member set", "--project")] = None,  # noqa: ARG001 - the same
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Add a user who has an account to a project, or change their role."""
    with reached_accounts(profile, on_host="member set") as accounts:
        member = accounts.set_member(email, role.value, is_confirmed=confirm_address)
    show_record(_record(member), as_json=as_json)


@app.command("invite")
def invite(
    email: Email,
    role: Annotated[Role, typer.Option("--role", help="The user's role.")] = Role.EDITOR,
    again: Annotated[bool, typer.Option("--again", help="Make a new link for a user who has not used the first one.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create an account for a new member, and print a one-time link with which they choose a password."""
    with reached_accounts(profile, on_host="user create") as accounts:
        member = accounts.renew_invitation(email) if again else accounts.invite_member(email, role.value)
    note = "The first person who opens the link can sign in as this user. It is not shown again."
    show_record({**_record(member), "link": member["invitation_link"]}, as_json=as_json, note=note)


@app.command("remove")
def remove(
    email: Email,
    yes: Yes = False,
    old_email: Annotated[str | None, moved_option("member remove", "--email")] = None,  # noqa: ARG001 - its use is an error
    project: Annotated[str | None, moved_option("member remove", "--project")] = None,  # noqa: ARG001 - the same
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Remove a user from a project."""
    with reached_accounts(profile, on_host="member remove") as accounts:
        member = accounts.find_member(email)
        require_agreement(f"Remove {member['email']} from the project?", is_agreed=yes)
        accounts.remove_member(member["user_id"])
    if as_json:
        show_json({"email": member["email"], "removed": True})
    else:
        say(f"{member['email']} is no longer a member of the project.")


def _record(member: dict[str, Any]) -> Record:
    return {
        "email": member["email"],
        "role": member["role"],
        "name": member["name"],
        "has_password": member["has_password"],
        "since": to_the_second(member["created_at"]),
    }
