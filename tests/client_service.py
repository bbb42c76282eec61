"""What tests of the client library work with: a real server with prompts, and both kinds of client behind one set of methods."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from builders import Registry, make_key, make_member, make_prompt
from promptuary_client import AsyncPromptuary, Change, Prompt, Promptuary
from serving import Server, wait_until

from promptuary.model.access import Role
from promptuary.model.accounts import NewKey
from promptuary.model.errors import NotFound
from promptuary.registry import labels, prompts

CONFIG = {"model": "small-model", "temperature": 0.5, "tools": [{"name": "search"}]}


@dataclass(frozen=True)
class Service:
    """A server over a database with the prompt `greeting` at three versions, `chat`, and `staging-0` to `staging-4`."""

    registry: Registry
    server: Server
    key: NewKey

    def publish(self, name: str, text: str) -> int:
        """Publish the next version of a prompt, or create it, behind the back of all clients."""
        with self.registry.database.write() as tx:
            try:
                base = prompts.fetch_prompt(tx, self.registry.actor, name).version
            except NotFound:
                return make_prompt(tx, self.registry.actor, name=name, prompt=text).version
            return prompts.publish_version(tx, self.registry.actor, name=name, base_version=base, prompt=text).version

    def point(self, name: str, label: str, version: int) -> None:
        """Have a label point at a version, behind the back of all clients."""
        with self.registry.database.write() as tx:
            labels.move_label(tx, self.registry.actor, name=name, label=label, version=version)

    def remove_label(self, name: str, label: str) -> None:
        """Remove a label behind the back of all clients."""
        with self.registry.database.write() as tx:
            labels.remove_label(tx, self.registry.actor, name=name, label=label)

    def make_admin_key(self) -> str:
        """Return a key of a new admin of the project."""
        with self.registry.database.write() as tx:
            return make_key(tx, make_member(tx, self.registry.project, role=Role.ADMIN)).value

    def archive(self, name: str) -> None:
        with self.registry.database.write() as tx:
            prompts.archive_prompt(tx, self.registry.actor, name=name)


def fill(registry: Registry) -> NewKey:
    """Make the prompts, and a key that may do everything."""
    actor = registry.actor
    with registry.database.write() as tx:
        make_prompt(tx, actor, name="greeting", prompt="Hello, {{name}}!", versions=2)
        prompts.publish_version(tx, actor, name="greeting", base_version=2, prompt="Grüß Gott, {{name}}!", config=CONFIG)
        labels.move_label(tx, actor, name="greeting", label="production", version=2)
        messages = [
            {"role": "system", "content": 'Be "{{tone}}".'},
            {"type": "placeholder", "name": "history"},
            {"role": "user", "content": [{"type": "text", "text": "{{question}}"}]},
        ]
        make_prompt(tx, actor, name="chat", prompt=messages)
        for number in range(5):
            make_prompt(tx, actor, name=f"staging-{number}", versions=2)
            labels.move_label(tx, actor, name=f"staging-{number}", label="staging", version=1)
        return make_key(tx, registry.user)


class EitherClient:
    """The client with threads, or the one of an event loop behind the same methods, so that one test can be of both."""

    def __init__(self, client: Promptuary | AsyncPromptuary, loop: asyncio.AbstractEventLoop) -> None:
        self.client = client
        self._loop = loop

    def get(self, *arguments: Any, **options: Any) -> Prompt:
        if isinstance(self.client, Promptuary):
            return self.client.get(*arguments, **options)
        return self._loop.run_until_complete(self.client.get(*arguments, **options))

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        result = getattr(self.client, method)(*arguments, **options)
        return result if isinstance(self.client, Promptuary) else self._loop.run_until_complete(result)

    def follow(self, **options: Any) -> Callable[[], Change | None]:
        """Follow the change log; return a function that waits for the next change, and returns `None` after the last one."""
        if isinstance(self.client, Promptuary):
            changes: Iterator[Change] = self.client.follow_changes(**options)
            return lambda: next(changes, None)
        later = self._loop.run_until_complete(_started(self.client, options))
        return lambda: self._loop.run_until_complete(_next(later))

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, while what is in the background goes on."""

        def look() -> bool:
            if isinstance(self.client, AsyncPromptuary):
                self._loop.run_until_complete(asyncio.sleep(0.005))
            return is_so()

        wait_until(look)


async def _started(client: AsyncPromptuary, options: dict[str, Any]) -> AsyncIterator[Change]:
    return client.follow_changes(**options)


async def _next(changes: AsyncIterator[Change]) -> Change | None:
    return await anext(changes, None)


ClientMaker = Callable[..., Promptuary]
EitherMaker = Callable[..., EitherClient]
