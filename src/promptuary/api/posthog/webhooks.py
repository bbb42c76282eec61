"""The resource of a project's webhooks, for its admins: their settings, secrets, tests and deliveries."""

from starlette.responses import Response

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.paging import page_body, page_parameters, window_of
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.webhook_schemas import (
    PaginatedWebhookDeliveryList,
    PatchedWebhook,
    Webhook,
    WebhookCreate,
    WebhookDelivery,
    edit_of,
    settings_of,
    show_delivery,
    show_webhook,
)
from promptuary.model.access import Permission
from promptuary.model.errors import DeliveryNotFound
from promptuary.registry import webhooks

_ALL = "/webhooks/"
_ONE = "/webhooks/{webhook_id}/"
_MAX_DIGITS = 18

resource = Resource("Webhooks")


@resource.get(
    _ALL,
    Operation(
        id="llm_prompts_webhooks_list",
        summary="List webhooks",
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: list[Webhook]},
    ),
)
def list_webhooks(call: Call) -> Response:
    """List the webhooks of a project, oldest first."""
    with call.entering(Permission.MANAGE) as (tx, actor):
        found = webhooks.list_webhooks(tx, actor)
    return call.answer([show_webhook(webhook) for webhook in found])


@resource.post(
    _ALL,
    Operation(id="llm_prompts_webhooks_create", summary="Create a webhook", body=WebhookCreate, answers={201: Webhook}),
)
def create_webhook(call: Call) -> Response:
    """Create a webhook. Its secret is shown only now."""
    actor = call.enter(Permission.MANAGE)
    body = call.body(WebhookCreate)
    with call.database.write() as tx:
        new = webhooks.create_webhook(tx, actor, settings_of(body))
    return call.answer(show_webhook(new.webhook, new.value), 201)


@resource.get(
    _ONE,
    Operation(
        id="llm_prompts_webhooks_retrieve",
        summary="Get a webhook",
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: Webhook},
    ),
)
def show_one(call: Call) -> Response:
    """Return a webhook with its state."""
    with call.entering(Permission.MANAGE) as (tx, actor):
        webhook = webhooks.get_webhook(tx, actor, call.path["webhook_id"])
    return call.answer(show_webhook(webhook))


@resource.patch(
    _ONE,
    Operation(id="llm_prompts_webhooks_partial_update", summary="Change a webhook", body=PatchedWebhook, answers={200: Webhook}),
)
def change_webhook(call: Call) -> Response:
    """Change a webhook, switch it off or on."""
    actor = call.enter(Permission.MANAGE)
    body = call.body(PatchedWebhook)
    with call.database.write() as tx:
        webhook = webhooks.change_webhook(tx, actor, call.path["webhook_id"], edit_of(body))
    return call.answer(show_webhook(webhook))


@resource.delete(_ONE, Operation(id="llm_prompts_webhooks_destroy", summary="Remove a webhook", answers={204: None}))
def remove_webhook(call: Call) -> Response:
    """Remove a webhook and its deliveries."""
    actor = call.enter(Permission.MANAGE)
    with call.database.write() as tx:
        webhooks.remove_webhook(tx, actor, call.path["webhook_id"])
    return call.answer_nothing()


@resource.post(
    f"{_ONE}rotate_secret/",
    Operation(id="llm_prompts_webhooks_rotate_secret_create", summary="Rotate the secret", answers={200: Webhook}),
)
def rotate_secret(call: Call) -> Response:
    """Give a webhook a new secret, which is shown only now. For 24 hours, messages are signed with the former one, too."""
    actor = call.enter(Permission.MANAGE)
    with call.database.write() as tx:
        new = webhooks.rotate_secret(tx, actor, call.path["webhook_id"])
    return call.answer(show_webhook(new.webhook, new.value))


@resource.post(
    f"{_ONE}test/",
    Operation(id="llm_prompts_webhooks_test_create", summary="Send a test", answers={202: WebhookDelivery}),
)
def send_test(call: Call) -> Response:
    """Send a test to a webhook, once. The outcome is in its deliveries."""
    actor = call.enter(Permission.MANAGE)
    with call.database.write() as tx:
        delivery = webhooks.send_test(tx, actor, call.path["webhook_id"])
    return call.answer(show_delivery(delivery), 202)


@resource.get(
    f"{_ONE}deliveries/",
    Operation(
        id="llm_prompts_webhooks_deliveries_list",
        summary="List deliveries",
        extra_parameters=[*page_parameters("Deliveries"), TOKEN_PARAMETER],
        answers={200: PaginatedWebhookDeliveryList},
    ),
)
def list_deliveries(call: Call) -> Response:
    """List the messages to a webhook, newest first: those that wait, and the last 1000 of 30 days."""
    with call.entering(Permission.MANAGE) as (tx, actor):
        window = window_of(call)
        page = webhooks.list_deliveries(tx, actor, call.path["webhook_id"], limit=window.limit, offset=window.offset)
    return call.answer(page_body(call, window, count=page.count, results=[show_delivery(each) for each in page.items]))


@resource.post(
    f"{_ONE}deliveries/{{delivery_id}}/redeliver/",
    Operation(
        id="llm_prompts_webhooks_deliveries_redeliver_create", summary="Send a message again", answers={202: WebhookDelivery}
    ),
)
def redeliver(call: Call) -> Response:
    """Send a message again, once, with the same `webhook-id`."""
    actor = call.enter(Permission.MANAGE)
    delivery_id = _delivery_id(call.path["delivery_id"])
    with call.database.write() as tx:
        delivery = webhooks.redeliver(tx, actor, call.path["webhook_id"], delivery_id)
    return call.answer(show_delivery(delivery), 202)


def _delivery_id(segment: str) -> int:
    if not (segment.isascii() and segment.isdigit() and len(segment) <= _MAX_DIGITS):
        raise DeliveryNotFound(segment)
    return int(segment)
