"""Runs the benchmark, whole or in parts: ``make bench``, ``make bench ARGS="fetch busy --quick"``."""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from bench import (
    attacks,
    cold,
    costs,
    crossings,
    fetches,
    lists,
    microseconds,
    pages,
    peers,
    searches,
    starts,
    streams,
    transfers,
    writes,
)
from bench.loads import require_tools
from bench.machine import describe
from bench.pace import FULL, QUICK, Bench, Pace
from bench.plot import draw
from bench.report import PLOT, as_json, as_markdown, topic_as_markdown, write_page
from bench.results import CannotMeasure, Topic, topic_of
from bench.servers import ROOT

TOPICS: Mapping[str, Callable[[Bench], Topic]] = {
    "fetch": fetches.measure_fetch,
    "microseconds": microseconds.measure,
    "busy": fetches.measure_busy,
    "peers": peers.measure,
    "cold": cold.measure,
    "lists": lists.measure,
    "pages": pages.measure,
    "search-sqlite": searches.measure_sqlite,
    "search-postgresql": searches.measure_postgres,
    "search-postgresql-plain": searches.measure_plain_postgres,
    "publish": writes.measure,
    "transfers": transfers.measure,
    "start": starts.measure,
    "crossings": crossings.measure,
    "costs": costs.measure,
    "streams": streams.measure,
    "attacks": attacks.measure,
}

_RESULTS = ROOT / "bench" / "results.json"


def main() -> None:
    """Measure, print, and write: a whole run or an update into the repository, any other into the cache folder."""
    options = _options()
    left_out = {name: "left out of this run" for name in TOPICS if name in options.without}
    chosen = [name for name in TOPICS if name not in left_out and (name in options.topics or not options.topics)]
    pace = QUICK if options.quick else FULL
    cache = Path(options.cache).absolute()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        require_tools("wrk", "nginx")
    except CannotMeasure as refusal:
        sys.exit(f"The benchmark cannot run: {refusal}")
    # Else the servers that it started would outlive it.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit("Ended."))
    facts = describe()
    started = time.monotonic()
    topics, missing, failed = _measure(chosen, pace, cache)
    facts |= {"pace": _describe_pace(pace, minutes=(time.monotonic() - started) / 60)}
    missing |= left_out
    if options.update and not failed:
        facts, topics, missing = _updated(facts, topics)
    if options.update or (pace is FULL and len(chosen) + len(left_out) == len(TOPICS)):
        _RESULTS.write_text(as_json(facts, topics, missing))
        (ROOT / "docs" / PLOT).write_text(draw(topics))
        write_page(ROOT / "docs" / "performance.md", facts, topics, missing)
        print("Written to bench/results.json, docs/performance.md and docs/performance.svg.")
    else:
        (cache / "results.json").write_text(as_json(facts, topics, missing))
        (cache / PLOT).write_text(draw(topics))
        (cache / "performance.md").write_text(as_markdown(facts, topics, missing) + "\n")
        print(f"Written to {cache}; only a whole run at full length is written into the repository.")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


def _measure(names: Sequence[str], pace: Pace, cache: Path) -> tuple[list[Topic], dict[str, str], list[str]]:
    """Measure topics; return the results, why some were not measured, and which of these failed."""
    topics: list[Topic] = []
    missing: dict[str, str] = {}
    failed: list[str] = []
    for name in names:
        started = time.monotonic()
        print(f"{name} ...", flush=True)
        try:
            with tempfile.TemporaryDirectory(prefix="promptuary-bench-", ignore_cleanup_errors=True) as folder:
                topics.append(TOPICS[name](Bench(pace, cache, Path(folder))))
        except CannotMeasure as reason:
            missing[name] = str(reason)
            print(f"{name} not measured: {reason}", flush=True)
        except (RuntimeError, OSError, httpx2.HTTPError, subprocess.SubprocessError) as error:
            # What was measured before, and what comes after, must not be lost with it.
            missing[name] = str(error).partition("\n")[0] or type(error).__name__
            failed.append(name)
            print(f"{name} failed: {error}", flush=True)
        else:
            print(f"\n{topic_as_markdown(topics[-1])}\n\n{name} took {time.monotonic() - started:.0f} s", flush=True)
    return topics, missing, failed


def _updated(facts: Mapping[str, Any], topics: Sequence[Topic]) -> tuple[dict[str, Any], list[Topic], dict[str, str]]:
    """Return the last whole run, with some topics measured again on the same machine; their remarks say when."""
    known = json.loads(_RESULTS.read_text())
    if known["machine"] != facts["machine"]:
        sys.exit(f"The page has figures of another machine: {known['machine']}. Make a whole run on this one.")
    found = {name: topic_of(name, topic) for name, topic in known.pop("topics").items()}
    found |= {topic.name: replace(topic, remark=f"{topic.remark} Measured on {facts['date']}.") for topic in topics}
    missing = {name: reason for name, reason in known.pop("not_measured").items() if name not in found}
    return known, [found[name] for name in TOPICS if name in found], missing


def _describe_pace(pace: Pace, *, minutes: float) -> str:
    quick = "A quick run, for development only: too short to be believed. " if pace is QUICK else ""
    return (
        f"{quick}Medians of {pace.rounds} rounds of {pace.seconds} s, or {pace.short_seconds} s for lists, search and cold "
        f"fetches; the run took {minutes:.0f} minutes."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Promptuary beside what it is compared with.")
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"what to measure, or everything: {', '.join(TOPICS)}")
    parser.add_argument("--without", action="append", default=[], choices=TOPICS, help="a topic to leave out of a whole run")
    parser.add_argument("--quick", action="store_true", help="short rounds and a small data set, for development")
    parser.add_argument(
        "--update", action="store_true", help="write the topics into the page of the last whole run, on its machine"
    )
    parser.add_argument("--cache", default=str(ROOT / "build" / "bench"), help="folder of the peers and of the data sets")
    options = parser.parse_args()
    unknown = set(options.topics) - set(TOPICS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if options.update and options.quick:
        parser.error("a quick run is not written to the page")
    return options


if __name__ == "__main__":
    main()
