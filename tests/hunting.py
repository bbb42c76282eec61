"""Hunts for a single stale or torn answer of real servers while everything changes. `make soak` runs it for a minute and longer.

A writer changes something, waits for the acknowledgement and raises what readers may expect from then on. Readers note what they
may expect, fetch, and compare: less than they noted is stale, parts that do not fit each other are torn.
"""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
from builders import Registry, bearer, make_key, make_prompt, make_user

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import NewKey
from promptuary.registry import labels, prompts
from promptuary.registry.operator import keys, members, users

NAMES = ("one", "two", "three")
PART = "part"
PARENTS = {
    "whole": f"@@@prompt:name={PART}|label=production@@@",
    "outer": "@@@prompt:name=whole|version=1@@@",
    "other-outer": "@@@prompt:name=whole|label=production@@@",
}
"""Prompts that have the text of the part, which changes when its label moves."""
ROUNDS_PER_GENERATION = 40

Point = tuple[int, int]
"""A generation of a prompt (an archive begins the next one) and a version in it; version 0 while there is none."""


@dataclass
class Hunt:
    """One hunt over one database. ``floors`` are the least that may be read now, by prompt name and query."""

    registry: Registry
    key: NewKey
    floors: dict[tuple[str, str], Point] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)
    findings: list[str] = field(default_factory=list)
    reads: int = 0
    writes: int = 0

    @property
    def path(self) -> str:
        return f"/api/projects/{self.registry.project.id}/llm_prompts/"

    def rounds(self) -> Iterator[int]:
        return itertools.takewhile(lambda _: not self.is_over.is_set(), itertools.count(1))


def make_hunt(registry: Registry) -> Hunt:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        for name, text in {**dict.fromkeys((*NAMES, "fixed", PART), "1.1"), **PARENTS}.items():
            make_prompt(tx, registry.actor, name=name, prompt=text)
            labels.move_label(tx, registry.actor, name=name, label="production", version=1)
    hunt = Hunt(registry, key)
    for name in (*NAMES, *PARENTS):
        expect(hunt, name, "", (1, 1))
        expect(hunt, name, "?label=production", (1, 1))
    return hunt


@contextmanager
def hunting(hunt: Hunt, strict_urls: list[str], other_urls: list[str], *, is_beside_strict: bool) -> Iterator[None]:
    """Hunt for the length of the block.

    Servers of ``strict_urls`` must show what was acknowledged; others may lag, but not go back. Writes go to the first strict
    server and, if ``is_beside_strict``, also beside all servers, as the command line writes.
    """
    with ThreadPoolExecutor(max_workers=48) as pool:
        tasks = [pool.submit(write, hunt, name, strict_urls[0], is_beside=is_beside_strict) for name in NAMES]
        tasks.append(pool.submit(write_part, hunt, strict_urls[0], is_beside=is_beside_strict))
        tasks += [pool.submit(read, hunt, name, url) for url in strict_urls for name in (*NAMES, *PARENTS)]
        tasks += [pool.submit(read_later, hunt, name, url) for url in other_urls for name in (*NAMES, *PARENTS)]
        if is_beside_strict:
            tasks.append(pool.submit(give_and_take, hunt, strict_urls[-1]))
        try:
            yield
        finally:
            hunt.is_over.set()
        for task in tasks:
            task.result()


def read(hunt: Hunt, name: str, url: str) -> None:
    """Fetch a prompt again and again, now the latest, now the labelled version, with fresh and with kept connections."""
    for number in hunt.rounds():
        with httpx2.Client(base_url=url, headers=bearer(hunt.key), timeout=30) as client:
            for query in ("", "?label=production") * (number % 8 + 1):
                floor = hunt.floors[name, query]
                point = read_point(hunt, client, f"{hunt.path}name/{name}/{query}")
                is_missing = point is None and hunt.floors[name, query] == floor and floor[1] != 0
                if is_missing or (point is not None and point < floor):
                    hunt.findings.append(f"{name}{query}: {point} after {floor}")


def read_later(hunt: Hunt, name: str, url: str) -> None:
    """Fetch from a server that may lag, and compare with what it has shown before."""
    shown = (0, 0)
    with httpx2.Client(base_url=url, headers=bearer(hunt.key), timeout=30) as client:
        for _ in hunt.rounds():
            point = read_point(hunt, client, f"{hunt.path}name/{name}/") or shown
            if point < shown:
                hunt.findings.append(f"{name}: {point} after {shown}")
            shown = point


def read_point(hunt: Hunt, client: httpx2.Client, path: str) -> Point | None:
    hunt.reads += 1
    answer = ask(client, path)
    if answer.status_code == 404:
        return None
    body = answer.json()
    generation, number = (int(part) for part in body["prompt"].split("."))
    # Of a parent, the text is that of the part, which is met last.
    served: list[dict[str, int]] = body["resolved_references"]
    shown = served[-1] if served else body
    if number != shown["version"] or body["is_latest"] is not (body["latest_version"] == body["version"]):
        hunt.findings.append(f"torn: {body}")
    return generation, number


