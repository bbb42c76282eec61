"""Webhooks for tests: their makers, and a sender that may reach loopback."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from builders import Registry, make_actor, make_prompt
from receiving import Receiver

from promptuary.api.posthog.changes import show_change
from promptuary.background.webhook_sender import WebhookSender
from promptuary.model.access import Actor, Role
from promptuary.model.webhooks import Delivery, EventFilter, Webhook, WebhookFormat, WebhookSettings
from promptuary.outbound import OutboundClient, OutboundLimits
from promptuary.registry import webhooks
from promptuary.registry.webhook_queue import Presenter
from promptuary.store.engine.database import Database

LOOPBACK = ip_network("127.0.0.0/8")
PRESENTER = Presenter(show_change, lambda _project, name, _request: f"https://prompts.example/{name}")


async def resolve_to_loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def admin_of(registry: Registry) -> Actor:
    return make_actor(registry.project, registry.user, role=Role.ADMIN)


@dataclass(frozen=True)
class Hooks:
    """The webhooks of a project, and what sends to them."""

    registry: Registry
    failures: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.registry.database

    @property
    def admin(self) -> Actor:
        return admin_of(self.registry)

    def add(self, receiver: Receiver, *, url: str = "", form: WebhookFormat = WebhookFormat.JSON, **chosen: Any) -> Webhook:
        return self.add_with_secret(receiver, url=url, form=form, **chosen).webhook

    def add_with_secret(
        self, receiver: Receiver, *, url: str = "", form: WebhookFormat = WebhookFormat.JSON, **chosen: Any
    ) -> webhooks.NewSecret:
        settings = WebhookSettings(url or receiver.url, format=form, filter=EventFilter(**chosen))
        with self.database.write() as tx:
            return webhooks.create_webhook(tx, self.admin, settings)

    def get(self, webhook: Webhook) -> Webhook:
        with self.database.read() as tx:
            return webhooks.get_webhook(tx, self.admin, webhook.id)

    def deliveries(self, webhook: Webhook) -> list[Delivery]:
        """The deliveries, oldest first."""
        with self.database.read() as tx:
            return [*webhooks.list_deliveries(tx, self.admin, webhook.id, limit=1000, offset=0).items][::-1]

    def create_prompts(self, *names: str) -> None:
        """Create prompts, each in a transaction of its own: so many events."""
        for name in names:
            with self.database.write() as tx:
                make_prompt(tx, self.registry.actor, name=name)

    def make_sender(self, *, limits: OutboundLimits | None = None, resolve: Any = resolve_to_loopback) -> WebhookSender:
        """A sender whose client takes every name for loopback."""
        allowed = limits or OutboundLimits(allowed_networks=(LOOPBACK,))
        return WebhookSender(
            self.database,
            PRESENTER,
            open_client=lambda: OutboundClient(allowed, resolve=resolve),
            note_failure=self.failures.append,
            note_attempt=self.attempts.append,
            jitter=lambda: 0.5,
        )

    def send(self, **options: Any) -> None:
        """Send all that is due, by a worker that begins and ends."""

        async def send() -> None:
            sender = self.make_sender(**options)
            await sender.send_due()
            await sender.close()

        asyncio.run(asyncio.wait_for(send(), 60))

    def do(self, verb: Callable[..., Any], *args: Any) -> Any:
        """Let the admin do something."""
        with self.database.write() as tx:
            return verb(tx, self.admin, *args)
