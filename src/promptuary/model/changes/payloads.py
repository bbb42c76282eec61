"""Payloads of changes: one type for each kind, and the JSON that the log stores of it.

The JSON is stored: never rename a key. Readers ignore keys that they do not know. A payload never holds the content of a prompt,
a key, a token or a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, get_args

from promptuary.model.changes.administration_payloads import (
    DatabaseRestored,
    KeyCreated,
    KeyFacts,
    KeyRevoked,
    MemberFacts,
    MemberRemoved,
    MemberSet,
    ProjectCreated,
    ProjectRenamed,
    ProjectTokenRotated,
    UserChanged,
    UserCreated,
    UserDisabled,
    UserEnabled,
    UserFacts,
    UserPasswordSet,
)
from promptuary.model.changes.kinds import (
    ChangeKind,
)
from promptuary.model.changes.prompt_payloads import (
    CopySource,
    LabelCreated,
    LabelMoved,
    LabelRemoved,
    PromptArchived,
    PromptCreated,
    PromptDuplicated,
    PromptImported,
    PromptPublished,
    PromptRestored,
)
from promptuary.model.changes.release_payloads import (
    LabelRuleRemoved,
    LabelRuleSet,
    RequestApproved,
    RequestChanged,
    RequestClosed,
    RequestCommented,
    RequestFacts,
    RequestMerged,
    RequestOpened,
)
from promptuary.model.changes.stored_facts import FactMismatch, Facts
from promptuary.model.changes.webhook_payloads import (
    WebhookChanged,
    WebhookCreated,
    WebhookDisabled,
    WebhookEnabled,
    WebhookFacts,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookSecretRotated,
    WebhookTested,
)

__all__ = [
    "CopySource",
    "DatabaseRestored",
    "KeyCreated",
    "KeyFacts",
    "KeyRevoked",
    "LabelCreated",
    "LabelMoved",
    "LabelRemoved",
    "LabelRuleRemoved",
    "LabelRuleSet",
    "MemberFacts",
    "MemberRemoved",
    "MemberSet",
    "Payload",
    "ProjectCreated",
    "ProjectRenamed",
    "ProjectTokenRotated",
    "PromptArchived",
    "PromptCreated",
    "PromptDuplicated",
    "PromptImported",
    "PromptPublished",
    "PromptRestored",
    "RequestApproved",
    "RequestChanged",
    "RequestClosed",
    "RequestCommented",
    "RequestFacts",
    "RequestMerged",
    "RequestOpened",
    "Unreadable",
    "UserChanged",
    "UserCreated",
    "UserDisabled",
    "UserEnabled",
    "UserFacts",
    "UserPasswordSet",
    "WebhookChanged",
    "WebhookCreated",
    "WebhookDisabled",
    "WebhookEnabled",
    "WebhookFacts",
    "WebhookRedelivered",
    "WebhookRemoved",
    "WebhookSecretRotated",
    "WebhookTested",
    "read_payload",
]

Payload = (
    LabelCreated
    | LabelMoved
    | LabelRemoved
    | PromptArchived
    | PromptCreated
    | PromptDuplicated
    | PromptImported
    | PromptPublished
    | PromptRestored
    | LabelRuleRemoved
    | LabelRuleSet
    | RequestApproved
    | RequestChanged
    | RequestClosed
    | RequestCommented
    | RequestMerged
    | RequestOpened
    | DatabaseRestored
    | KeyCreated
    | KeyRevoked
    | MemberRemoved
    | MemberSet
    | ProjectCreated
    | ProjectRenamed
    | ProjectTokenRotated
    | UserChanged
    | UserCreated
    | UserDisabled
    | UserEnabled
    | UserPasswordSet
    | WebhookChanged
    | WebhookCreated
    | WebhookDisabled
    | WebhookEnabled
    | WebhookRedelivered
    | WebhookRemoved
    | WebhookSecretRotated
    | WebhookTested
)
"""The facts of one change."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the facts of a kind, or in a form, that a newer Promptuary has written; an absent side is empty."""

    kind: ClassVar = ChangeKind.UNKNOWN

    before: Facts
    after: Facts


def read_payload(kind: ChangeKind, before: dict[str, object] | None, after: dict[str, object] | None) -> Payload | Unreadable:
    """Read the stored form of a payload."""
    payload = _PAYLOADS.get(kind)
    if payload is not None:
        try:
            return payload.from_json(before or {}, after or {})
        except FactMismatch:
            pass
    return Unreadable(before or {}, after or {})


_PAYLOADS: Final[Mapping[ChangeKind, type[Payload]]] = MappingProxyType({payload.kind: payload for payload in get_args(Payload)})
