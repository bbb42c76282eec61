"""Counting fetches in memory: nothing is lost between threads, days and writes that fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry.fetch_counter import FetchCounter

ONE = FetchKey("one", "key", "production")
TWO = FetchKey("two", "", "")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


class Seconds:
    """A clock that tests set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment.timestamp()


def test_each_use_is_counted_for_itself_and_taken_once() -> None:
    counter = FetchCounter(Seconds(MIDNIGHT))
    for use in (ONE, TWO, ONE):
        counter.count(use)
    assert counter.take() == [FetchCount(MIDNIGHT.date(), ONE, 2, MIDNIGHT), FetchCount(MIDNIGHT.date(), TWO, 1, MIDNIGHT)]
    assert counter.take() == []


def test_fetches_count_for_the_day_on_which_they_were_made() -> None:
    clock = Seconds(MIDNIGHT.replace(day=1, hour=23, minute=59, second=59, microsecond=999_000))
    counter = FetchCounter(clock)
    before = clock.moment
    for _ in range(3):
        counter.count(ONE)
    clock.moment = MIDNIGHT
    counter.count(ONE)
    assert counter.take() == [FetchCount(date(2026, 3, 1), ONE, 3, before), FetchCount(date(2026, 3, 2), ONE, 1, MIDNIGHT)]


def test_several_threads_count_exactly_while_another_one_takes() -> None:
    counter = FetchCounter()
    taken: list[FetchCount] = []

    def count(_number: int) -> None:
        for _ in range(25_000):
            counter.count(ONE)

    with ThreadPoolExecutor(5) as pool:
        tasks = [pool.submit(count, number) for number in range(4)]
        while not all(task.done() for task in tasks):
            taken += counter.take()
    taken += counter.take()
    assert sum(each.count for each in taken) == 100_000


def test_what_was_put_back_is_taken_together_with_what_came_meanwhile() -> None:
    clock = Seconds(MIDNIGHT)
    counter = FetchCounter(clock)
    counter.count(ONE)
    taken = counter.take()
    clock.moment = MIDNIGHT.replace(hour=1)
    counter.count(ONE)
    assert counter.put_back(taken) == 0
    assert counter.put_back([FetchCount(date(2026, 3, 1), TWO, 5, MIDNIGHT)]) == 0
    assert counter.take() == [
        FetchCount(date(2026, 3, 2), ONE, 2, clock.moment),
        FetchCount(date(2026, 3, 1), TWO, 5, MIDNIGHT),
    ]


def test_memory_is_bounded_while_nothing_can_be_written() -> None:
    counter = FetchCounter(Seconds(MIDNIGHT), max_counts=3)
    counter.count(ONE)
    counter.take()
    fetch_counts = [FetchCount(MIDNIGHT.date(), FetchKey(str(number), "", ""), 10, MIDNIGHT) for number in range(5)]
    assert counter.put_back(fetch_counts) == 20
    assert counter.put_back(fetch_counts[:3]) == 0
    assert sum(each.count for each in counter.take()) == 60


def test_who_counts_never_waits_while_counts_are_put_back() -> None:
    counter = FetchCounter(Seconds(MIDNIGHT))

    def put_back_slowly() -> Iterator[FetchCount]:
        for _ in range(2000):
            counter.count(ONE)
        yield FetchCount(MIDNIGHT.date(), TWO, 5, MIDNIGHT)

    assert counter.put_back(put_back_slowly()) == 0
    assert sorted((each.fetch_key, each.count) for each in counter.take()) == [(ONE, 2000), (TWO, 5)]
