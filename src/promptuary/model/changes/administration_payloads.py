"""Payloads of the changes of projects, members, users and keys; see `payloads`."""

from dataclasses import dataclass
from typing import ClassVar, Self

from promptuary.model.access import Role, Scope
from promptuary.model.changes.kinds import ChangeKind
from promptuary.model.changes.stored_facts import FactMismatch, Facts, Sides, find_text, get_fact


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A member of a project."""

    user_id: int
    email: str
    role: Role

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"user_id": self.user_id, "email": self.email, "role": self.role.value}

    @classmethod
    def from_json(cls, facts: Facts) -> Self:
        """Read the stored form."""
        try:
            role = Role(get_fact(facts, "role", str))
        except ValueError:
            raise FactMismatch("role") from None
        return cls(get_fact(facts, "user_id", int), get_fact(facts, "email", str), role)


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A user; the names are `None` where only the address is recorded."""

    user_id: int
    email: str
    first_name: str | None = None
    last_name: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        names = {"first_name": self.first_name, "last_name": self.last_name}
        return {"user_id": self.user_id, "email": self.email} | {key: name for key, name in names.items() if name is not None}

    @classmethod
    def from_json(cls, facts: Facts) -> Self:
        """Read the stored form."""
        names = find_text(facts, "first_name"), find_text(facts, "last_name")
        return cls(get_fact(facts, "user_id", int), get_fact(facts, "email", str), *names)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A personal API key."""

    key_id: str
    user_id: int
    label: str
    scopes: frozenset[Scope]

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"key_id": self.key_id, "user_id": self.user_id, "label": self.label, "scopes": sorted(self.scopes)}

    @classmethod
    def from_json(cls, facts: Facts) -> Self:
        """Read the stored form."""
        try:
            scopes = frozenset(Scope(scope) for scope in get_fact(facts, "scopes", list))
        except ValueError:
            raise FactMismatch("scopes") from None
        return cls(get_fact(facts, "key_id", str), get_fact(facts, "user_id", int), get_fact(facts, "label", str), scopes)


@dataclass(frozen=True, slots=True)
class ProjectCreated:
    """A project was created."""

    kind: ClassVar = ChangeKind.PROJECT_CREATED

    name: str

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, {"name": self.name}

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(after, "name", str))


@dataclass(frozen=True, slots=True)
class ProjectRenamed:
    """A project was renamed."""

    kind: ClassVar = ChangeKind.PROJECT_RENAMED

    former_name: str
    name: str

    def to_json(self) -> Sides:
        """Return the stored form."""
        return {"name": self.former_name}, {"name": self.name}

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(before, "name", str), get_fact(after, "name", str))


@dataclass(frozen=True, slots=True)
class ProjectTokenRotated:
    """The token of a project was replaced."""

    kind: ClassVar = ChangeKind.PROJECT_TOKEN_ROTATED

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, None

    @classmethod
    def from_json(cls, _before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls()


@dataclass(frozen=True, slots=True)
class MemberSet:
    """A user got a role in a project; ``former`` is `None` for a new member."""

    kind: ClassVar = ChangeKind.MEMBER_SET

    former: MemberFacts | None
    member: MemberFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None if self.former is None else self.former.to_json(), self.member.to_json()

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(MemberFacts.from_json(before) if before else None, MemberFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A user was removed from a project."""

    kind: ClassVar = ChangeKind.MEMBER_REMOVED

    member: MemberFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return self.member.to_json(), None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(MemberFacts.from_json(before))


@dataclass(frozen=True, slots=True)
class UserCreated:
    """An account was created."""

    kind: ClassVar = ChangeKind.USER_CREATED

    user: UserFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.user.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(UserFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class UserChanged:
    """A user got another name or address; without a ``user``, the account became an author without account."""

    kind: ClassVar = ChangeKind.USER_CHANGED

    former: UserFacts
    user: UserFacts | None

    def to_json(self) -> Sides:
        """Return the stored form."""
        return self.former.to_json(), None if self.user is None else self.user.to_json()

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(UserFacts.from_json(before), UserFacts.from_json(after) if after else None)


@dataclass(frozen=True, slots=True)
class UserDisabled:
    """An account was disabled."""

    kind: ClassVar = ChangeKind.USER_DISABLED

    user: UserFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.user.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(UserFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class UserEnabled:
    """A disabled account was enabled."""

    kind: ClassVar = ChangeKind.USER_ENABLED

    user: UserFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.user.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(UserFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class UserPasswordSet:
    """A user got another password."""

    kind: ClassVar = ChangeKind.USER_PASSWORD_SET

    user_id: int

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, {"user_id": self.user_id}

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(after, "user_id", int))


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """A key was created."""

    kind: ClassVar = ChangeKind.KEY_CREATED

    key: KeyFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.key.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(KeyFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """A key was revoked."""

    kind: ClassVar = ChangeKind.KEY_REVOKED

    key: KeyFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return self.key.to_json(), None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(KeyFacts.from_json(before))


@dataclass(frozen=True, slots=True)
class DatabaseRestored:
    """The database was restored from a backup."""

    kind: ClassVar = ChangeKind.DATABASE_RESTORED

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, None

    @classmethod
    def from_json(cls, _before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls()
