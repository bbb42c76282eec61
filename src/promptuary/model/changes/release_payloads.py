"""Payloads of the changes of change requests and of rules for labels; see `payloads`."""

from dataclasses import dataclass
from typing import ClassVar, Self

from promptuary.model.changes.kinds import ChangeKind
from promptuary.model.changes.stored_facts import Facts, Sides, get_fact, get_texts


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A change request at a revision, with the prompts and the labels that it moves."""

    request_id: int
    title: str
    revision: int
    prompt_names: tuple[str, ...]
    labels: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {
            "request_id": self.request_id,
            "title": self.title,
            "revision": self.revision,
            "prompt_names": list(self.prompt_names),
            "labels": list(self.labels),
        }

    @classmethod
    def from_json(cls, facts: Facts) -> Self:
        """Read the stored form."""
        return cls(
            request_id=get_fact(facts, "request_id", int),
            title=get_fact(facts, "title", str),
            revision=get_fact(facts, "revision", int),
            prompt_names=get_texts(facts, "prompt_names"),
            labels=get_texts(facts, "labels"),
        )


@dataclass(frozen=True, slots=True)
class _AboutRequest:
    """A step of a change request, which is stored as it is afterwards."""

    request: RequestFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.request.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(RequestFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class RequestOpened(_AboutRequest):
    """A change request was opened."""

    kind: ClassVar = ChangeKind.REQUEST_OPENED


@dataclass(frozen=True, slots=True)
class RequestChanged(_AboutRequest):
    """A change request was given other moves, or another text."""

    kind: ClassVar = ChangeKind.REQUEST_CHANGED


@dataclass(frozen=True, slots=True)
class RequestApproved(_AboutRequest):
    """A change request was approved by a user."""

    kind: ClassVar = ChangeKind.REQUEST_APPROVED


@dataclass(frozen=True, slots=True)
class RequestCommented(_AboutRequest):
    """A comment on a change request was written."""

    kind: ClassVar = ChangeKind.REQUEST_COMMENTED


@dataclass(frozen=True, slots=True)
class RequestMerged(_AboutRequest):
    """The labels of a change request were moved as it proposed."""

    kind: ClassVar = ChangeKind.REQUEST_MERGED


@dataclass(frozen=True, slots=True)
class RequestClosed(_AboutRequest):
    """A change request was closed without a merge."""

    kind: ClassVar = ChangeKind.REQUEST_CLOSED


@dataclass(frozen=True, slots=True)
class LabelRuleSet:
    """A rule for labels was made or changed."""

    kind: ClassVar = ChangeKind.LABEL_RULE_SET

    pattern: str
    role: str
    approvals: int
    allows_own_approval: bool
    breaking_needs_admin: bool

    def to_json(self) -> Sides:
        """Return the stored form."""
        after: dict[str, object] = {
            "pattern": self.pattern,
            "role": self.role,
            "approvals": self.approvals,
            "allows_own_approval": self.allows_own_approval,
            "breaking_needs_admin": self.breaking_needs_admin,
        }
        return None, after

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(
            pattern=get_fact(after, "pattern", str),
            role=get_fact(after, "role", str),
            approvals=get_fact(after, "approvals", int),
            allows_own_approval=get_fact(after, "allows_own_approval", bool),
            breaking_needs_admin=get_fact(after, "breaking_needs_admin", bool),
        )


@dataclass(frozen=True, slots=True)
class LabelRuleRemoved:
    """A rule for labels was removed."""

    kind: ClassVar = ChangeKind.LABEL_RULE_REMOVED

    pattern: str

    def to_json(self) -> Sides:
        """Return the stored form."""
        return {"pattern": self.pattern}, None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(before, "pattern", str))
