"""Output of the metrics of all workers in Prometheus formats. Imported on the first scrape, to keep workers small."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import add

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from promptuary.metrics.layout import ANSWERS, BUILD_INFO, DURATIONS, METRICS, REQUESTS, SECONDS, WORKERS, Metric, places_of
from promptuary.metrics.segment import Reading

_BOUNDS = [*map(floatToGoString, SECONDS), "+Inf"]


def expose(readings: Sequence[Reading], build: Sequence[str], accept: str) -> tuple[bytes, str]:
    """Return what the readings say, in the form that the caller accepts, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Readings(readings, build))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Readings(Collector):
    """Counters are summed over all workers that ever were, gauges are of those that are alive."""

    def __init__(self, readings: Sequence[Reading], build: Sequence[str]) -> None:
        self._all = [reading.numbers for reading in readings]
        self._alive = [reading.numbers for reading in readings if reading.is_alive]
        self._build = build

    def collect(self) -> Iterator[Family]:
        yield from self._answers()
        for metric in METRICS:
            if metric.kind == "counter":
                yield self._counter(metric)
            elif metric.kind == "gauge":
                yield self._gauge(metric)
        yield GaugeMetricFamily(WORKERS.name, WORKERS.meaning, len(self._alive))
        build = GaugeMetricFamily(BUILD_INFO.name, BUILD_INFO.meaning, labels=BUILD_INFO.labels)
        build.add_metric(self._build, 1)
        yield build

    def _answers(self) -> Iterator[Family]:
        requests = CounterMetricFamily(REQUESTS.name, REQUESTS.meaning, labels=REQUESTS.labels)
        durations = HistogramMetricFamily(DURATIONS.name, DURATIONS.meaning, labels=DURATIONS.labels)
        by_operation: defaultdict[Sequence[str], list[float]] = defaultdict(lambda: [0.0] * ANSWERS.width)
        start = places_of(ANSWERS).start
        for number, (*operation, status) in enumerate(ANSWERS.label_sets):
            places = slice(start + number * ANSWERS.width, start + (number + 1) * ANSWERS.width)
            records = [record for record in (numbers[places] for numbers in self._all) if any(record)]
            # Most combinations of route, method and status never happen.
            if records:
                record = [*map(sum, zip(*records, strict=True))]
                requests.add_metric([*operation, status], sum(record[:-1]))
                summed = by_operation[tuple(operation)]
                summed[:] = map(add, summed, record)
        for key, (*counts, seconds) in by_operation.items():
            durations.add_metric(key, list(zip(_BOUNDS, accumulate(counts), strict=True)), seconds)
        yield requests
        yield durations

    def _counter(self, metric: Metric) -> Family:
        family = CounterMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        columns = zip(*(numbers[places_of(metric)] for numbers in self._all), strict=True)
        for label_values, column in zip(metric.label_sets, columns, strict=True):
            family.add_metric(label_values, sum(column))
        return family

    def _gauge(self, metric: Metric) -> Family:
        family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        columns = zip(*(numbers[places_of(metric)] for numbers in self._alive), strict=True)
        for label_values, column in zip(metric.label_sets, columns, strict=True):
            family.add_metric(label_values, _merged(metric, column))
        return family


def _merged(metric: Metric, column: Sequence[float]) -> float:
    if metric.merge == "min":
        # A worker that has just started has not said anything yet.
        return min(filter(None, column), default=0.0)
    return max(column) if metric.merge == "max" else sum(column)
