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
    PROMPT_RESTORED = "prompt.restored"
    PROMPT_IMPORTED = "prompt.imported"
    LABEL_CREATED = "label.created"
    LABEL_MOVED = "label.moved"
    LABEL_REMOVED = "label.removed"
    PROJECT_CREATED = "project.created"
    PROJECT_TOKEN_ROTATED = "project.token_rotated"  # noqa: S105 - a kind of change, not a token
    PROJECT_RENAMED = "project.renamed"
    MEMBER_SET = "member.set"
    MEMBER_REMOVED = "member.removed"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_PASSWORD_SET = "user.password_set"  # noqa: S105 - a kind of change, not a password
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    DATABASE_RESTORED = "database.restored"
    UNKNOWN = "unknown"
    """Stands for a kind that a newer Promptuary has written; it is never stored."""

    @classmethod
    def _missing_(cls, _value: object) -> "ChangeKind":
        return cls.UNKNOWN


ENDS_ACCESS = frozenset(
    {
        ChangeKind.MEMBER_SET,
        ChangeKind.MEMBER_REMOVED,
        ChangeKind.USER_CHANGED,
        ChangeKind.USER_DISABLED,
        ChangeKind.USER_PASSWORD_SET,
        ChangeKind.KEY_REVOKED,
        ChangeKind.PROJECT_TOKEN_ROTATED,
        ChangeKind.DATABASE_RESTORED,
        ChangeKind.UNKNOWN,
    }
)
"""After these somebody who could read a project may not be able to any more."""


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

    @property
    def labels(self) -> frozenset[str]:
        """The labels that a change of a prompt sets, moves or removes; archiving removes all that the prompt has."""
        before, after = self.before or {}, self.after or {}
        lost = before.get("labels")
        told = (before.get("label"), after.get("label"), *(lost if isinstance(lost, dict) else ()))
        return frozenset(label for label in told if isinstance(label, str))


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes of prompts somebody wants to hear of: those of some prompts and of some labels, or all."""

    names: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    @property
    def matches_all(self) -> bool:
        """Whether every change is one of them."""
        return not self.names and not self.labels

    def matches(self, change: Change) -> bool:
        """Tell whether a change is one of them."""
        if self.matches_all:
            return True
        return change.prompt_name in self.names or not self.labels.isdisjoint(change.labels)
