"""A stream whose access ends while it is opened, before it hears of such ends, ends too."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import pytest
from builders import Registry, make_key, make_prompt

from promptuary.agents.streams import Stream as AgentStream
from promptuary.agents.streams import Streams
from promptuary.api.streams import Broadcaster, Stream
from promptuary.model.accounts import NewKey
from promptuary.model.changes import ChangeFilter
from promptuary.model.errors import SignInRefused
from promptuary.registry import access
from promptuary.registry.operator import keys
from promptuary.store.engine.database import Transaction
from promptuary.supervisor.stop_flag import open_stop_flag

_T = TypeVar("_T")


class Worker:
    """The streams of a worker that reads the log when it is told to."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.broadcaster = Broadcaster(
            lambda _: None,
            stop_flag=open_stop_flag(None),
            max_streams=10,
            max_streams_of_caller=0,
            show=lambda _: b"",
            note_open=lambda _: None,
        )
        self.agents = Streams(lambda _: None, self.read, open_stop_flag(None), max_streams_of_caller=0)

    async def read(self, work: Callable[[Transaction], _T], /) -> _T:
        with self.registry.database.read() as tx:
            return work(tx)

    async def look(self) -> None:
        await self.broadcaster.catch_up(self.read)
        await self.broadcaster.check(self.read)

    def make_key(self) -> NewKey:
        with self.registry.database.write() as tx:
            return make_key(tx, self.registry.user)

    def revoke(self, key: NewKey) -> None:
        with self.registry.database.write() as tx:
            keys.revoke_key(tx, key.key.id)
            make_prompt(tx, self.registry.actor, name=f"behind-{key.key.id}")

    def open(self, key: NewKey) -> Stream:
        stream = Stream(key.key.id, self.registry.project.id, ChangeFilter(), 0, is_of_session=False, check=check_of(key))
        self.broadcaster.open(stream)
        return stream


def check_of(key: NewKey) -> Callable[[Transaction], None]:
    def check(tx: Transaction) -> None:
        if access.find_key(tx, key.value) is None:
            raise SignInRefused

    return check


def test_the_first_stream_ends_if_its_key_is_revoked_before_the_log_is_followed(registry: Registry) -> None:
    async def scenario() -> None:
        worker = Worker(registry)
        good, bad = worker.make_key(), worker.make_key()
        streams = worker.open(good), worker.open(bad)
        worker.revoke(bad)
        assert [stream.is_admitted for stream in streams] == [False, False]
        await worker.look()
        assert [(stream.is_admitted, stream.is_over) for stream in streams] == [(True, False), (True, True)]

    asyncio.run(scenario())


def test_a_later_stream_ends_if_its_key_was_revoked_before_it_was_among_the_streams(registry: Registry) -> None:
    async def scenario() -> None:
        worker = Worker(registry)
        first = worker.open(worker.make_key())
        late = worker.make_key()
        await worker.look()
        worker.revoke(late)
        await worker.look()
        stream = worker.open(late)
        assert not stream.is_admitted
        await worker.look()
        assert (stream.is_over, first.is_over) == (True, False)

    asyncio.run(scenario())


def test_an_agents_stream_does_not_open_if_its_key_is_revoked_meanwhile(registry: Registry) -> None:
    async def scenario() -> None:
        worker = Worker(registry)
        key = worker.make_key()
        stream = AgentStream(key.key.id, registry.project.id, check_of(key), lambda: None, lambda: None)
        worker.revoke(key)
        async with AsyncExitStack() as stack:
            with pytest.raises(SignInRefused):
                await stack.enter_async_context(worker.agents.opened(stream))
        assert not worker.agents.is_active

    asyncio.run(scenario())
