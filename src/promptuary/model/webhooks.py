"""Webhooks: which events an endpoint gets, and how messages are made and signed, after the Standard Webhooks specification."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from promptuary.model.accounts import Author
from promptuary.model.changes import Change, ChangeKind
from promptuary.model.changes.payloads import RequestFacts
from promptuary.model.errors import InvalidValue
from promptuary.model.names import MAX_PROMPT_NAME, check_label_name
from promptuary.model.patterns import matches_pattern
from promptuary.model.text import check_text

MAX_WEBHOOKS = 20
"""Maximum webhooks of a project."""

MAX_URL = 2000
MAX_WEBHOOK_NAME = 100
MAX_PATTERN = MAX_PROMPT_NAME
MAX_ANSWER = 2048
"""Maximum bytes of an answer that are kept."""

MAX_DELIVERIES = 1000
DELIVERY_DAYS = 30
"""Maximum number and age of the finished deliveries that are kept of a webhook."""

RETRY_TIME = timedelta(days=3)
"""Time from the first failure until a webhook is switched off."""

OVERLAP = timedelta(hours=24)
"""Time for which messages are signed with the former secret, too."""

_FIRST_DELAY = timedelta(seconds=5)
_GROWTH = 3
_MAX_DELAY = timedelta(hours=2)
_MAX_STEPS = 10

_SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
_SECRET_BYTES = 32

EVENT_KINDS = (
    ChangeKind.PROMPT_CREATED,
    ChangeKind.PROMPT_PUBLISHED,
    ChangeKind.PROMPT_DUPLICATED,
    ChangeKind.PROMPT_ARCHIVED,
    ChangeKind.PROMPT_RESTORED,
    ChangeKind.PROMPT_IMPORTED,
    ChangeKind.LABEL_CREATED,
    ChangeKind.LABEL_MOVED,
    ChangeKind.LABEL_REMOVED,
    ChangeKind.REQUEST_OPENED,
    ChangeKind.REQUEST_CHANGED,
    ChangeKind.REQUEST_APPROVED,
    ChangeKind.REQUEST_COMMENTED,
    ChangeKind.REQUEST_MERGED,
    ChangeKind.REQUEST_CLOSED,
)
"""The kinds of change that are events."""

AFFECTED = "prompt.affected"
"""Event of a prompt that serves another text since a change of one of its parts."""

RESET = "reset"
"""Event that says that earlier events are missing. Every webhook gets it."""

TEST = "test"
"""Event that a user asks for."""

EVENT_TYPES = (*(kind.value for kind in EVENT_KINDS), AFFECTED)
"""The events that a webhook can choose."""

_PATTERN = re.compile(r"[a-zA-Z0-9_*-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


class WebhookFormat(StrEnum):
    """Form of the messages that an endpoint gets."""

    JSON = "json"
    SLACK = "slack"


class DisabledReason(StrEnum):
    """Reason for which the server has switched a webhook off."""

    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The events that a webhook gets: of some types, of a label, of prompts whose names match a pattern. Empty: of all."""

    events: frozenset[str] = frozenset()
    label: str | None = None
    """Only events that set, move or remove this label."""
    prompt_name: str | None = None
    """A name in which ``*`` stands for any characters."""

    def matches(self, event: "Event") -> bool:
        """Return `True` if an event is one of them."""
        return (
            (not self.events or event.type in self.events)
            and (self.label is None or self.label in event.labels)
            and (self.prompt_name is None or any(matches_pattern(name, self.prompt_name) for name in event.prompt_names))
        )


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a prompt: a change of it, or of one of its parts; ``part`` tells the events of one change apart.

    Or one of a change request, without a ``prompt_name``.
    """

    type: str
    prompt_name: str | None
    change: Change
    part: int = 0

    @property
    def request(self) -> RequestFacts | None:
        """The change request, if it is an event of one."""
        request = getattr(self.change.payload, "request", None)
        return request if isinstance(request, RequestFacts) else None

    @property
    def labels(self) -> frozenset[str]:
        """The labels that it is about."""
        return self.change.labels if self.request is None else frozenset(self.request.labels)

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The names of the prompts that it is about."""
        if self.request is not None:
            return self.request.prompt_names
        return () if self.prompt_name is None else (self.prompt_name,)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Settings of a webhook, as users choose them."""

    url: str
    name: str = ""
    format: WebhookFormat = WebhookFormat.JSON
    filter: EventFilter = EventFilter()
    is_enabled: bool = True

    @property
    def host(self) -> str:
        """The host of the address. The rest of it may hold a secret."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret of a webhook, and the former one for as long as messages are signed with both."""

    current: str = field(repr=False)
    former: str | None = field(default=None, repr=False)
    former_until: datetime | None = None

    def valid_at(self, moment: datetime) -> list[str]:
        """Return the secrets to sign with."""
        is_former_valid = self.former is not None and self.former_until is not None and moment < self.former_until
        return [self.current, *([self.former] if is_former_valid and self.former is not None else [])]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint that gets events. ``failing_since`` is the first of the failures since the last success."""

    id: str
    project_id: int
    settings: WebhookSettings
    created_by: Author | None
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None
    failures: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name that the user chose, else the host."""
        return self.settings.name or self.settings.host


