"""Export and import of a whole project over HTTP, with the commands that people run, into new databases."""

import hashlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving import environment

from bench.dataset import VERSIONS
from bench.pace import Bench
from bench.results import Goal, Topic
from bench.servers import Promptuary, running_promptuary
from bench.vocabulary import Prose
from promptuary.exports import Contents
from promptuary.exports.reading import trailer_of
from promptuary.model.content import encode_prompt
from promptuary.model.json_text import dump
from promptuary.model.transfer import HEADER, LabelLine, Line, PromptLine, VersionLine, Writer, write_line

_SHARE = 10
"""The data set has so many times more prompts than are carried."""

_SEED = 20_261_128
_START = datetime(2026, 1, 1, tzinfo=UTC)
_WRITER = Writer("bench@example.com", "Bench", "")
_CONFIG = '{"model": "small-model", "temperature": 0.2}'
_GOAL_VERSIONS = 2500


def measure(bench: Bench) -> Topic:
    """Import a made-up export into a new server and export it again, some times; both files must be the same."""
    count = bench.pace.prompts // _SHARE
    given = bench.subfolder("given") / "given.jsonl"
    _write_export(given, count)
    imports, exports = [], []
    for number in range(bench.pace.rounds):
        folder = bench.subfolder(f"transfers-{number}")
        with running_promptuary(folder) as promptuary:
            written = folder / "written.jsonl"
            imports.append(count * VERSIONS / _seconds(promptuary, "import", given))
            exports.append(count * VERSIONS / _seconds(promptuary, "export", written))
        if written.read_bytes() != given.read_bytes():
            message = "The export is not what was imported."
            raise RuntimeError(message)
    figures = {"export": exports, "import": imports}
    return Topic(
        name="transfers",
        heading="Export and import",
        remark=(
            f"`promptuary export` and `promptuary import` of {count:,} prompts with {VERSIONS} versions of about 1,500 characters "
            "each and a label, over HTTP on one machine, with the start of the command, the check of the whole file and the index "
            "for search. Each import is into a new SQLite database; what is exported from it is the file that was imported."
        ),
        rows={
            name: {"versions per second": statistics.median(rates), "slowest": min(rates), "fastest": max(rates)}
            for name, rates in figures.items()
        },
        goals=tuple(Goal(f"{name}: versions/s", statistics.median(rates), _GOAL_VERSIONS) for name, rates in figures.items()),
    )


def _seconds(promptuary: Promptuary, verb: str, file: Path) -> float:
    profile = {"host": promptuary.server.url, "api_key": promptuary.key, "project": "1"}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "promptuary", verb, str(file)], env=environment(**profile), capture_output=True, check=True
    )
    return time.perf_counter() - started


def _write_export(file: Path, count: int) -> None:
    digest = hashlib.sha256()
    counts = {PromptLine: 0, VersionLine: 0, LabelLine: 0}
    with file.open("wb") as target:

        def write(text: str) -> None:
            line = text.encode() + b"\n"
            digest.update(line)
            target.write(line)

        write(HEADER)
        for line in _lines(count):
            counts[type(line)] += 1
            write(write_line(line))
        write(dump(trailer_of(Contents(*counts.values()), digest.hexdigest())))


def _lines(count: int) -> Iterator[Line]:
    prose = Prose(_SEED)
    for number in range(count):
        at = _START + timedelta(seconds=number)
        yield PromptLine(f"prompt-{number:06}", at, None)
        paragraphs = prose.text()
        for version in range(1, VERSIONS + 1):
            content = encode_prompt("\n\n".join(paragraphs))
            yield VersionLine(version, at + timedelta(days=version - 1), _WRITER, None, content, _CONFIG)
            paragraphs = prose.edited(paragraphs)
        yield LabelLine("production", VERSIONS - 1, _WRITER, at, at)
