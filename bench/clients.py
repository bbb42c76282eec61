"""Client libraries under fault, and waiting times of callers: ``make bench-clients``, into docs/clients-under-fault.md.

A faulty proxy stands in front of a server: Promptuary for its own client and for `posthog`, and for
`langfuse` a stand-in that answers each fetch with one prompt. Each library runs in a process and an environment of its own, at
its defaults and with a fallback. Each fault is met by a program that has fetched before (its cache is due for a refresh) and by one
that has just been started.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faults
from ports import free_port

from bench.machine import describe
from bench.report import MARK
from bench.servers import ROOT, running_promptuary

NAME = "support-reply"
OURS = "promptuary-client"
CALLS = ("first", "later")
PROGRAM = Path(__file__).with_name("client_program.py")
PAGE = ROOT / "docs" / "clients-under-fault.md"
VERSIONS: Mapping[str, str] = {OURS: "", "posthog": "7.91.1", "langfuse": "5.0.4"}
# From a warm client's side, what it had a connection to is cut, whether the server was killed or cannot be found any more.
_NO_HOSTS: Mapping[str, Callable[[str], str]] = {
    "killed": lambda _url: f"http://127.0.0.1:{free_port()}",
    "unresolvable": lambda _url: "http://promptuary.invalid",
}
LONGEST_SECONDS = 30
"""A program whose call lasts longer is ended."""

PROGRAMS = 3
SHORT_SECONDS = 2
"""So many programs are measured where both calls of the first one take less than this; a busy machine changes short waits only."""

TIE_SECONDS = 0.05
"""Waits that differ by less are a tie: a busy machine alone makes such differences."""

FAULTS: Mapping[str, faults.Fault | str] = {
    "no fault": faults.no_fault,
    "connection refused (server killed)": "killed",
    "no such host": "unresolvable",
    "hangs": faults.hang,
    "slow (3 s)": faults.slow(3),
    "body drips": faults.drip,
    "head drips": faults.drip_head,
    "429, Retry-After 30": faults.too_many("30"),
    "500": faults.server_error,
    "404": faults.not_found,
    "garbage": faults.garbage,
    "login page": faults.login_page,
    "truncated body": faults.truncate,
    "connection cut": faults.cut,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Source of the content of the first and the later call of one program, and their waiting times in seconds."""

    first: str
    first_seconds: float
    later: str
    later_seconds: float

    def of(self, call: str) -> tuple[str, float]:
        """Return the source and the wait of one call."""
        return (self.first, self.first_seconds) if call == "first" else (self.later, self.later_seconds)


Results = Mapping[str, Mapping[str, Mapping[str, Outcome]]]
"""By state of the program, fault and library."""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="bench.clients", description=__doc__)
    parser.add_argument("--cache", default=str(ROOT / "build" / "bench"), help="folder of the libraries' environments")
    options = parser.parse_args()
    facts = describe()
    pythons = {library: _python(Path(options.cache), library) for library in VERSIONS}
    results: dict[str, dict[str, dict[str, Outcome]]] = {"cold": {}, "warm": {}}
    with tempfile.TemporaryDirectory(prefix="promptuary-bench-") as folder, _server(Path(folder)) as access:
        for fault in FAULTS:
            for state, rows in results.items():
                rows[fault] = {
                    library: _measure_often(python, library, fault, state, access, Path(folder))
                    for library, python in pythons.items()
                }
            print(fault, {state: rows[fault] for state, rows in results.items()}, flush=True)
    head = PAGE.read_text().partition(MARK)[0] if PAGE.exists() else ""
    PAGE.write_text(f"{head}{MARK}\n\n{_as_markdown(facts, results)}\n")
    print(f"Written to {PAGE.relative_to(ROOT)}.")


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, str, str]]:
    data = folder / "server"
    data.mkdir()
    with running_promptuary(data) as promptuary:
        promptuary.create(NAME)
        # The first start tells the project's token, without which `posthog` does not ask.
        token = re.findall(r"phc_[\w-]+", promptuary.server.output)[0]
        yield promptuary.server.url, promptuary.key, token