def ask(client: httpx2.Client, path: str) -> httpx2.Response:
    """Fetch, again when the worker that held the connection was killed."""
    for _ in range(1000):
        try:
            return client.get(path)
        except httpx2.TransportError:
            continue
    message = "no worker answers"
    raise RuntimeError(message)


def write(hunt: Hunt, name: str, url: str, *, is_beside: bool) -> None:
    """Publish, move the label, and now and then archive the prompt, restore it, archive it and create another one of its name."""
    generation, version = 1, 1
    path = f"{hunt.path}name/{name}/"
    with httpx2.Client(base_url=url, headers=bearer(hunt.key), timeout=30) as client:
        for number in hunt.rounds():
            hunt.writes += 2
            if number % ROUNDS_PER_GENERATION == 0:
                expect_nothing(hunt, name, (generation, 0))
                client.post(f"{path}archive/").raise_for_status()
                client.post(f"{path}restore/").raise_for_status()
                expect(hunt, name, "", (generation, version))
                read_restored(hunt, name, url, (generation, version))
                expect_nothing(hunt, name, (generation, 0))
                client.post(f"{path}archive/").raise_for_status()
                generation, version = generation + 1, 1
                expect_nothing(hunt, name, (generation, 0))
                client.post(hunt.path, json={"name": name, "prompt": f"{generation}.1"}).raise_for_status()
            else:
                text = f"{generation}.{version + 1}"
                if is_beside and number % 2:
                    publish_beside(hunt, name, version, text)
                else:
                    client.patch(path, json={"base_version": version, "prompt": text}).raise_for_status()
                version += 1
            expect(hunt, name, "", (generation, version))
            client.put(f"{path}labels/production/", json={"version": version}).raise_for_status()
            expect(hunt, name, "?label=production", (generation, version))


def write_part(hunt: Hunt, url: str, *, is_beside: bool) -> None:
    """Publish a version of the part, which changes no parent, and move its label, which changes all."""
    with httpx2.Client(base_url=url, headers=bearer(hunt.key), timeout=30) as client:
        for number in hunt.rounds():
            version = number + 1
            hunt.writes += 2
            client.patch(
                f"{hunt.path}name/{PART}/", json={"base_version": version - 1, "prompt": f"1.{version}"}
            ).raise_for_status()
            if is_beside and version % 2:
                move_beside(hunt, PART, version)
            else:
                client.put(f"{hunt.path}name/{PART}/labels/production/", json={"version": version}).raise_for_status()
            for name in PARENTS:
                expect(hunt, name, "", (1, version))
                expect(hunt, name, "?label=production", (1, version))


def read_restored(hunt: Hunt, name: str, url: str, expected: Point) -> None:
    """Fetch a prompt that was just restored, over several connections and so from several workers."""
    for _ in range(4):
        with httpx2.Client(base_url=url, headers=bearer(hunt.key), timeout=30) as client:
            point = read_point(hunt, client, f"{hunt.path}name/{name}/")
        if point != expected:
            hunt.findings.append(f"{name}: {point} restored as {expected}")


def give_and_take(hunt: Hunt, url: str) -> None:
    """Give and take access as the command line does, and ask after each."""
    database, project_id = hunt.registry.database, hunt.registry.project.id
    with database.write() as tx:
        email = make_user(tx).email
    with httpx2.Client(base_url=url, timeout=30) as client:
        for _ in hunt.rounds():
            with database.write() as tx:
                members.set_member(tx, project_id=project_id, email=email, role=Role.VIEWER)
                key = make_key(tx, users.get_user(tx, email), Scope.READ)
            check_access(hunt, client, key, 200)
            with database.write() as tx:
                members.remove_member(tx, project_id=project_id, email=email)
            check_access(hunt, client, key, 403)
            with database.write() as tx:
                keys.revoke_key(tx, key.key.id)
            check_access(hunt, client, key, 401)


def check_access(hunt: Hunt, client: httpx2.Client, key: NewKey, status: int) -> None:
    answers = {client.get(f"{hunt.path}name/fixed/", headers=bearer(key)).status_code for _ in range(4)}
    if answers != {status}:
        hunt.findings.append(f"access: {answers} in place of {status}")


def publish_beside(hunt: Hunt, name: str, version: int, text: str) -> None:
    with hunt.registry.database.write() as tx:
        prompts.publish_version(tx, hunt.registry.actor, name=name, base_version=version, prompt=text)


def move_beside(hunt: Hunt, name: str, version: int) -> None:
    with hunt.registry.database.write() as tx:
        labels.move_label(tx, hunt.registry.actor, name=name, label="production", version=version)


def expect(hunt: Hunt, name: str, query: str, point: Point) -> None:
    hunt.floors[name, query] = point


def expect_nothing(hunt: Hunt, name: str, point: Point) -> None:
    for query in ("", "?label=production"):
        expect(hunt, name, query, point)
