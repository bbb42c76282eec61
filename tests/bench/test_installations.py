"""The calculation of installations from measured costs, as docs/performance.md states it."""

from bench.installations import Installation, calculated, per_second

ROWS = {
    "a second without requests: the worker that answers": {"statements": 2, "log bytes": 7},
    "a second without requests: each other worker": {"statements": 2},
    "fetch that is not in memory: the worker that answers": {"statements": 5},
    "fetch that is not in memory: each other worker": {"statements": 0},
    "fetch from memory: the worker that answers": {"CPU, µs": 100, "wake-ups": 1},
    "fetch from memory: each other worker": {"CPU, µs": 0},
    "publish: the worker that answers": {"statements": 11, "log bytes": 6000, "bytes sent": 3000},
    "publish: each other worker": {"statements": 3},
}
MADE = Installation(servers=10, workers=2, programs=10_000, seconds_between_fetches=50, publishes_per_minute=60)


def test_costs_are_added_up_over_all_workers() -> None:
    assert per_second(ROWS, "statements", MADE) == 20 * 2 + 20 * 5 + 11 + 19 * 3
    assert per_second(ROWS, "CPU, µs", MADE) == (200 - 20) * 100
    assert per_second(ROWS, "bytes sent", MADE) == 3000


def test_no_more_fetches_come_from_the_database_than_there_are() -> None:
    few = Installation(servers=10, workers=2, programs=10, seconds_between_fetches=10, publishes_per_minute=60)
    assert per_second(ROWS, "statements", few) == 20 * 2 + 1 * 5 + 11 + 19 * 3


def test_the_calculation_is_told_in_sentences() -> None:
    told = calculated(ROWS, MADE)
    assert "200 fetches a second, 10.0 for each of 20 workers, and 1.00 publishes" in told
    assert "answers 208 statements a second" in told
    assert "adds 6.0 kB to its log" in told
    assert "takes 0.09 % of a core and wakes up 9 times a second" in told
