"""Payloads of the changes of webhooks; see `payloads`. Of an address they hold the host: the rest may be a secret."""

from dataclasses import dataclass
from typing import ClassVar, Self

from promptuary.model.changes.kinds import ChangeKind
from promptuary.model.changes.stored_facts import FactMismatch, Facts, Sides, find_text, get_fact


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """A webhook: its name, the host of its address, and the events that it gets; none for all."""

    webhook_id: str
    name: str
    host: str
    format: str
    events: tuple[str, ...] = ()
    label: str | None = None
    prompt_name: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        facts: dict[str, object] = {
            "webhook_id": self.webhook_id,
            "name": self.name,
            "host": self.host,
            "format": self.format,
            "events": list(self.events),
        }
        chosen = {"label": self.label, "prompt_name": self.prompt_name}
        return facts | {key: value for key, value in chosen.items() if value is not None}

    @classmethod
    def from_json(cls, facts: Facts) -> Self:
        """Read the stored form."""
        events = get_fact(facts, "events", list)
        if not all(isinstance(event, str) for event in events):
            key = "events"
            raise FactMismatch(key)
        return cls(
            webhook_id=get_fact(facts, "webhook_id", str),
            name=get_fact(facts, "name", str),
            host=get_fact(facts, "host", str),
            format=get_fact(facts, "format", str),
            events=tuple(events),
            label=find_text(facts, "label"),
            prompt_name=find_text(facts, "prompt_name"),
        )


@dataclass(frozen=True, slots=True)
class _AboutWebhook:
    """A step of a webhook, which is stored as it is afterwards."""

    webhook: WebhookFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.webhook.to_json()

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(WebhookFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class WebhookCreated(_AboutWebhook):
    """A webhook was created."""

    kind: ClassVar = ChangeKind.WEBHOOK_CREATED


@dataclass(frozen=True, slots=True)
class WebhookChanged:
    """A webhook got another name, address, format or other events. Of an address, only another host shows."""

    kind: ClassVar = ChangeKind.WEBHOOK_CHANGED

    former: WebhookFacts
    webhook: WebhookFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return self.former.to_json(), self.webhook.to_json()

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(WebhookFacts.from_json(before), WebhookFacts.from_json(after))


@dataclass(frozen=True, slots=True)
class WebhookRemoved:
    """A webhook was removed."""

    kind: ClassVar = ChangeKind.WEBHOOK_REMOVED

    webhook: WebhookFacts

    def to_json(self) -> Sides:
        """Return the stored form."""
        return self.webhook.to_json(), None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(WebhookFacts.from_json(before))


@dataclass(frozen=True, slots=True)
class WebhookEnabled(_AboutWebhook):
    """A webhook was switched on."""

    kind: ClassVar = ChangeKind.WEBHOOK_ENABLED


@dataclass(frozen=True, slots=True)
class WebhookDisabled:
    """A webhook was switched off; with a ``reason``, by the server."""

    kind: ClassVar = ChangeKind.WEBHOOK_DISABLED

    webhook: WebhookFacts
    reason: str | None = None

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.webhook.to_json() | ({} if self.reason is None else {"reason": self.reason})

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(WebhookFacts.from_json(after), find_text(after, "reason"))


@dataclass(frozen=True, slots=True)
class WebhookSecretRotated(_AboutWebhook):
    """A webhook got another secret."""

    kind: ClassVar = ChangeKind.WEBHOOK_SECRET_ROTATED


@dataclass(frozen=True, slots=True)
class WebhookTested(_AboutWebhook):
    """A test was sent to a webhook."""

    kind: ClassVar = ChangeKind.WEBHOOK_TESTED


@dataclass(frozen=True, slots=True)
class WebhookRedelivered:
    """A message was sent to a webhook again."""

    kind: ClassVar = ChangeKind.WEBHOOK_REDELIVERED

    webhook: WebhookFacts
    message_id: str

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, self.webhook.to_json() | {"message_id": self.message_id}

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(WebhookFacts.from_json(after), get_fact(after, "message_id", str))
