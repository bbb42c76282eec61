"""Users, projects, members and personal API keys."""

from dataclasses import dataclass
from datetime import datetime

from promptuary.model.access import Role, Scope

MAX_NAME = 150
MAX_EMAIL = 254
MAX_KEY_LABEL = 100


@dataclass(frozen=True, slots=True)
class Author:
    """What others see of a user: on versions and labels."""

    id: int
    uuid: str
    first_name: str
    last_name: str
    email: str
    role_at_organization: str | None


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. A disabled user's keys are refused; what they wrote stays theirs."""

    id: int
    uuid: str
    email: str
    first_name: str
    last_name: str
    is_active: bool
    has_password: bool
    current_project_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Project:
    """A closed set of prompts. ``api_token`` (``phc_...``) names the project to clients; it is not a secret that grants access."""

    id: int
    name: str
    api_token: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A user's role in a project."""

    project_id: int
    user_id: int
    email: str
    role: Role
    created_at: datetime


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
    """A key at the only moment when its value is known."""

    key: Key
    value: str
