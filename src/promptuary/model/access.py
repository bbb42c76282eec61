"""Roles, scopes and permissions, and the actor that carries them through a request."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from promptuary.model.errors import MissingScope, RoleTooLow


class Role(StrEnum):
    """Role of a member in a project: viewers read, editors write, admins also manage."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Return `True` if this role may do all that the other may."""
        return _RANKS.index(self) >= _RANKS.index(other)


class Scope(StrEnum):
    """Scope of a personal API key.

    Writing and releasing prompts include reading them, ``*`` includes everything. The scopes of keys, members and projects include
    reading what they manage; no other scope but ``*`` includes them.
    """

    READ = "llm_prompt:read"
    WRITE = "llm_prompt:write"
    RELEASE = "llm_prompt:release"
    MEMBERS = "member:write"
    PROJECTS = "project:write"
    KEYS = "key:write"
    ALL = "*"


class Permission(Enum):
    """A kind of action: the scope that a key needs for it, `None` for any, the lowest role of its user, and if it only reads."""

    SEE = (None, Role.VIEWER, True)
    READ = (Scope.READ, Role.VIEWER, True)
    WRITE = (Scope.WRITE, Role.EDITOR, False)
    RELEASE = (Scope.RELEASE, Role.EDITOR, False)
    MANAGE = (Scope.ALL, Role.ADMIN, False)
    EXPORT = (Scope.READ, Role.ADMIN, True)
    IMPORT = (Scope.WRITE, Role.ADMIN, False)
    LIST_MEMBERS = (Scope.MEMBERS, Role.VIEWER, True)
    MANAGE_MEMBERS = (Scope.MEMBERS, Role.ADMIN, False)
    CREATE_PROJECTS = (Scope.PROJECTS, Role.VIEWER, False)
    MANAGE_PROJECT = (Scope.PROJECTS, Role.ADMIN, False)
    LIST_KEYS = (Scope.KEYS, Role.VIEWER, True)
    MANAGE_KEYS = (Scope.KEYS, Role.VIEWER, False)
    REVOKE_KEYS = (None, Role.VIEWER, False)

    def __init__(self, scope: Scope | None, role: Role, is_reading: bool) -> None:  # noqa: FBT001 - the values stand in a table
        self.scope = scope
        self.role = role
        self.is_reading = is_reading

    def is_granted_by(self, scopes: Collection[Scope]) -> bool:
        """Return `True` if one of the scopes grants the permission."""
        return bool(scopes) if self.scope is None else self.scope in all_granted(scopes)


_RANKS = (Role.VIEWER, Role.EDITOR, Role.ADMIN)

_GRANTED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.RELEASE: frozenset({Scope.READ, Scope.RELEASE}),
    Scope.MEMBERS: frozenset({Scope.MEMBERS}),
    Scope.PROJECTS: frozenset({Scope.PROJECTS}),
    Scope.KEYS: frozenset({Scope.KEYS}),
    Scope.ALL: frozenset(Scope),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The subject of an operation in a project: a user, or the operator at the command line (no user)."""

    project_id: int
    role: Role
    scopes: frozenset[Scope]
    user_id: int | None = None
    key_id: str | None = None
    request_id: str | None = field(default=None, compare=False)

    def may(self, permission: Permission) -> bool:
        """Return `True` if the actor has the permission."""
        return permission.is_granted_by(self.scopes) and self.role.includes(permission.role)

    def require(self, permission: Permission) -> None:
        """Raise `MissingScope` or `RoleTooLow` unless the actor has the permission."""
        require_scope(self.scopes, permission)
        if not self.role.includes(permission.role):
            raise RoleTooLow(permission.role)


def all_granted(scopes: Collection[Scope]) -> frozenset[Scope]:
    """Return all scopes that some scopes include, themselves among them."""
    return frozenset[Scope]().union(*(_GRANTED[scope] for scope in scopes))


def require_scope(scopes: Collection[Scope], permission: Permission) -> None:
    """Raise `MissingScope` unless one of the scopes grants the permission."""
    if not permission.is_granted_by(scopes):
        raise MissingScope(permission.scope or Scope.READ)


def operator(project_id: int) -> Actor:
    """Return the actor of the command line, which has direct access to the database: everything is allowed."""
    return Actor(project_id=project_id, role=Role.ADMIN, scopes=frozenset({Scope.ALL}))
