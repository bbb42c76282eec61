"""The scopes of keys in words."""

from collections.abc import Collection

from promptuary.model.access import Scope

SCOPES = {
    Scope.READ: "Read prompts",
    Scope.WRITE: "Read and write prompts",
    Scope.RELEASE: "Read prompts, approve and merge change requests",
    Scope.ALL: "Everything that you may do",
}
"""Each scope of prompts with what it allows, from the least to the most."""

WRITE_AND_RELEASE = "Read and write prompts, approve and merge change requests"

CHOICES: dict[tuple[Scope, ...], str] = {
    (Scope.READ,): SCOPES[Scope.READ],
    (Scope.WRITE,): SCOPES[Scope.WRITE],
    (Scope.RELEASE,): SCOPES[Scope.RELEASE],
    (Scope.WRITE, Scope.RELEASE): WRITE_AND_RELEASE,
    (Scope.ALL,): SCOPES[Scope.ALL],
    (): "Nothing with prompts",
}
"""Choices for a new key: scopes that make sense together. Writing and releasing do not include each other."""

MORE_CHOICES = {
    Scope.MEMBERS: "Where you are an admin, add and remove members, invite them and change their roles",
    Scope.PROJECTS: "Create projects, and where you are an admin, rename them and replace their tokens",
    Scope.KEYS: "List your keys, create and revoke those that have no permission this key lacks",
}
"""Scopes that a key may have beside those of prompts, with what they allow."""

_MANAGING = {Scope.MEMBERS: "members", Scope.PROJECTS: "projects", Scope.KEYS: "keys"}


def describe_scopes(scopes: Collection[Scope]) -> str:
    """Return the permissions of a key: its widest scope includes all others, but that writing does not include releasing."""
    if Scope.ALL in scopes:
        return SCOPES[Scope.ALL]
    both = {Scope.WRITE, Scope.RELEASE} <= {*scopes}
    prompts = WRITE_AND_RELEASE if both else next((meaning for scope, meaning in reversed(SCOPES.items()) if scope in scopes), "")
    managed = [what for scope, what in _MANAGING.items() if scope in scopes]
    managing = f"Manage {', '.join(managed)}" if managed else ""
    return "; ".join(part for part in (prompts, managing) if part) or "Nothing"
