"""Roles, scopes and permissions, and the actor that carries them through a request."""

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
    """Scope of a personal API key; writing and releasing include reading, ``*`` includes everything."""

    READ = "llm_prompt:read"
    WRITE = "llm_prompt:write"
    RELEASE = "llm_prompt:release"
    ALL = "*"


class Permission(Enum):
    """A kind of action: the scope that a key needs for it, and the role that its user needs."""

    READ = (Scope.READ, Role.VIEWER)
    WRITE = (Scope.WRITE, Role.EDITOR)
    RELEASE = (Scope.RELEASE, Role.EDITOR)
    MANAGE = (Scope.ALL, Role.ADMIN)
    EXPORT = (Scope.READ, Role.ADMIN)
    IMPORT = (Scope.WRITE, Role.ADMIN)

    @property
    def is_reading(self) -> bool:
        """`True` if it changes nothing."""
        return self.scope is Scope.READ

    @property
    def scope(self) -> Scope:
        """The scope that a key needs."""
        return self.value[0]

    @property
    def role(self) -> Role:
        """The lowest role that suffices."""
        return self.value[1]


_RANKS = (Role.VIEWER, Role.EDITOR, Role.ADMIN)

_GRANTED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.RELEASE: frozenset({Scope.READ, Scope.RELEASE}),
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
        return any(permission.scope in _GRANTED[scope] for scope in self.scopes) and self.role.includes(permission.role)

    def require(self, permission: Permission) -> None:
        """Raise `MissingScope` or `RoleTooLow` unless the actor has the permission."""
        require_scope(self.scopes, permission)
        if not self.role.includes(permission.role):
            raise RoleTooLow(permission.role)


def require_scope(scopes: frozenset[Scope], permission: Permission) -> None:
    """Raise `MissingScope` unless one of the scopes grants the permission."""
    if not any(permission.scope in _GRANTED[scope] for scope in scopes):
        raise MissingScope(permission.scope)


def operator(project_id: int) -> Actor:
    """Return the actor of the command line, which has direct access to the database: everything is allowed."""
    return Actor(project_id=project_id, role=Role.ADMIN, scopes=frozenset({Scope.ALL}))