class DeliveryState(StrEnum):
    """State of a delivery. Those that wait are tried again until they arrive or the webhook is switched off."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of an attempt: the status and the beginning of the answer, or the error without an answer."""

    status: int | None
    answer: str = ""
    error: str = ""
    duration_ms: int = 0

    @property
    def is_success(self) -> bool:
        """`True` if the endpoint has taken the message."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the statuses of success

    @property
    def is_gone(self) -> bool:
        """`True` if the endpoint wants no more messages."""
        return self.status == 410  # noqa: PLR2004 - Gone


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to an endpoint, with its last attempt. ``is_manual``: a user asked for it, and it is tried once."""

    id: int
    webhook_id: str
    message_id: str
    type: str
    payload: str
    """JSON, as an endpoint of that format gets it."""
    format: WebhookFormat
    is_manual: bool
    state: DeliveryState
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, newest first."""

    count: int
    items: tuple[Delivery, ...]


def events_of(change: Change) -> list[Event]:
    """Return the events of a change: its own, and one for each other prompt that serves another text since."""
    own = [Event(change.kind.value, change.prompt_name, change)] if change.kind in EVENT_KINDS else []
    return own + [Event(AFFECTED, name, change, part) for part, name in enumerate(change.affected_prompts, start=1)]


def check_settings(settings: WebhookSettings) -> None:
    """Raise `InvalidValue` unless a webhook may have these settings."""
    check_url(settings.url)
    check_name(settings.name)
    for event in sorted(settings.filter.events):
        if event not in EVENT_TYPES:
            raise InvalidValue("invalid_choice", f'"{event}" is not a valid choice.', field="events")
    if settings.filter.label is not None:
        check_label_name(settings.filter.label, field="label")
    if settings.filter.prompt_name is not None:
        check_pattern(settings.filter.prompt_name)


def check_name(name: str) -> None:
    """Raise `InvalidValue` unless a webhook may have this name; without one, it is called by its host."""
    check_text(name, field="name", max_length=MAX_WEBHOOK_NAME, blank=True)


def check_url(url: str) -> None:
    """Raise `InvalidValue` unless messages may be sent to an address. Whether its network may be reached shows when one is sent."""
    check_text(url, field="url", max_length=MAX_URL)
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or _UNPRINTABLE.search(url):
        detail = "Enter an address that begins with https:// or http:// and has a host, and no user and password."
        raise InvalidValue("invalid_url", detail, field="url")


def check_pattern(pattern: str) -> None:
    """Raise `InvalidValue` unless a text is a pattern of names."""
    check_text(pattern, field="prompt_name", max_length=MAX_PATTERN)
    if not _PATTERN.fullmatch(pattern):
        detail = "Only letters, numbers, hyphens (-), underscores (_) and * for any characters are allowed."
        raise InvalidValue("invalid_pattern", detail, field="prompt_name")


def make_secret() -> str:
    """Return a new secret."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Return `True` if a text has the form of a secret."""
    try:
        return text.startswith(_SECRET_PREFIX) and len(_key_of(text)) == _SECRET_BYTES
    except ValueError:
        return False


def message_id(webhook_id: str, event: Event) -> str:
    """Return the ID of the message of an event to an endpoint: the same for every attempt, another one for everything else."""
    return id_of_message(webhook_id, event.change.sequence, event.change.at.isoformat(), event.part)


def id_of_message(*facts: object) -> str:
    """Return the ID of a message that is known by some facts."""
    return f"msg_{hashlib.sha256('|'.join(map(str, facts)).encode()).hexdigest()[:32]}"


def sign(used: Iterable[str], *, message: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` of a message: a signature with each secret."""
    signed = f"{message}.{timestamp}.".encode() + body
    digests = (hmac.digest(_key_of(secret), signed, "sha256") for secret in used)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def retry_delay(failures: int, jitter: float) -> timedelta:
    """Return the time until the next attempt after a number of failures in a row; ``jitter`` is between 0 and 1."""
    factor: int = _GROWTH ** min(failures - 1, _MAX_STEPS)
    return min(_FIRST_DELAY * factor, _MAX_DELAY) * (0.8 + 0.4 * jitter)


def retry_at(failing_since: datetime, now: datetime, *, failures: int, jitter: float) -> datetime | None:
    """Return the time of the next attempt, the last one at the end of `RETRY_TIME`; `None`: there is none any more."""
    end = failing_since + RETRY_TIME
    return None if now >= end else min(now + retry_delay(failures, jitter), end)


def _key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
