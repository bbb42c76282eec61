"""Many callers at once, against real server processes: two workers on one SQLite file, two servers on one PostgreSQL."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, cycle, islice
from threading import Event

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt, make_registry
from serving import running_server
from simultaneous import simultaneously

from promptuary.model.changes import Change
from promptuary.model.label_history import MoveKind
from promptuary.registry import change_requests, labels
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import changes, integrity_checks
from promptuary.store.engine.database import Database

CALLERS = 12
KINDS = (MoveKind.DIRECT, MoveKind.UNDO, MoveKind.PROMOTION, MoveKind.CHANGE_REQUEST)


@dataclass(frozen=True)
class Fleet:
    """Server processes on one database."""

    database: Database
    urls: list[str]


@dataclass(frozen=True)
class Project:
    """A fresh project, and clients of it that are spread over the server processes."""

    registry: Registry
    clients: list[httpx2.Client]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{folder / 'promptuary.db'}" if is_sqlite else request.getfixturevalue("postgres").create_database()
    workers, servers = (2, 1) if is_sqlite else (1, 2)
    with ExitStack() as stack:
        start = partial(running_server, url, workers=workers, log_requests="false", rate_limit_writes="")
        running = [stack.enter_context(start(folder / f"output-{number}.txt")) for number in range(servers)]
        database = Database.open(url)
        stack.callback(database.close)
        yield Fleet(database, [server.url for server in running])


@pytest.fixture
def project(fleet: Fleet) -> Iterator[Project]:
    registry = make_registry(fleet.database)
    with fleet.database.write() as tx:
        key = make_key(tx, registry.user)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                httpx2.Client(
                    base_url=f"{url}/api/projects/{registry.project.id}/llm_prompts/",
                    headers=bearer(key),
                    timeout=60,
                    trust_env=False,
                )
            )
            for url in islice(cycle(fleet.urls), CALLERS)
        ]
        yield Project(registry, clients)
    with fleet.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


def test_one_of_many_simultaneous_publishes_wins_and_the_others_learn_the_current_version(project: Project) -> None:
    with project.registry.database.write() as tx:
        make_prompt(tx, project.registry.actor)
    for base in range(1, 6):
        body = {"prompt": f"text {base + 1}", "base_version": base}
        answers = simultaneously([partial(client.patch, "name/greeting/", json=body) for client in project.clients])
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CALLERS - 1}
        assert {answer.json()["current_version"] for answer in answers if answer.status_code == 409} == {base + 1}
        assert [answer.json()["version"] for answer in answers if answer.status_code == 200] == [base + 1]


def test_one_of_many_simultaneous_creates_wins_and_the_others_learn_that_the_name_is_taken(project: Project) -> None:
    for number in range(5):
        bodies = [{"name": f"wanted-{number}", "prompt": f"by {caller}"} for caller in range(CALLERS)]
        answers = simultaneously(
            [partial(client.post, "", json=body) for client, body in zip(project.clients, bodies, strict=True)]
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CALLERS - 1}
        assert [answer.json() for answer in answers if answer.status_code == 400] == (CALLERS - 1) * [
            {
                "type": "validation_error",
                "code": "unique",
                "detail": "A prompt with this name already exists.",
                "attr": "name",
            }
        ]
        winner = next(answer.json() for answer in answers if answer.status_code == 201)
        assert project.clients[0].get(f"name/wanted-{number}/").json()["prompt"] == winner["prompt"]


def test_one_of_many_simultaneous_duplicates_under_one_name_wins(project: Project) -> None:
    with project.registry.database.write() as tx:
        make_prompt(tx, project.registry.actor)
    body = {"new_name": "copy"}
    answers = simultaneously([partial(client.post, "name/greeting/duplicate/", json=body) for client in project.clients])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CALLERS - 1}


def test_one_of_many_simultaneous_archives_wins_and_the_others_find_nothing(project: Project) -> None:
    with project.registry.database.write() as tx:
        make_prompt(tx, project.registry.actor)
    answers = simultaneously([partial(client.post, "name/greeting/archive/") for client in project.clients])
    assert Counter(answer.status_code for answer in answers) == {204: 1, 404: CALLERS - 1}


def test_one_of_many_simultaneous_puts_creates_the_label_and_the_others_find_it_there(project: Project) -> None:
    with project.registry.database.write() as tx:
        make_prompt(tx, project.registry.actor)
    answers = simultaneously(
        [partial(client.put, "name/greeting/labels/production/", json={"version": 1}) for client in project.clients]
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: CALLERS - 1}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_version_numbers_have_no_gaps_when_many_publish_as_fast_as_they_can(project: Project) -> None:
    with project.registry.database.write() as tx:
        make_prompt(tx, project.registry.actor)

    def publish_ten(client: httpx2.Client) -> list[int]:
        published: list[int] = []
        base = 1
        while len(published) < 10:
            answer = client.patch("name/greeting/", json={"config": {"after": base}, "base_version": base})
            published += [answer.json()["version"]] if answer.status_code == 200 else []
            base = answer.json()["version" if answer.status_code == 200 else "current_version"]
        return published

    published = simultaneously([partial(publish_ten, client) for client in project.clients])
    assert sorted(chain.from_iterable(published)) == list(range(2, 2 + 10 * CALLERS))
    assert all(numbers == sorted(numbers) for numbers in published)


def test_a_label_that_is_moved_all_the_time_always_shows_one_version_with_its_own_content(project: Project) -> None:
    with project.registry.database.write() as tx:
        versions = [make_prompt(tx, project.registry.actor, prompt="text", versions=8)]
    texts = {1: "text"} | {number: f"text v{number}" for number in range(2, 9)}
    writers, readers = project.clients[:4], project.clients[4:8]
    writers[0].put("name/greeting/labels/production/", json={"version": versions[0].version}).raise_for_status()

    def move(client: httpx2.Client, offset: int) -> set[int]:
        turns = [(turn * 3 + offset) % 8 + 1 for turn in range(24)]
        return {client.put("name/greeting/labels/production/", json={"version": turn}).status_code for turn in turns}

    def read(client: httpx2.Client, stop: Event) -> list[tuple[int, str, list[int]]]:
        seen = []
        while not stop.is_set():
            fetched = client.get("name/greeting/", params={"label": "production"}).json()
            history = client.get("resolve/name/greeting/").json()["versions"]
            labelled = [line["version"] for line in history if line["labels"] == ["production"]]
            seen.append((fetched["version"], fetched["prompt"], labelled))
        return seen

    stop = Event()
    with ThreadPoolExecutor(len(readers)) as pool:
        reading = [pool.submit(read, client, stop) for client in readers]
        statuses = simultaneously([partial(move, client, offset) for offset, client in enumerate(writers)])
        stop.set()
        seen = [view for future in reading for view in future.result()]
    assert set.union(*statuses) == {200}
    assert {text == texts[version] for version, text, _ in seen} == {True}
    assert {len(labelled) for *_, labelled in seen} == {1}
    assert len({version for version, *_ in seen}) > 1


def test_who_follows_the_change_log_never_misses_an_entry(project: Project) -> None:
    database = project.registry.database
    with database.read() as tx:
        start = changes.last_sequence(tx)

    def write(client: httpx2.Client, writer: int) -> set[int]:
        return {client.post("", json={"name": f"p-{writer}-{number}", "prompt": "x"}).status_code for number in range(20)}

    def follow(stop: Event) -> list[int]:
        followed: list[Change] = []
        is_last_look = False
        while not is_last_look:
            is_last_look = stop.is_set()
            with database.read() as tx:
                followed += changes.list_changes(tx, after=followed[-1].sequence if followed else start, limit=1000)
        return [change.sequence for change in followed]

    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow, stop)
        statuses = simultaneously([partial(write, client, writer) for writer, client in enumerate(project.clients)])
        stop.set()
    with database.read() as tx:
        written = [change.sequence for change in changes.list_changes(tx, after=start, limit=1000)]
    assert set.union(*statuses) == {201}
    assert len(written) == 20 * CALLERS
    assert following.result() == written


def test_of_referring_to_a_part_and_taking_it_away_at_once_one_succeeds_and_nothing_dangles(project: Project) -> None:
    writer, rival, *readers = project.clients
    for number in range(6):
        part, parent = f"part-{number}", f"parent-{number}"
        for name in (part, parent):
            writer.post("", json={"name": name, "prompt": "plain"}).raise_for_status()
        writer.put(f"name/{part}/labels/production/", json={"version": 1}).raise_for_status()
        tag = f"@@@prompt:name={part}|label=production@@@"
        publish = partial(writer.patch, f"name/{parent}/", json={"base_version": 1, "prompt": tag})
        take = (
            partial(rival.post, f"name/{part}/archive/") if number % 2 else partial(rival.delete, f"name/{part}/labels/production/")
        )
        statuses = [answer.status_code for answer in simultaneously([publish, take])]
        assert statuses in ([200, 409], [400, 204])
        assert {reader.get(f"name/{parent}/").status_code for reader in readers} == {200}


def test_of_simultaneous_moves_undos_promotions_and_merges_one_wins_and_histories_are_chains(project: Project) -> None:
    actor, database = project.registry.actor, project.registry.database
    with database.write() as tx:
        make_prompt(tx, actor, versions=5)
        for version in (1, 2):
            labels.move_label(tx, actor, name="greeting", label="production", version=version)
    position = 2
    for number in range(17):
        others = [version for version in range(1, 6) if version != position]
        with database.write() as tx:
            labels.move_label(tx, actor, name="greeting", label="staging", version=others[number % 4])
            positions = [WantedPosition("greeting", "production", others[(number + 1) % 4])]
            requests = [change_requests.open_request(tx, actor, title="Move", positions=positions).id for _ in range(CALLERS // 4)]
        expected = {"expected_version": position}
        label = "name/greeting/labels/production/"
        promotion = {"from": "staging", "to": "production", "expected": {"greeting": position}}
        calls: list[Callable[[], httpx2.Response]] = []
        for place, request_id in enumerate(requests):
            mine = project.clients[place * 4 : place * 4 + 4]
            calls += [
                partial(mine[0].put, label, json={"version": others[(number + 2) % 4]} | expected),
                partial(mine[1].post, f"{label}undo/", json=expected),
                partial(mine[2].post, "promote/", json=promotion),
                partial(mine[3].post, f"change_requests/{request_id}/merge/", json={"revision": 1}),
            ]
        # Each way of moving a label begins one of the first rounds, so that none depends on chance to win one.
        first = [calls.pop(number)()] if number < len(KINDS) else []
        statuses = Counter(answer.status_code for answer in [*first, *simultaneously(calls)])
        assert statuses == {200: 1, 409: CALLERS - 1}
        with database.read() as tx:
            history = labels.list_history(tx, actor, name="greeting", label="production", limit=100).moves
        assert len(history) == number + 3
        assert history[0].from_version == position
        assert number >= len(KINDS) or history[0].cause.kind is KINDS[number]
        position = history[0].to_version or 0
    moves = [(move.from_version, move.to_version) for move in reversed(history)]
    assert [before for before, _ in moves] == [None, *(since for _, since in moves[:-1])]
