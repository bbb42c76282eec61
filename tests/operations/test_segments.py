"""The segments that workers count on, one after the other and side by side."""

from pathlib import Path

from promptuary.metrics.layout import CACHE_BYTES, CACHE_EVICTIONS, LOCATIONS, METRICS, RATE_LIMITED, place_of, places_of
from promptuary.metrics.segment import open_segment, read_segments


def test_living_workers_have_pages_of_their_own(tmp_path: Path) -> None:
    first, second = open_segment(tmp_path), open_segment(tmp_path)
    first.count(RATE_LIMITED, "reads")
    second.count(RATE_LIMITED, "reads")
    second.count(RATE_LIMITED, "reads")
    readings = read_segments(tmp_path, first)
    assert [reading.numbers[place_of(RATE_LIMITED, "reads")] for reading in readings] == [1, 2]
    assert [reading.is_alive for reading in readings] == [True, True]


def test_a_worker_counts_on_where_a_dead_one_ended(tmp_path: Path) -> None:
    living, dead = open_segment(tmp_path), open_segment(tmp_path)
    dead.count(RATE_LIMITED, "writes")
    dead.put(CACHE_EVICTIONS, 7)
    dead.put(CACHE_BYTES, 500)
    path = dead.path
    del dead
    assert [reading.is_alive for reading in read_segments(tmp_path, living)] == [True, False]
    heir = open_segment(tmp_path)
    assert heir.path == path
    heir.count(RATE_LIMITED, "writes")
    heir.put(CACHE_EVICTIONS, 2)
    assert heir.numbers[place_of(RATE_LIMITED, "writes")] == 2
    assert heir.numbers[place_of(CACHE_EVICTIONS)] == 9
    assert heir.numbers[place_of(CACHE_BYTES)] == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_used_leaves_a_worker_alone_with_its_numbers(tmp_path: Path) -> None:
    segment = open_segment(tmp_path / "missing")
    segment.count(RATE_LIMITED, "reads")
    [reading] = read_segments(tmp_path / "missing", segment)
    assert reading.numbers[place_of(RATE_LIMITED, "reads")] == 1


def test_no_two_series_share_a_place() -> None:
    taken = [
        place
        for metric in METRICS
        for labels in metric.label_sets
        for place in range(place_of(metric, *labels), place_of(metric, *labels) + metric.width)
    ]
    assert sorted(taken) == list(range(LOCATIONS))
    assert all(places_of(metric).start == place_of(metric, *metric.label_sets[0]) for metric in METRICS)
