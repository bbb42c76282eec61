"""Kinds of change."""

from enum import StrEnum


class ChangeKind(StrEnum):
    """Kind of an entry of the change log. The values are stored; never rename one."""

    PROMPT_CREATED = "prompt.created"
    PROMPT_PUBLISHED = "prompt.published"
    PROMPT_DUPLICATED = "prompt.duplicated"
    PROMPT_ARCHIVED = "prompt.archived"
    PROMPT_RESTORED = "prompt.restored"
    PROMPT_IMPORTED = "prompt.imported"
    LABEL_CREATED = "label.created"
    LABEL_MOVED = "label.moved"
    LABEL_REMOVED = "label.removed"
    REQUEST_OPENED = "request.opened"
    REQUEST_CHANGED = "request.changed"
    REQUEST_APPROVED = "request.approved"
    REQUEST_COMMENTED = "request.commented"
    REQUEST_MERGED = "request.merged"
    REQUEST_CLOSED = "request.closed"
    LABEL_RULE_SET = "label_rule.set"
    LABEL_RULE_REMOVED = "label_rule.removed"
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
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - a kind of change, not a secret
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REDELIVERED = "webhook.redelivered"
    DATABASE_RESTORED = "database.restored"
    UNKNOWN = "unknown"
    """Stands for a kind that a newer Promptuary has written; it is never stored."""

    @classmethod
    def _missing_(cls, _value: object) -> "ChangeKind":
        return cls.UNKNOWN


OF_REQUESTS = frozenset(kind for kind in ChangeKind if kind.value.startswith("request."))
"""Kinds that tell of a change request, and of no single prompt."""

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
"""Kinds after which a user or a key may have lost access to a project."""
