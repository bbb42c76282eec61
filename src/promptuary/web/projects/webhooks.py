"""A project's webhooks, for its admins: the list, each with its settings and deliveries, and what can be done with them."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.model.errors import InvalidValue, TooManyWebhooks, WebhookExists
from promptuary.model.webhook_messages import render_body
from promptuary.model.webhooks import MAX_WEBHOOKS, Delivery, WebhookFormat
from promptuary.registry import webhooks
from promptuary.registry.webhooks import NewSecret
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.projects.webhook_form import describe_changes, encode_settings, settings_of, settings_seen
from promptuary.web.routing import page

PER_PAGE = 20

CONFLICT = 409

EVENTS: Mapping[str, str] = {
    "prompt.created": "a prompt was created",
    "prompt.published": "a version was published",
    "prompt.duplicated": "a prompt was copied",
    "prompt.archived": "a prompt was archived",
    "prompt.restored": "a prompt was restored from the archive",
    "prompt.imported": "a prompt was imported",
    "label.created": "a label was set for the first time",
    "label.moved": "a label was moved to another version",
    "label.removed": "a label was removed",
    "request.opened": "a change request was opened",
    "request.changed": "a change request got other moves or another text, or an approval was taken back",
    "request.approved": "a change request was approved",
    "request.commented": "a comment on a change request was written",
    "request.merged": "a change request was merged",
    "request.closed": "a change request was closed without a merge",
    "prompt.affected": "a prompt serves another text, because one of its parts has changed",
}
"""All events, in words."""

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def show_webhooks(request: PageRequest) -> Response:
    """Show the webhooks and the form of a new one."""
    return _list(request)


def create_webhook(request: PageRequest) -> Response:
    """Create a webhook and show its secret, which is known only now: so there is no redirect to another page."""
    actor = request.enter(Permission.MANAGE)
    sent_id = request.form.get("webhook_id")
    webhook_id = sent_id if _ID.fullmatch(sent_id) else None
    try:
        with request.database.write() as tx:
            new = webhooks.create_webhook(tx, actor, settings_of(request.form), webhook_id=webhook_id)
    except WebhookExists as error:
        # A page that is loaded again sends its form again.
        return request.redirect(request.links.webhooks(), notice=str(error))
    except InvalidValue as error:
        return _list(request, 400, problems=_problems_of(error))
    except TooManyWebhooks as error:
        return _list(request, 400, problems={"": str(error)})
    return _detail(request, new.webhook.id, 201, new=new)


def show_webhook(request: PageRequest) -> Response:
    """Show a webhook with its deliveries."""
    return _detail(request, request.path["webhook_id"])


def change_webhook(request: PageRequest) -> Response:
    """Save the settings of a webhook."""
    actor = request.enter(Permission.MANAGE)
    webhook_id, sent = request.path["webhook_id"], settings_of(request.form)
    try:
        with request.database.write() as tx:
            webhooks.change_webhook(
                tx,
                actor,
                webhook_id,
                lambda known: replace(sent, is_enabled=known.is_enabled),
                expected=settings_seen(request.form),
            )
    except InvalidValue as error:
        return _detail(request, webhook_id, _status_of(error), problems=_problems_of(error))
    return request.redirect(request.links.webhook(webhook_id), notice="The webhook is saved.")


def switch_webhook(request: PageRequest) -> Response:
    """Switch a webhook on or off."""
    actor = request.enter(Permission.MANAGE)
    webhook_id, is_enabled = request.path["webhook_id"], bool(request.form.get("enabled"))
    try:
        with request.database.write() as tx:
            expected = settings_seen(request.form)
            webhooks.change_webhook(tx, actor, webhook_id, lambda known: replace(known, is_enabled=is_enabled), expected=expected)
    except InvalidValue as error:
        return _detail(request, webhook_id, _status_of(error), problems=_problems_of(error))
    notice = "The webhook is enabled. It gets the events that it has missed." if is_enabled else "The webhook is disabled."
    return request.redirect(request.links.webhook(webhook_id), notice=notice)


def rotate_secret(request: PageRequest) -> Response:
    """Give a webhook a new secret and show it, once."""
    actor = request.enter(Permission.MANAGE)
    webhook_id = request.path["webhook_id"]
    try:
        with request.database.write() as tx:
            expected = _moment(request.form.get("expected_update"))
            new = webhooks.rotate_secret(tx, actor, webhook_id, expected_update=expected)
    except InvalidValue as error:
        return _detail(request, webhook_id, 409, problems=_problems_of(error))
    return _detail(request, webhook_id, 201, new=new)


def send_test(request: PageRequest) -> Response:
    """Send a test to a webhook."""
    return _ask(request, None, "A test is sent. Load the page again in a moment to see the answer.")


def redeliver(request: PageRequest) -> Response:
    """Send a message again."""
    delivery_id = positive_int(request.form.get("delivery_id")) or 0
    return _ask(request, delivery_id, "The message is sent again. Load the page again in a moment to see the answer.")


def remove_webhook(request: PageRequest) -> Response:
    """Remove a webhook."""
    actor, webhook_id = request.enter(Permission.MANAGE), request.path["webhook_id"]
    try:
        with request.database.write() as tx:
            webhook = webhooks.remove_webhook(tx, actor, webhook_id, expected=settings_seen(request.form))
    except InvalidValue as error:
        return _detail(request, webhook_id, _status_of(error), problems=_problems_of(error))
    return request.redirect(request.links.webhooks(), notice=f"The webhook {webhook.name} is removed.")


def _ask(request: PageRequest, delivery_id: int | None, notice: str) -> Response:
    actor = request.enter(Permission.MANAGE)
    webhook_id = request.path["webhook_id"]
    try:
        with request.database.write() as tx:
            if delivery_id is None:
                webhooks.send_test(tx, actor, webhook_id)
            else:
                webhooks.redeliver(tx, actor, webhook_id, delivery_id)
    except InvalidValue as error:
        return _detail(request, webhook_id, 409, problems={"": str(error)})
    return request.redirect(request.links.webhook(webhook_id), notice=notice)


def _list(request: PageRequest, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    actor = request.enter(Permission.MANAGE)
    with request.database.read() as tx:
        found = webhooks.list_webhooks(tx, actor)
    return request.page(
        "webhooks.html",
        status,
        webhooks=found,
        most=MAX_WEBHOOKS,
        next_webhook_id=str(uuid.uuid4()),
        events=EVENTS,
        formats=[*WebhookFormat],
        chosen=settings_of(request.form),
        problems=problems or {},
    )


def _detail(
    request: PageRequest,
    webhook_id: str,
    status: int = 200,
    *,
    new: NewSecret | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    actor = request.enter(Permission.MANAGE)
    number = positive_int(request.query.get("page")) or 1
    with request.database.read() as tx:
        webhook = webhooks.get_webhook(tx, actor, webhook_id)
        found = webhooks.list_deliveries(tx, actor, webhook_id, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    # What was typed is shown again where it was refused.
    is_refused = bool(problems) and "url" in request.form.values
    seen = settings_seen(request.form) if status == CONFLICT else None
    return request.page(
        "webhook.html",
        status,
        webhook=webhook,
        new=new,
        deliveries=[(delivery, _body_of(delivery)) for delivery in found.items],
        count=found.count,
        page_number=number,
        pages=-(-found.count // PER_PAGE),
        events=EVENTS,
        formats=[*WebhookFormat],
        chosen=settings_of(request.form) if is_refused else webhook.settings,
        is_refused=is_refused,
        seen=encode_settings(webhook.settings),
        changes=[] if seen is None else describe_changes(seen, webhook.settings),
        problems=problems or {},
    )


def _body_of(delivery: Delivery) -> str:
    return render_body(delivery.payload, delivery.format).decode()


def _problems_of(error: InvalidValue) -> dict[str, str]:
    return {error.field or "": str(error)}


def _status_of(error: InvalidValue) -> int:
    return CONFLICT if error.code == "changed" else 400


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_WEBHOOKS = "/projects/{project_id}/settings/webhooks/"
_WEBHOOK = f"{_WEBHOOKS}{{webhook_id}}/"

ROUTES = [
    page(_WEBHOOKS, get=show_webhooks, post=create_webhook),
    page(_WEBHOOK, get=show_webhook, post=change_webhook),
    page(f"{_WEBHOOK}test/", post=send_test),
    page(f"{_WEBHOOK}redeliver/", post=redeliver),
    page(f"{_WEBHOOK}rotate/", post=rotate_secret),
    page(f"{_WEBHOOK}switch/", post=switch_webhook),
    page(f"{_WEBHOOK}remove/", post=remove_webhook),
]
