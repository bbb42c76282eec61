"""Rules for rows of the change log, and of the webhooks that tell of it."""

import re
from types import MappingProxyType
from typing import Final

from promptuary.model.changes import ChangeKind
from promptuary.model.json_text import parse
from promptuary.model.webhooks import (
    DeliveryState,
    DisabledReason,
    EventFilter,
    WebhookFormat,
    WebhookSettings,
    check_settings,
    is_secret,
)
from promptuary.store.row_rules.columns import MAX_DEPTH
from promptuary.store.row_rules.requirements import Row, Rules, require
from promptuary.store.tables import changes, webhook_deliveries, webhooks

_MESSAGE_ID = re.compile(r"msg_[0-9a-f]{32}")


def _check_change(row: Row) -> None:
    require(row["sequence"] >= 1, "sequence is less than 1")
    require(row["kind"] in {*ChangeKind}, "kind is none of those that are written")
    for name in ("before", "after"):
        is_object = row[name] is None or isinstance(parse(row[name], max_depth=MAX_DEPTH), dict)
        require(is_object, f"{name} is not a JSON object")


def _check_webhook(row: Row) -> None:
    events = parse(row["events"])
    require(isinstance(events, list) and all(isinstance(event, str) for event in events), "events are not a list of texts")
    chosen = EventFilter(frozenset(map(str, events if isinstance(events, list) else ())), row["label"], row["prompt_name"])
    require(row["format"] in {*WebhookFormat}, "format is none of json and slack")
    check_settings(WebhookSettings(row["url"], row["name"], filter=chosen))
    for name in ("secret", "former_secret"):
        require(row[name] is None or is_secret(row[name]), f"{name} is no secret of a webhook")
    reason = row["disabled_reason"]
    require(reason is None or reason in {*DisabledReason}, "disabled_reason is none of failing and gone")
    require(row["cursor_sequence"] >= 0 and row["failures"] >= 0, "cursor_sequence or failures is less than 0")


def _check_delivery(row: Row) -> None:
    require(_MESSAGE_ID.fullmatch(row["message_id"]), "message_id is no ID of a message")
    require(isinstance(parse(row["payload"], max_depth=MAX_DEPTH), dict), "payload is not a JSON object")
    require(row["format"] in {*WebhookFormat}, "format is none of json and slack")
    require(row["state"] in {*DeliveryState}, "state is none of pending, delivered and failed")
    require(row["attempts"] >= 0, "attempts is less than 0")


RULES: Final[Rules] = MappingProxyType({changes: _check_change, webhooks: _check_webhook, webhook_deliveries: _check_delivery})
