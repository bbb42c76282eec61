"""Schemas of webhooks and their deliveries: bodies and answers, and the functions that read and fill them."""

from collections.abc import Callable
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.fields import choice, choices, flag, text
from promptuary.api.posthog.inputs import Body, documented_without_default
from promptuary.api.posthog.outputs import UserBasic, show_author, show_timestamp, show_timestamp_or_none
from promptuary.api.posthog.scalars import Identifier, Timestamp
from promptuary.model import webhooks as model
from promptuary.model.names import MAX_LABEL_NAME, check_label_name
from promptuary.model.webhook_messages import render_body
from promptuary.model.webhooks import (
    EVENT_TYPES,
    MAX_PATTERN,
    MAX_URL,
    MAX_WEBHOOK_NAME,
    EventFilter,
    WebhookFormat,
    WebhookSettings,
    check_name,
    check_pattern,
    check_url,
)

_FORMATS = [*WebhookFormat]
_URL: dict[str, Any] = {"format": "uri", "maxLength": MAX_URL}
_NAME: dict[str, Any] = {"maxLength": MAX_WEBHOOK_NAME}
_FORMAT: dict[str, Any] = {"enum": _FORMATS}
_EVENTS: dict[str, Any] = {"items": {"enum": [*EVENT_TYPES]}}
_LABEL = documented_without_default(type=["string", "null"], minLength=1, maxLength=MAX_LABEL_NAME)
_PATTERN = documented_without_default(type=["string", "null"], maxLength=MAX_PATTERN, pattern="^[a-zA-Z0-9_*-]+$")

_Url = Annotated[str, text(check_url)]
_Name = Annotated[str, text(check_name)]
_Format = Annotated[str, choice(_FORMATS)]
_Events = Annotated[list[str], choices(EVENT_TYPES)]
_Flag = Annotated[bool, flag()]


class _Chosen(Body):
    label: Annotated[str | None, text(check_label_name, nullable=True)] = Field(
        default=None,
        description="Only events that set, move or remove this label; null for all.",
        json_schema_extra=_LABEL,
    )
    prompt_name: Annotated[str | None, text(check_pattern, nullable=True)] = Field(
        default=None,
        description="Only events of prompts with this name, in which `*` stands for any characters; null for all.",
        json_schema_extra=_PATTERN,
    )


class WebhookCreate(_Chosen):
    """A new webhook. It gets events from now on."""

    url: _Url = Field(description="The address to which events are sent.", json_schema_extra=_URL)
    name: _Name = Field(default="", description="A name for users. Default: the host of the address.", json_schema_extra=_NAME)
    format: _Format = Field(
        default="json", description="`json`, or `slack` for incoming webhooks of Slack.", json_schema_extra=_FORMAT
    )
    events: _Events = Field(
        default=[], description="Only these events; empty for all. In a form, separated by commas.", json_schema_extra=_EVENTS
    )
    enabled: _Flag = Field(default=True, description="Send events.")


class PatchedWebhook(_Chosen):
    """Changes of a webhook; fields that are left out stay as they are."""

    url: _Url = Field(
        default="", description="The address to which events are sent.", json_schema_extra=documented_without_default(**_URL)
    )
    name: _Name = Field(
        default="",
        description="A name for users; empty for the host of the address.",
        json_schema_extra=documented_without_default(**_NAME),
    )
    format: _Format = Field(
        default="json",
        description="`json`, or `slack` for incoming webhooks of Slack.",
        json_schema_extra=documented_without_default(**_FORMAT),
    )
    events: _Events = Field(
        default=[],
        description="Only these events; empty for all. In a form, separated by commas.",
        json_schema_extra=documented_without_default(**_EVENTS),
    )
    enabled: _Flag = Field(
        default=True,
        description="Send events. A webhook that is enabled again gets the events that it has missed.",
        json_schema_extra=documented_without_default(),
    )


