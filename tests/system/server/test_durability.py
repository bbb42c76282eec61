"""Servers that are killed again and again while they write: what was acknowledged is there afterwards, whole and exact."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from command_line import CommandLine
from serving import Server, running_server, wait_until

from promptuary.model.changes.payloads import PromptPublished
from promptuary.registry import labels, prompts
from promptuary.store import changes

NAMES = ["first", "second", "third"]
LIVES = 2
WORKERS_KILLED_IN_A_LIFE = 4
WRITES_BETWEEN_KILLS = 12


@dataclass
class Load:
    """Writers that publish version upon version, each of its own prompt, and note what the server acknowledged."""

    path: str
    headers: dict[str, str]
    acknowledged: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    defects: list[str] = field(default_factory=list)

    @contextmanager
    def on(self, server: Server) -> Iterator[None]:
        stop = Event()
        with ThreadPoolExecutor(len(NAMES)) as pool:
            writers = [pool.submit(self._write, name, server.url, stop) for name in NAMES]
            try:
                yield
            finally:
                stop.set()
        for writer in writers:
            writer.result()

    def wait_for_more(self) -> None:
        wanted = self._count() + WRITES_BETWEEN_KILLS
        wait_until(lambda: self._count() >= wanted)

    def _count(self) -> int:
        return sum(len(texts) for texts in self.acknowledged.values())

    def _write(self, name: str, url: str, stop: Event) -> None:
        done = self.acknowledged[name]
        with httpx2.Client(base_url=url + self.path, headers=self.headers) as client:
            while not stop.is_set():
                base = len(done) + 1
                text = f"{name} {base + 1} " + "x" * (base * 997 % 20_000)
                try:
                    answer = client.patch(f"name/{name}/", json={"prompt": text, "base_version": base})
                except httpx2.TransportError:
                    # Whether it was carried out shows when it is repeated: with a conflict if it was.
                    stop.wait(0.01)
                    continue
                if answer.status_code == 200 or answer.json().get("current_version") == base + 1:
                    done.append(text)
                else:
                    self.defects.append(answer.text)
                    break


def kill_oldest_worker(server: Server) -> None:
    """Kill the worker that has lived longest; never the newest, because the supervisor gives up on one that dies at once."""
    wait_until(lambda: len(server.workers()) == 2)
    min(server.workers(), key=lambda worker: worker.create_time()).kill()


@pytest.mark.parametrize(
    ("database_url", "number"),
    [("sqlite", 1), ("sqlite", 2), ("sqlite", 3), ("sqlite", 4), ("postgresql", 1)],
    indirect=["database_url"],
)
def test_what_was_acknowledged_survives_ten_kills_under_load(
    registry: Registry, database_url: str, number: int, tmp_path: Path
) -> None:
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user))
        for name in NAMES:
            make_prompt(tx, registry.actor, name=name, prompt=f"{name} of run {number}")
    load = Load(f"/api/projects/{registry.project.id}/llm_prompts/", headers)
    for life in range(LIVES):
        output = tmp_path / f"output-{life}.txt"
        with running_server(database_url, output, workers=2, log_requests="false", rate_limit_writes="") as server:
            with load.on(server):
                for _ in range(WORKERS_KILLED_IN_A_LIFE):
                    load.wait_for_more()
                    kill_oldest_worker(server)
                load.wait_for_more()
                server.kill()
            assert load.defects == []
    checked = CommandLine(tmp_path, database_url).admin("db", "check")
    assert (checked.returncode, checked.stdout) == (0, "The database is sound.\n")
    assert_all_is_there(registry, load)


def assert_all_is_there(registry: Registry, load: Load) -> None:
    with registry.database.read() as tx:
        told = changes.list_changes(tx, limit=1_000_000, project_id=registry.project.id)
        for name, texts in load.acknowledged.items():
            latest = prompts.fetch_prompt(tx, registry.actor, name).version
            stored = [prompts.fetch_prompt(tx, registry.actor, name, version=number).text for number in range(2, latest + 1)]
            assert stored[: len(texts)] == texts
            # The kill may have come between the commit and the answer, which adds one version at most.
            assert len(stored) - len(texts) in {0, 1}
            published = [change.payload for change in told if change.prompt_name == name]
            numbers = [payload.version for payload in published if isinstance(payload, PromptPublished)]
            assert numbers == list(range(2, latest + 1))


def test_a_release_is_whole_or_not_there_when_workers_are_killed_in_it(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    names = [f"prompt-{number}" for number in range(40)]
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user))
        for name in names:
            make_prompt(tx, registry.actor, name=name, versions=2)
            for version, label in ((1, "one"), (2, "two")):
                labels.move_label(tx, registry.actor, name=name, label=label, version=version)
    path, wanted = f"/api/projects/{registry.project.id}/llm_prompts/promote/", {1: "one", 2: "two"}
    output = tmp_path / "output.txt"
    acknowledged = 0
    with running_server(database_url, output, workers=2, log_requests="false", rate_limit_writes="") as server:
        for number in range(WORKERS_KILLED_IN_A_LIFE * 2):
            version = number % 2 + 1
            with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=server.url, headers=headers, timeout=60) as client:
                answer = pool.submit(client.post, path, json={"from": wanted[version], "to": "production"})
                if number % 2:
                    kill_oldest_worker(server)
                try:
                    is_acknowledged = answer.result().status_code == 200
                except httpx2.TransportError:
                    is_acknowledged = False
            acknowledged += is_acknowledged
            positions = production_of(registry, names)
            assert len(set(positions)) == 1
            assert not is_acknowledged or positions[0] == version
    assert acknowledged >= WORKERS_KILLED_IN_A_LIFE


def production_of(registry: Registry, names: list[str]) -> list[int]:
    """Return where production is on each prompt, which is where its history ends."""
    with registry.database.read() as tx:
        positions = [prompts.fetch_prompt(tx, registry.actor, name, label="production").version for name in names]
        for name, position in zip(names, positions, strict=True):
            [last] = labels.list_history(tx, registry.actor, name=name, label="production", limit=1).moves
            assert last.to_version == position
    return positions
