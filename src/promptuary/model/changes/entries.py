"""Entries of the change log: what is appended, what is read, and which of them a reader wants."""

from dataclasses import dataclass
from datetime import datetime

from promptuary.model.access import Actor
from promptuary.model.changes.kinds import ENDS_ACCESS, ChangeKind
from promptuary.model.changes.payloads import (
    LabelCreated,
    LabelMoved,
    LabelRemoved,
    Payload,
    PromptArchived,
    PromptCreated,
    PromptImported,
    PromptPublished,
    Unreadable,
)
from promptuary.model.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Attribution:
    """The user, the key and the request behind a change. Without a user it was the operator, at the command line."""

    user_id: int | None = None
    key_id: str | None = None
    request_id: str | None = None

    @classmethod
    def to(cls, actor: Actor) -> "Attribution":
        """Return the attribution to an actor."""
        return cls(actor.user_id, actor.key_id, actor.request_id)


OPERATOR = Attribution()


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change that is to be appended to the log; of a project, of one of its prompts, or of neither."""

    payload: Payload
    project_id: int | None = None
    prompt_id: str | None = None
    prompt_name: str | None = None

    @classmethod
    def of(cls, prompt: Prompt, payload: Payload) -> "NewChange":
        """Return a change of a prompt."""
        return cls(payload, prompt.project_id, prompt.id, prompt.name)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log. ``sequence`` grows in commit order."""

    sequence: int
    kind: ChangeKind
    project_id: int | None
    prompt_id: str | None
    prompt_name: str | None
    payload: Payload | Unreadable
    by: Attribution
    at: datetime

    @property
    def ends_access(self) -> bool:
        """Return `True` if a user or a key may have lost access to a project by it."""
        return self.kind in ENDS_ACCESS

    @property
    def labels(self) -> frozenset[str]:
        """The labels that a change sets, moves or removes; archiving a prompt removes all that it has."""
        match self.payload:
            case LabelCreated(label=label) | LabelMoved(label=label) | LabelRemoved(label=label):
                return frozenset({label})
            case PromptArchived(labels=labels):
                return frozenset(label.name for label in labels)
            case Unreadable(before=before, after=after):
                lost = before.get("labels")
                found = (before.get("label"), after.get("label"), *(lost if isinstance(lost, dict) else ()))
                return frozenset(label for label in found if isinstance(label, str))
        return frozenset()

    @property
    def affected_prompts(self) -> tuple[str, ...]:
        """Names of other prompts that serve another text since the change, by references; sorted."""
        match self.payload:
            case LabelCreated(affected_prompts=names) | LabelMoved(affected_prompts=names) | PromptImported(affected_prompts=names):
                return names
        return ()

    @property
    def description(self) -> object:
        """The description of the version that was published, if any."""
        match self.payload:
            case PromptCreated(description=description) | PromptPublished(description=description):
                return description
            case Unreadable(after=after):
                return after.get("description")
        return None


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Filter for changes of prompts: those that change or affect some prompts, those of some labels, or all."""

    names: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    @property
    def matches_all(self) -> bool:
        """`True` if the filter matches every change."""
        return not self.names and not self.labels

    def matches(self, change: Change) -> bool:
        """Return `True` if a change is one of them."""
        if self.matches_all:
            return True
        is_named = change.prompt_name in self.names or not self.names.isdisjoint(change.affected_prompts)
        return is_named or not self.labels.isdisjoint(change.labels)
