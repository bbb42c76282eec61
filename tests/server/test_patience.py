from promptuary.supervisor.restarts import LONGEST_PAUSE_SECONDS, MOST_FAILED_STARTS, Patience


def test_the_first_death_is_followed_by_a_start_at_once() -> None:
    patience = Patience()
    assert patience.note_death(0, lived=3.0, had_started=True, now=100.0) == 0.0
    assert patience.take_due(100.0) == [0]
    assert patience.take_due(100.0) == []


def test_pauses_double_while_a_worker_dies_quickly_and_have_a_limit() -> None:
    patience = Patience()
    pauses = [patience.note_death(0, lived=3.0, had_started=True, now=0.0) for _ in range(8)]
    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_a_worker_that_lived_long_is_replaced_at_once_whatever_was_before() -> None:
    patience = Patience()
    for _ in range(4):
        patience.note_death(0, lived=3.0, had_started=True, now=0.0)
    assert patience.note_death(0, lived=60.0, had_started=True, now=0.0) == 0.0
    assert patience.note_death(0, lived=3.0, had_started=True, now=0.0) == 0.0
    assert patience.note_death(0, lived=3.0, had_started=True, now=0.0) == 1.0


def test_each_worker_waits_for_itself() -> None:
    patience = Patience()
    patience.note_death(0, lived=3.0, had_started=True, now=100.0)
    patience.take_due(100.0)
    patience.note_death(0, lived=3.0, had_started=True, now=100.0)
    patience.note_death(1, lived=3.0, had_started=True, now=100.0)
    assert patience.take_due(100.0) == [1]
    assert patience.seconds_to_next(100.25) == 0.75
    assert patience.take_due(101.0) == [0]
    assert patience.seconds_to_next(101.0) is None


def test_only_a_worker_that_never_starts_is_hopeless() -> None:
    patience = Patience()
    for _ in range(2 * MOST_FAILED_STARTS):
        patience.note_death(0, lived=1.0, had_started=True, now=0.0)
    assert not patience.is_at_its_end()
    for _ in range(MOST_FAILED_STARTS - 1):
        patience.note_death(1, lived=1.0, had_started=False, now=0.0)
    assert not patience.is_at_its_end()
    patience.note_death(1, lived=1.0, had_started=False, now=0.0)
    assert patience.is_at_its_end()
