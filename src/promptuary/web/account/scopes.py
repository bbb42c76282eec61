"""The scopes of keys in words."""

from collections.abc import Collection

from promptuary.model.access import Scope

SCOPES = {
    Scope.READ: "Read prompts",
    Scope.WRITE: "Read and write prompts",
    Scope.RELEASE: "Read prompts, approve and merge change requests",
    Scope.ALL: "Everything that you may do",
}
"""Each scope with what it allows, from the least to the most."""

WRITE_AND_RELEASE = "Read and write prompts, approve and merge change requests"

CHOICES: dict[tuple[Scope, ...], str] = {
    (Scope.READ,): SCOPES[Scope.READ],
    (Scope.WRITE,): SCOPES[Scope.WRITE],
    (Scope.RELEASE,): SCOPES[Scope.RELEASE],
    (Scope.WRITE, Scope.RELEASE): WRITE_AND_RELEASE,
    (Scope.ALL,): SCOPES[Scope.ALL],
}
"""Choices for a new key: scopes that make sense together. Writing and releasing do not include each other."""


def describe_scopes(scopes: Collection[Scope]) -> str:
    """Return the permissions of a key: its widest scope includes all others, but that writing does not include releasing."""
    if Scope.ALL not in scopes and {Scope.WRITE, Scope.RELEASE} <= {*scopes}:
        return WRITE_AND_RELEASE
    return next((meaning for scope, meaning in reversed(SCOPES.items()) if scope in scopes), "Nothing")
