"""The scopes of keys in words."""

from collections.abc import Collection

from promptuary.model.access import Scope

SCOPES = {
    Scope.READ: "Read prompts",
    Scope.WRITE: "Read and write prompts",
    Scope.ALL: "Everything that you may do",
}
"""Each scope with what it allows, from the least to the most."""


def describe_scopes(scopes: Collection[Scope]) -> str:
    """Return the permissions of a key: its widest scope includes all others."""
    return next((meaning for scope, meaning in reversed(SCOPES.items()) if scope in scopes), "Nothing")
