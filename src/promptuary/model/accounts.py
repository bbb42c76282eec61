"""Users, projects, members and personal API keys."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from promptuary.model.access import Role, Scope

MAX_NAME = 150
MAX_EMAIL = 254
MAX_KEY_LABEL = 100

RECORDED_ID = 0
RECORDED_UUID = "00000000-0000-0000-0000-000000000000"
"""The id and UUID of all authors that have no account here; no account has them."""


@dataclass(frozen=True, slots=True)
class Author:
    """Public data of a user, shown on versions and labels. An imported author may have no account."""

    id: int
    uuid: str
    first_name: str
    last_name: str
    email: str
    role_at_organization: str | None

    @property
    def is_recorded(self) -> bool:
        """`True` if name and address come from an import and there is no such account."""
        return self.id == RECORDED_ID


def recorded_author(email: str, first_name: str, last_name: str) -> Author:
    """Return an author that an import brought, as they were called elsewhere."""
    return Author(RECORDED_ID, RECORDED_UUID, first_name, last_name, email, None)


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. A disabled user's keys are refused; what they wrote stays theirs.

    ``invited_to_id`` is the project that made the account by an invitation; `None`: the operator vouches for the account.
    ``address_changed_at`` is when the user chose another address, which is not verified.
    """

    id: int
    uuid: str
    email: str
    first_name: str
    last_name: str
    is_active: bool
    has_password: bool
    current_project_id: int | None
    created_at: datetime
    invited_to_id: int | None = None
    address_changed_at: datetime | None = None

    def is_vouched_for(self, project_id: int) -> bool:
        """Return `True` if the operator or a project's own invitation says that the address is the user's."""
        return self.address_changed_at is None and self.invited_to_id in {None, project_id}


def shown_name(person: Author | User) -> str:
    """Return the display name: the name, else the address."""
    return f"{person.first_name} {person.last_name}".strip() or person.email


@dataclass(frozen=True, slots=True)
class Project:
    """A closed set of prompts. ``api_token`` (``phc_...``) names the project to clients; it is not a secret that grants access."""

    id: int
    name: str
    api_token: str
    created_at: datetime

    @property
    def uuid(self) -> str:
        """Permanent identifier that is unique across servers, made from the project's number and creation time."""
        moment = self.created_at.astimezone(UTC).isoformat(timespec="microseconds")
        return str(uuid5(NAMESPACE_URL, f"promptuary:project:{self.id}:{moment}"))


@dataclass(frozen=True, slots=True)
class Member:
    """A user's role in a project. A user without a password cannot sign in yet; ``is_invited``: this project made the account."""

    project_id: int
    user_id: int
    email: str
    has_password: bool
    role: Role
    created_at: datetime
    name: str = ""
    is_invited: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """A member who has no password yet, and the value of the one-time link with which they choose one; known only now."""

    member: Member
    link: str


@dataclass(frozen=True, slots=True)
class NamedProject:
    """A project as a request names it: by its token, else as the current project of the user, else by its id.

    No project has the id `None`.
    """

    token: str | None
    is_current: bool
    id: int | None


@dataclass(frozen=True, slots=True)
class ProjectRole:
    """Role of a user in a project that a request names: without an id there is no such project, without a role no membership."""

    project_id: int | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A project of a user, and their role in it."""

    project: Project
    role: Role


@dataclass(frozen=True, slots=True)
class Key:
    """A personal API key without its secret value. ``mask`` shows its ends; ``project_ids`` is `None` where it is not limited."""

    id: str
    user_id: int
    email: str
    label: str
    mask: str
    scopes: frozenset[Scope]
    project_ids: frozenset[int] | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key, with the value that is known only now."""

    key: Key
    value: str


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which a user is signed in. ``address`` and ``user_agent`` are those of its last sign-in, for display."""

    id: str
    user_id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    notice: str | None
    """Notice that the next page shows once."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and whose it is."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session, with the value of its cookie that is known only now."""

    session: Session
    value: str


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Maximum lifetime of a session, without use and in total."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A one-time link with which a user gives the account a password; the one of the first start also an address.

    The operator made it, or an admin for a project; an invitation names both.
    """

    user: User
    is_first_start: bool
    expires_at: datetime
    is_operators: bool
    project_id: int | None = None
    made_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """Data of the browser in which a session began, so that users recognise it."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Data that decides a sign-in."""

    user_id: int
    password_hash: str | None = field(repr=False)
    is_active: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Profile that users edit themselves."""

    email: str
    first_name: str
    last_name: str
