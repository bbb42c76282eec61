"""``promptuary whoami``: which server, project, user and key commands use."""

from promptuary.cli.output import AsJson, show_record
from promptuary.cli.remote import ProfileName, reached_accounts


def whoami(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show the server, project, user and key that commands use. The server is asked if the key works."""
    with reached_accounts(profile) as accounts:
        user, key, project = accounts.read_me(), accounts.get_key(), accounts.get_project()
        host = accounts.remote.profile.host
    record = {
        "host": host,
        "email": user["email"],
        "name": f"{user['first_name']} {user['last_name']}".strip(),
        "project": project["id"],
        "project_name": project["name"],
        "role": project["role"],
        "key": key["label"],
        "key_id": key["id"],
        "scopes": key["scopes"],
        "key_projects": key["scoped_teams"],
    }
    show_record(record, as_json=as_json)
