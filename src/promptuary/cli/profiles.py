"""``promptuary profile``: the servers, projects and keys that promptuary login has stored. No server is asked."""

from typing import Annotated

import typer

from promptuary.cli.output import AsJson, say, show_records
from promptuary.remote.profiles import read_profiles, select_profile, selected_name

app = typer.Typer(
    help="Stored servers, projects and keys. promptuary login adds one, promptuary logout removes one.", no_args_is_help=True
)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the profiles, without their keys."""
    profiles = read_profiles()
    selected = selected_name(profiles)
    records = [
        {"name": name, "selected": name == selected, "host": profile.host, "project": profile.project}
        for name, profile in sorted(profiles.items())
    ]
    show_records(records, as_json=as_json, nothing="There are no profiles. promptuary login stores one.")


@app.command("use")
def use(name: Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.")]) -> None:
    """Select the profile of commands that name none, and for which the environment has no server."""
    select_profile(name)
    say(f"Commands use the profile {name} now, unless --profile or the environment says otherwise.")
