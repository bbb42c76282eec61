"""The change log's vocabulary: what can change, and the record that says it did."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """What happened. The values are stored; never rename one."""

    PROMPT_CREATED = "prompt.created"
    PROMPT_PUBLISHED = "prompt.published"
    PROMPT_DUPLICATED = "prompt.duplicated"
    PROMPT_ARCHIVED = "prompt.archived"
    LABEL_CREATED = "label.created"
    LABEL_MOVED = "label.moved"
    LABEL_REMOVED = "label.removed"
    PROJECT_CREATED = "project.created"
    PROJECT_TOKEN_ROTATED = "project.token_rotated"  # noqa: S105 - a kind of change, not a token
    MEMBER_SET = "member.set"
    MEMBER_REMOVED = "member.removed"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_PASSWORD_SET = "user.password_set"  # noqa: S105 - a kind of change, not a password
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    DATABASE_RESTORED = "database.restored"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log. ``sequence`` grows in commit order. ``before`` and ``after`` never hold content or secrets."""

    sequence: int
    kind: ChangeKind
    project_id: int | None
    prompt_id: str | None
    prompt_name: str | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    actor_user_id: int | None
    actor_key_id: str | None
    at: datetime
    request_id: str | None
