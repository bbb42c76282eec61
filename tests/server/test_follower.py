"""One follower of the change log in each worker: its subscribers share one watch, and none holds up or ends another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from builders import Registry, make_prompt

from promptuary.background.follower import Follower
from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.model.errors import Unavailable
from promptuary.store.watch import LogCursor, ReadLog, Watch, open_watch
from promptuary.supervisor.stop_flag import StopFlag, open_stop_flag


class Reader:
    """A subscriber that notes the names of changed prompts, and raises ``errors`` first, each once."""

    step: ClassVar = "tell_agents"

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.is_active = True
        self.cursor: LogCursor | None = None
        self.names: list[str | None] = []
        self.moved = asyncio.Event()
        self.ended = asyncio.Event()

    async def catch_up(self, read: ReadLog, /) -> float:
        if self.cursor is None:
            self.cursor = await read(LogCursor)
        elif self.errors:
            raise self.errors.pop(0)
        else:
            self.names += [change.prompt_name for change in await read(self.cursor.read) or ()]
        self.moved.set()
        return 0.0

    async def check(self, _read: ReadLog, /) -> None:
        pass

    def end(self) -> None:
        self.ended.set()

    async def after(self, act: Callable[[], object]) -> list[str | None]:
        """Do something and return the names when the reader was called again."""
        self.moved.clear()
        act()
        await self.moved.wait()
        return self.names


class Worker:
    """What a worker has of the change log, and how often it opened a watch, and which steps failed."""

    def __init__(self, registry: Registry, stop_flag: StopFlag) -> None:
        self.registry = registry
        self.watches: list[Watch] = []
        self.failures: list[str] = []
        self.freshness = Freshness(self._open, lambda _: None, open_commit_signal(None))
        self.follower = Follower(self.freshness, stop_flag, self.failures.append, closes_watch=True)

    def _open(self) -> Watch:
        self.watches.append(open_watch(self.registry.database))
        return self.watches[-1]

    async def begin(self, reader: Reader) -> None:
        await reader.after(lambda: self.follower.subscribe(reader))

    def create(self, name: str) -> None:
        with self.registry.database.write() as tx:
            make_prompt(tx, self.registry.actor, name=name)


@asynccontextmanager
async def working(registry: Registry, stop_flag: StopFlag | None = None) -> AsyncIterator[Worker]:
    worker = Worker(registry, stop_flag or open_stop_flag(None))
    try:
        yield worker
    finally:
        await worker.freshness.close()


def test_subscribers_share_one_watch_and_hear_of_everything_behind_their_beginning(registry: Registry) -> None:
    async def follow() -> None:
        async with working(registry) as worker:
            worker.create("before")
            first, second = Reader(), Reader()
            await worker.begin(first)
            assert await first.after(lambda: worker.create("one")) == ["one"]
            await worker.begin(second)
            await second.after(lambda: worker.create("two"))
            assert (first.names, second.names) == (["one", "two"], ["two"])
            assert len(worker.watches) == 1
            first.is_active = second.is_active = False
            await first.ended.wait()
            await second.ended.wait()

    asyncio.run(follow())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_could_not_be_read_is_read_later(registry: Registry) -> None:
    async def follow() -> None:
        async with working(registry) as worker:
            reader = Reader(Unavailable(reason="away"))
            await worker.begin(reader)
            assert await reader.after(lambda: worker.create("one")) == ["one"]
            assert worker.failures == [Reader.step]
            reader.is_active = False
            await reader.ended.wait()

    asyncio.run(follow())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_defect_ends_one_subscriber_and_the_others_go_on(registry: Registry) -> None:
    async def follow() -> None:
        async with working(registry) as worker:
            defective, sound = Reader(ZeroDivisionError()), Reader()
            await worker.begin(defective)
            await worker.begin(sound)
            assert await sound.after(lambda: worker.create("one")) == ["one"]
            await defective.ended.wait()
            assert await sound.after(lambda: worker.create("two")) == ["one", "two"]
            assert (defective.names, worker.failures) == ([], [Reader.step])
            sound.is_active = False
            await sound.ended.wait()

    asyncio.run(follow())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stop_ends_all_subscribers_and_the_watch_that_only_they_use(registry: Registry) -> None:
    async def follow() -> None:
        stop_flag = open_stop_flag(None)
        async with working(registry, stop_flag) as worker:
            reader = Reader()
            await worker.begin(reader)
            stop_flag.set()
            await reader.ended.wait()
            with pytest.raises(Unavailable):
                await worker.freshness.read(LogCursor)

    asyncio.run(follow())