def _python(cache: Path, library: str) -> Path:
    """Return the Python of a library's own environment, which is made if it is not there."""
    if library == OURS:
        return Path(sys.executable)
    folder = cache / f"{library}-{VERSIONS[library]}"
    if not (folder / "is-installed").exists():
        print(f"Installing {library} {VERSIONS[library]} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        command = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*command, f"{library}=={VERSIONS[library]}"], check=True, capture_output=True)
        (folder / "is-installed").touch()
    return folder / "bin" / "python"


def _measure_often(python: Path, library: str, fault: str, state: str, access: tuple[str, str, str], folder: Path) -> Outcome:
    """Run programs of one library under one fault, and return the median of each call."""
    outcomes = [_measure(python, library, fault, state, access, folder)]
    if outcomes[0].first_seconds + outcomes[0].later_seconds < SHORT_SECONDS:
        outcomes += [_measure(python, library, fault, state, access, folder) for _ in range(PROGRAMS - 1)]
    medians = [sorted((outcome.of(call) for outcome in outcomes), key=_wait)[len(outcomes) // 2] for call in CALLS]
    return Outcome(*medians[0], *medians[1])


def _wait(measured: tuple[str, float]) -> float:
    return measured[1]


def _measure(python: Path, library: str, fault: str, state: str, access: tuple[str, str, str], folder: Path) -> Outcome:
    """Run one program of one library under one fault."""
    url, key, token = access
    with faults.faulty_proxy(url) as proxy:
        proxy.fault = _fault(faults.no_fault, library)
        chosen = FAULTS[fault]
        host = _NO_HOSTS[chosen](proxy.url) if isinstance(chosen, str) and state == "cold" else proxy.url
        arguments = [library, host, key, token, state, tempfile.mkdtemp(dir=folder), NAME]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with subprocess.Popen([str(python), str(PROGRAM), *arguments], **pipes) as program:
            _line(program)
            # The program has made its client, and fetched once if it is a warm one. Now the fault begins.
            proxy.fault = faults.cut if isinstance(chosen, str) else _fault(chosen, library)
            if program.stdin:
                program.stdin.write("go\n")
                program.stdin.flush()
            first = _line(program)
            later = _line(program) if first else ""
            program.kill()
        if not first:
            return Outcome("still waiting", LONGEST_SECONDS, "not reached", LONGEST_SECONDS)
        return Outcome(*json.loads(first), *json.loads(later or json.dumps(["still waiting", LONGEST_SECONDS])))


def _line(program: "subprocess.Popen[str]") -> str:
    """Return the next line of a program, or nothing if it takes too long; the program is ended then."""
    timer = threading.Timer(LONGEST_SECONDS, program.kill)
    timer.start()
    try:
        return program.stdout.readline() if program.stdout else ""
    finally:
        timer.cancel()


def _fault(chosen: faults.Fault, library: str) -> faults.Fault:
    """Return what the proxy does: the same to the answers of the stand-in for `langfuse` as to those of the server."""
    if library != "langfuse":
        return chosen

    async def fault(exchange: faults.Exchange) -> None:
        async def upstream(_request: bytes) -> bytes:
            return _langfuse_answer()

        await chosen(faults.Exchange(exchange.request, exchange.writer, upstream, exchange.stopping))

    return fault


def _langfuse_answer() -> bytes:
    row = {"name": NAME, "version": 1, "type": "text", "prompt": "Hello!", "config": {}, "labels": ["production"], "tags": []}
    body = json.dumps(row).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _as_markdown(facts: Mapping[str, object], results: Results) -> str:
    named = ", ".join(f"{library} {VERSIONS[library] or version(library)}" for library in VERSIONS)
    parts = [
        f"Measured on {facts['date']} on {facts['machine']}, with a load average of {facts['load_average']} before; {named}.",
        *_remarks(results),
    ]
    headings = {"cold": "## A program that has just been started", "warm": "## A program that has fetched before"}
    for state, rows in results.items():
        heads = ["the server ...", *(f"{library}: {call} call" for library in VERSIONS for call in CALLS)]
        lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(['---'] * len(heads))} |"]
        for fault, outcomes in rows.items():
            cells = [_cell(*outcomes[library].of(call)) for library in VERSIONS for call in CALLS]
            lines.append(f"| {' | '.join([fault, *cells])} |")
        parts += [headings[state], "\n".join(lines)]
    return "\n\n".join(parts)


def _remarks(results: Results) -> list[str]:
    """Return sentences on the cases in which our client is behind, in waiting time and in content."""
    places = [(state, fault, call) for state, rows in results.items() for fault in rows for call in CALLS]
    behind, lost, without = {}, [], []
    for state, fault, call in places:
        outcomes = results[state][fault]
        source, seconds = outcomes[OURS].of(call)
        others = [outcome.of(call) for library, outcome in outcomes.items() if library != OURS]
        place = f"{fault} ({state}, {call} call)"
        behind[place] = seconds - min(wait for _, wait in others)
        if behind[place] > TIE_SECONDS:
            lost.append(place)
        if not _is_content(source) and any(_is_content(other) for other, _ in others):
            without.append(place)
    slower = {place: wait for place, wait in behind.items() if wait > 0}
    worst = max(behind, key=lambda place: behind[place])
    return [
        (
            f"`{OURS}` waits longer than another by more than {1000 * TIE_SECONDS:.0f} ms in: {'; '.join(lost) or 'no call'}. Of "
            f"{len(places)} calls it is the fastest or as fast in {len(places) - len(slower)}; in the others it is behind by "
            f"{1000 * behind[worst]:.1f} ms at most, in: {worst}."
        ),
        f"It serves a fallback where another has content, from this call or the one before, in: {'; '.join(without) or 'no call'}.",
    ]


def _is_content(source: str) -> bool:
    return source not in ("fallback", "code_fallback", "still waiting", "not reached") and not source.startswith("raises")


def _cell(source: str, seconds: float) -> str:
    return source if source == "not reached" else f"{source}, {1000 * seconds:,.1f} ms"


if __name__ == "__main__":
    main()