class Webhook(TypedDict):
    """A webhook. If the server has disabled it, `disabled_reason` is `failing` or `gone`. It has `secret` only when that is new."""

    id: Identifier
    name: str
    url: str
    format: str
    events: list[str]
    label: str | None
    prompt_name: str | None
    enabled: bool
    disabled_at: Timestamp | None
    disabled_reason: str | None
    failures: int
    failing_since: Timestamp | None
    next_attempt_at: Timestamp | None
    created_by: UserBasic | None
    created_at: Timestamp
    updated_at: Timestamp
    secret: NotRequired[str]


class WebhookDelivery(TypedDict):
    """A message to a webhook, with its last attempt. `manual`: a test or a redelivery, which is tried once.

    `state` is `pending`, `delivered` or `failed`. `response_body` is cut after 2048 bytes.
    """

    id: int
    message_id: str
    type: str
    state: str
    manual: bool
    attempts: int
    request_body: str
    response_status: int | None
    response_body: str | None
    error: str | None
    duration_ms: int | None
    created_at: Timestamp
    attempted_at: Timestamp | None


class PaginatedWebhookDeliveryList(TypedDict):
    """A page of deliveries, newest first."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[WebhookDelivery]


def settings_of(body: WebhookCreate) -> WebhookSettings:
    """Return the settings of a new webhook."""
    return edit_of(body)(WebhookSettings(body.url))


def edit_of(body: WebhookCreate | PatchedWebhook) -> Callable[[WebhookSettings], WebhookSettings]:
    """Return what a body changes of settings: the fields that were sent."""
    sent = body.model_fields_set

    def edit(settings: WebhookSettings) -> WebhookSettings:
        chosen = settings.filter
        return WebhookSettings(
            url=body.url if "url" in sent else settings.url,
            name=body.name if "name" in sent else settings.name,
            format=WebhookFormat(body.format) if "format" in sent else settings.format,
            filter=EventFilter(
                events=frozenset(body.events) if "events" in sent else chosen.events,
                label=body.label if "label" in sent else chosen.label,
                prompt_name=body.prompt_name if "prompt_name" in sent else chosen.prompt_name,
            ),
            is_enabled=body.enabled if "enabled" in sent else settings.is_enabled,
        )

    return edit


def show_webhook(webhook: model.Webhook, secret: str | None = None) -> Webhook:
    """Show a webhook, with its secret if that is new."""
    settings = webhook.settings
    shown: Webhook = {
        "id": webhook.id,
        "name": webhook.name,
        "url": settings.url,
        "format": settings.format.value,
        "events": sorted(settings.filter.events),
        "label": settings.filter.label,
        "prompt_name": settings.filter.prompt_name,
        "enabled": settings.is_enabled,
        "disabled_at": show_timestamp_or_none(webhook.disabled_at),
        "disabled_reason": None if webhook.disabled_reason is None else webhook.disabled_reason.value,
        "failures": webhook.failures,
        "failing_since": show_timestamp_or_none(webhook.failing_since),
        "next_attempt_at": show_timestamp_or_none(webhook.next_attempt_at),
        "created_by": show_author(webhook.created_by),
        "created_at": show_timestamp(webhook.created_at),
        "updated_at": show_timestamp(webhook.updated_at),
    }
    return shown if secret is None else {**shown, "secret": secret}


def show_delivery(delivery: model.Delivery) -> WebhookDelivery:
    """Show a message to a webhook."""
    outcome = delivery.outcome
    return {
        "id": delivery.id,
        "message_id": delivery.message_id,
        "type": delivery.type,
        "state": delivery.state.value,
        "manual": delivery.is_manual,
        "attempts": delivery.attempts,
        "request_body": render_body(delivery.payload, delivery.format).decode(),
        "response_status": None if outcome is None else outcome.status,
        "response_body": None if outcome is None or outcome.status is None else outcome.answer,
        "error": None if outcome is None else outcome.error or None,
        "duration_ms": None if outcome is None else outcome.duration_ms,
        "created_at": show_timestamp(delivery.created_at),
        "attempted_at": show_timestamp_or_none(delivery.attempted_at),
    }
