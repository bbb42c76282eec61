"""Messages of webhooks: the JSON of an event, and a line of text for Slack. They never hold the text of a prompt."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from promptuary.model.json_text import dump_compact
from promptuary.model.webhooks import AFFECTED, RESET, TEST, WebhookFormat

Facts = Mapping[str, object]

_DONE = {
    "prompt.created": "created",
    "prompt.published": "published version {version} of",
    "prompt.duplicated": "copied",
    "prompt.archived": "archived",
    "prompt.restored": "restored",
    "prompt.imported": "imported",
    "label.created": "set the label {label} to version {version} of",
    "label.moved": "moved the label {label} from version {from_version} to version {to_version} of",
    "label.removed": "removed the label {label} from version {from_version} of",
    "request.opened": "opened",
    "request.changed": "changed",
    "request.approved": "approved",
    "request.commented": "commented on",
    "request.merged": "merged",
    "request.closed": "closed",
}


def make_payload(event_type: str, at: datetime, data: Facts) -> str:
    """Return the JSON of an event."""
    timestamp = at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return dump_compact({"type": event_type, "timestamp": timestamp, "data": data})


def render_body(payload: str, form: WebhookFormat) -> bytes:
    """Return the body of the request that has an event."""
    if form is WebhookFormat.JSON:
        return payload.encode()
    return dump_compact({"text": _slack_text(json.loads(payload))}).encode()


def escape_for_slack(text: str) -> str:
    """Return a text in which Slack finds no markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_text(event: dict[str, Any]) -> str:
    data = event["data"]
    project = escape_for_slack(str(data["project"]["name"]))
    match event["type"]:
        case str() as kind if kind == TEST:
            return f"This is a test of the webhook of the project {project}."
        case str() as kind if kind == RESET:
            return (
                f"Events of the project {project} are missing: they are no longer available. {_link('Look at its prompts', data)}"
            )
        case str() as kind if kind == AFFECTED:
            cause = data["cause"]
            part = escape_for_slack(str(cause["prompt_name"]))
            return f"{_link(data['prompt_name'], data)} serves another text: {_actor(cause)} {_done(cause)} {part}. ({project})"
    request = data.get("change_request")
    subject = f"change request {request['id']}, {request['title']}" if request else data["prompt_name"]
    return f"{_actor(data)} {_done(data)} {_link(subject, data)}. ({project})"


def _done(facts: dict[str, Any]) -> str:
    # Kinds that are added later are named.
    template = _DONE.get(facts["kind"], f"did {facts['kind']} with")
    return escape_for_slack(template.format_map(facts))


def _actor(facts: dict[str, Any]) -> str:
    actor = facts["actor"]
    if actor is None:
        return "The operator"
    return escape_for_slack(f"{actor['first_name']} {actor['last_name']}".strip() or str(actor["email"]))


def _link(text: object, data: dict[str, Any]) -> str:
    shown = escape_for_slack(str(text))
    return f"<{escape_for_slack(data['url'])}|{shown}>" if data.get("url") else shown
