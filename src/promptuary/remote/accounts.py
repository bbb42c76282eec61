"""Keys, members and projects on another server, and the account behind a key."""

import re
from typing import Any

from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import Missing, NoEndpoint, RemoteError

CURRENT_KEY = "@current"

_KEY_ID = re.compile(r"@current|[A-Za-z0-9-]{1,100}")
_ME = "/api/users/@me/"
_KEYS = "/api/personal_api_keys/"
_PROJECTS = "/api/projects/"
_MEMBERS = "members/"

_USER: answers.Shape = {"id": answers.count, "email": answers.text, "first_name": answers.text, "last_name": answers.text}
"""An account."""

_KEY: answers.Shape = {
    "id": answers.text,
    "label": answers.text,
    "mask_value": answers.text,
    "created_at": answers.moment,
    "last_used_at": answers.optional_moment,
    "revoked_at": answers.optional_moment,
    "scopes": answers.texts,
    "scoped_teams": answers.optional_numbers,
}
"""A personal API key."""

_PROJECT: answers.Shape = {
    "id": answers.count,
    "name": answers.text,
    "api_token": answers.text,
    "created_at": answers.moment,
    "role": answers.text,
}
"""A project with the role of the key's owner."""

_MEMBER: answers.Shape = {
    "user_id": answers.count,
    "email": answers.text,
    "name": answers.text,
    "role": answers.text,
    "has_password": answers.flag,
    "created_at": answers.moment,
}
"""A member of a project."""


class RemoteAccounts:
    """The verbs on keys, members and projects, over HTTP."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def read_me(self) -> dict[str, Any]:
        """Return the account of the key's owner."""
        return answers.checked(self._ask("GET", _ME), _USER, "a user")

    def list_keys(self) -> list[dict[str, Any]]:
        """List the keys of the key's owner, newest first."""
        return answers.checked_list(self._ask("GET", _KEYS), _KEY, "a key")

    def create_key(self, label: str, scopes: list[str], project_ids: list[int]) -> dict[str, Any]:
        """Create a key, whose value is in the answer and nowhere else."""
        body = {"label": label, "scopes": scopes, "scoped_teams": project_ids}
        return answers.checked(self._ask("POST", _KEYS, body), {**_KEY, "value": answers.text}, "a key")

    def get_key(self, key_id: str = CURRENT_KEY) -> dict[str, Any]:
        """Return a key; without an ID that with which the server is asked. Raises `Missing`."""
        return answers.checked(self._ask("GET", _key_path(key_id)), _KEY, "a key")

    def revoke_key(self, key_id: str = CURRENT_KEY) -> None:
        """Revoke a key; without an ID that with which the server is asked. Raises `Missing`."""
        self._ask("DELETE", _key_path(key_id))

    def list_projects(self) -> list[dict[str, Any]]:
        """List the projects that the key may enter, by name."""
        return [_project_of(row) for row in self.remote.pages(_PROJECTS, {}, key="id")]

    def create_project(self, name: str) -> dict[str, Any]:
        """Create a project."""
        return _project_of(self._ask("POST", _PROJECTS, {"name": name}))

    def get_project(self) -> dict[str, Any]:
        """Return the project of the profile, with the role of the key's owner."""
        return _project_of(self.remote.get(""))

    def rename_project(self, name: str) -> dict[str, Any]:
        """Give the project of the profile another name."""
        return _project_of(self.remote.send("PATCH", "", {"name": name}))

    def rotate_token(self) -> dict[str, Any]:
        """Replace the token of the project of the profile."""
        return _project_of(self.remote.send("PATCH", "reset_token/"))

    def list_members(self) -> list[dict[str, Any]]:
        """List the members of the project of the profile."""
        return [_member_of(row) for row in self.remote.pages(_MEMBERS, {}, key="user_id")]

    def set_member(self, email: str, role: str, *, is_confirmed: bool) -> dict[str, Any]:
        """Give the user with an address a role in the project of the profile. Raises `Missing`."""
        return _member_of(self.remote.send("POST", _MEMBERS, {"email": email, "role": role, "confirmed": is_confirmed}))

    def invite_member(self, email: str, role: str) -> dict[str, Any]:
        """Create an account for a new member, and return them with a link to choose a password."""
        return _invited_of(self.remote.send("POST", f"{_MEMBERS}invite/", {"email": email, "role": role}))

    def renew_invitation(self, email: str) -> dict[str, Any]:
        """Return an invited member with a new link to choose a password. Raises `RemoteError`."""
        member = self.find_member(email)
        return _invited_of(self.remote.send("POST", f"{_MEMBERS}{member['user_id']}/renew_invitation/"))

    def remove_member(self, user_id: int) -> None:
        """Take a user out of the project of the profile. Raises `Missing`."""
        self.remote.send("DELETE", f"{_MEMBERS}{user_id}/")

    def find_member(self, email: str) -> dict[str, Any]:
        """Return the member with an address. Raises `RemoteError`."""
        wanted = email.strip().lower()
        found = next((member for member in self.list_members() if member["email"] == wanted), None)
        if found is None:
            raise RemoteError(f"'{wanted}' is not a member of this project.")
        return found

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        try:
            return self.remote.send(method, path, body)
        except NoEndpoint:
            raise RemoteError(f"{self.remote.profile.host} is too old for this command.") from None


def _key_path(key_id: str) -> str:
    if not _KEY_ID.fullmatch(key_id):
        raise Missing(f"No personal API key has the id '{key_id}'.")
    return f"{_KEYS}{key_id}/"


def _project_of(answer: object) -> dict[str, Any]:
    return answers.checked(answer, _PROJECT, "a project")


def _member_of(answer: object) -> dict[str, Any]:
    return answers.checked(answer, _MEMBER, "a member")


def _invited_of(answer: object) -> dict[str, Any]:
    return answers.checked(answer, {**_MEMBER, "invitation_link": answers.text}, "a member")
