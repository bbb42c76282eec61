from promptuary.supervisor.restarts import MAX_FAILED_STARTS, MAX_PAUSE_SECONDS, RestartPolicy


def test_the_first_death_is_followed_by_a_start_at_once() -> None:
    restarts = RestartPolicy()
    assert restarts.record_exit(0, lived=3.0, had_started=True, now=100.0) == 0.0
    assert restarts.take_due(100.0) == [0]
    assert restarts.take_due(100.0) == []


def test_pauses_double_while_a_worker_dies_quickly_and_have_a_limit() -> None:
    restarts = RestartPolicy()
    pauses = [restarts.record_exit(0, lived=3.0, had_started=True, now=0.0) for _ in range(8)]
    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, MAX_PAUSE_SECONDS, MAX_PAUSE_SECONDS]


def test_a_worker_that_lived_long_is_replaced_at_once_whatever_was_before() -> None:
    restarts = RestartPolicy()
    for _ in range(4):
        restarts.record_exit(0, lived=3.0, had_started=True, now=0.0)
    assert restarts.record_exit(0, lived=60.0, had_started=True, now=0.0) == 0.0
    assert restarts.record_exit(0, lived=3.0, had_started=True, now=0.0) == 0.0
    assert restarts.record_exit(0, lived=3.0, had_started=True, now=0.0) == 1.0


def test_each_worker_waits_for_itself() -> None:
    restarts = RestartPolicy()
    restarts.record_exit(0, lived=3.0, had_started=True, now=100.0)
    restarts.take_due(100.0)
    restarts.record_exit(0, lived=3.0, had_started=True, now=100.0)
    restarts.record_exit(1, lived=3.0, had_started=True, now=100.0)
    assert restarts.take_due(100.0) == [1]
    assert restarts.seconds_to_next(100.25) == 0.75
    assert restarts.take_due(101.0) == [0]
    assert restarts.seconds_to_next(101.0) is None


def test_only_a_worker_that_never_starts_is_hopeless() -> None:
    restarts = RestartPolicy()
    for _ in range(2 * MAX_FAILED_STARTS):
        restarts.record_exit(0, lived=1.0, had_started=True, now=0.0)
    assert not restarts.is_exhausted()
    for _ in range(MAX_FAILED_STARTS - 1):
        restarts.record_exit(1, lived=1.0, had_started=False, now=0.0)
    assert not restarts.is_exhausted()
    restarts.record_exit(1, lived=1.0, had_started=False, now=0.0)
    assert restarts.is_exhausted()
