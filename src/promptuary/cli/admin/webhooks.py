"""``promptuary admin webhook``: endpoints that get the events of a project."""

from dataclasses import replace
from typing import Annotated

import typer

from promptuary.cli.admin.context import opened_database
from promptuary.cli.output import AsJson, format_timestamp, say, show_record, show_records
from promptuary.model.access import operator
from promptuary.model.webhook_messages import render_body
from promptuary.model.webhooks import Delivery, EventFilter, Webhook, WebhookFormat, WebhookSettings
from promptuary.registry import webhooks

app = typer.Typer(
    help="Webhooks, by which other services learn of changes of prompts and labels. A running server sends the events.",
    no_args_is_help=True,
)

ProjectId = Annotated[int, typer.Option("--project", help="The project's ID.")]
WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's ID, as shown by promptuary admin webhook list.")]

_KEEP = "Keep the secret in a safe place. It is not shown again."
_LATER = "A running server sends it; promptuary admin webhook deliveries shows the answer."


@app.command("create")
def create(
    project_id: ProjectId,
    url: Annotated[str, typer.Option(help="The address to which events are sent.")],
    *,
    name: Annotated[str, typer.Option(help="A name. Default: the host of the address.")] = "",
    form: Annotated[WebhookFormat, typer.Option("--format", help="The form of messages.")] = WebhookFormat.JSON,
    events: Annotated[list[str] | None, typer.Option("--event", help="Only this event, such as label.moved. Repeatable.")] = None,
    label: Annotated[str | None, typer.Option(help="Only events that set, move or remove this label.")] = None,
    prompt_name: Annotated[
        str | None, typer.Option("--prompts", help="Only prompts with this name, in which * stands for any characters.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a webhook. Its secret is printed once."""
    chosen = EventFilter(frozenset(events or ()), label, prompt_name)
    settings = WebhookSettings(url, name, form, chosen)
    with opened_database() as database, database.write() as tx:
        new = webhooks.create_webhook(tx, operator(project_id), settings)
    show_record({**_record(new.webhook), "secret": new.value}, as_json=as_json, note=_KEEP)


@app.command("list")
def list_all(project_id: ProjectId, as_json: AsJson = False) -> None:
    """List a project's webhooks."""
    with opened_database() as database, database.read() as tx:
        found = webhooks.list_webhooks(tx, operator(project_id))
    show_records([_record(webhook) for webhook in found], as_json=as_json, nothing="The project has no webhooks.")


@app.command("enable")
def enable(webhook_id: WebhookId, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Enable a webhook. It gets the events that it has missed."""
    _switch(webhook_id, project_id, is_enabled=True, as_json=as_json)


@app.command("disable")
def disable(webhook_id: WebhookId, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Disable a webhook."""
    _switch(webhook_id, project_id, is_enabled=False, as_json=as_json)


@app.command("rotate-secret")
def rotate_secret(webhook_id: WebhookId, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Replace the secret and print the new one once. For 24 hours, messages are also signed with the former one."""
    with opened_database() as database, database.write() as tx:
        new = webhooks.rotate_secret(tx, operator(project_id), webhook_id)
    show_record({**_record(new.webhook), "secret": new.value}, as_json=as_json, note=_KEEP)


@app.command("test")
def send_test(webhook_id: WebhookId, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Send a test to a webhook."""
    with opened_database() as database, database.write() as tx:
        delivery = webhooks.send_test(tx, operator(project_id), webhook_id)
    show_record(_delivery_record(delivery), as_json=as_json, note=_LATER)


@app.command("deliveries")
def list_deliveries(
    webhook_id: WebhookId,
    project_id: ProjectId,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of deliveries.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the messages to a webhook, newest first, with their answers."""
    with opened_database() as database, database.read() as tx:
        page = webhooks.list_deliveries(tx, operator(project_id), webhook_id, limit=limit, offset=0)
    show_records([_delivery_record(each) for each in page.items], as_json=as_json, nothing="Nothing was sent yet.")


@app.command("redeliver")
def redeliver(
    webhook_id: WebhookId,
    delivery_id: Annotated[
        int, typer.Argument(metavar="DELIVERY", help="The delivery's ID, as shown by promptuary admin webhook deliveries.")
    ],
    project_id: ProjectId,
    as_json: AsJson = False,
) -> None:
    """Send a message again, with the same ID."""
    with opened_database() as database, database.write() as tx:
        delivery = webhooks.redeliver(tx, operator(project_id), webhook_id, delivery_id)
    show_record(_delivery_record(delivery), as_json=as_json, note=_LATER)


@app.command("remove")
def remove(webhook_id: WebhookId, project_id: ProjectId) -> None:
    """Remove a webhook and its deliveries."""
    with opened_database() as database, database.write() as tx:
        webhook = webhooks.remove_webhook(tx, operator(project_id), webhook_id)
    say(f"The webhook {webhook.name} is removed.")


def _switch(webhook_id: str, project_id: int, *, is_enabled: bool, as_json: bool) -> None:
    with opened_database() as database, database.write() as tx:
        webhook = webhooks.change_webhook(tx, operator(project_id), webhook_id, lambda known: replace(known, is_enabled=is_enabled))
    show_record(_record(webhook), as_json=as_json)


def _record(webhook: Webhook) -> dict[str, object]:
    settings = webhook.settings
    return {
        "id": webhook.id,
        "name": webhook.name,
        "enabled": settings.is_enabled,
        "disabled_reason": None if webhook.disabled_reason is None else webhook.disabled_reason.value,
        "failing_since": format_timestamp(webhook.failing_since),
        "format": settings.format.value,
        "events": sorted(settings.filter.events),
        "label": settings.filter.label,
        "prompts": settings.filter.prompt_name,
        "url": settings.url,
        "created_at": format_timestamp(webhook.created_at),
    }


def _delivery_record(delivery: Delivery) -> dict[str, object]:
    outcome = delivery.outcome
    return {
        "id": delivery.id,
        "type": delivery.type,
        "state": delivery.state.value,
        "status": None if outcome is None else outcome.status,
        "error": None if outcome is None else outcome.error or None,
        "attempts": delivery.attempts,
        "attempted_at": format_timestamp(delivery.attempted_at),
        "message_id": delivery.message_id,
        "request": render_body(delivery.payload, delivery.format).decode(),
        "answer": None if outcome is None else outcome.answer or None,
    }
