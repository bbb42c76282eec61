"""The web pages, with ten thousand prompts that are all in use."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
from sqlalchemy import Connection, func, insert, select

from bench.dataset import KEY, sqlite_dataset
from bench.loads import Load, in_turns
from bench.pace import Bench
from bench.results import Goal, Topic
from bench.servers import running_promptuary
from promptuary.model.accounts import Browser, SessionLimits
from promptuary.model.changes.payloads import PromptCreated, PromptPublished
from promptuary.registry import sessions
from promptuary.store.engine.database import Database
from promptuary.store.tables import changes, fetches, last_fetches, prompts, versions

_PROMPTS = 10_000
_GOAL_MILLISECONDS = 100
_COOKIE = "promptuary"
_DAYS = 7
_LIMITS = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))


def measure(bench: Bench) -> Topic:
    """Measure every page of a signed-in user, one at a time."""
    dataset = sqlite_dataset(replace(bench, pace=replace(bench.pace, prompts=_PROMPTS)))
    used = bench.subfolder("used") / "promptuary.db"
    shutil.copyfile(dataset.folder / "promptuary.db", used)
    url = f"sqlite:///{used}"
    headers = {"Cookie": f"{_COOKIE}={_fill(url)}"}
    with running_promptuary(bench.subfolder("pages"), database_url=url, key=KEY) as promptuary:
        pages = _pages(dataset.names[0], rare=dataset.needles["rare"][0], common=dataset.needles["common"][0])
        for path in pages.values():
            # A page that leads on to another one would be measured as quick.
            _require_page(promptuary.server.url + path, headers)
        loads = [Load(name, promptuary.server.url + path, headers, connections=1) for name, path in pages.items()]
        outcomes = dict(zip(pages, in_turns(loads, bench.pace.rounds, bench.pace.short_seconds), strict=True))
    return Topic(
        name="pages",
        heading="Web pages",
        remark=(
            f"{dataset.described} Each was fetched on each of the last {_DAYS} days and has a change log. What the server takes "
            "for a page, one request at a time, on SQLite."
        ),
        rows={name: outcome.latencies() for name, outcome in outcomes.items()},
        goals=tuple(
            Goal(f"page, {name}: p95", outcome.p95, _GOAL_MILLISECONDS, unit=" ms", is_minimum=False)
            for name, outcome in outcomes.items()
        ),
    )


def _pages(name: str, *, rare: str, common: str) -> dict[str, str]:
    listed, prompt = "/projects/1/prompts/", f"/projects/1/prompts/{name}/"
    return {
        "list": listed,
        "list, page 150": f"{listed}?page=150",
        "list by author": f"{listed}?sort=created_by",
        "list by author, page 150": f"{listed}?sort=created_by&page=150",
        "list by fetches": f"{listed}?sort=-recent_fetches",
        "list by fetches, page 150": f"{listed}?sort=-recent_fetches&page=150",
        "list of one label": f"{listed}?label=production",
        "search, rare": f"{listed}?search={rare}",
        "search, common": f"{listed}?search={common}",
        "search, common, by fetches": f"{listed}?search={common}&sort=-recent_fetches",
        "search, common, by author": f"{listed}?search={common}&sort=created_by",
        "prompt": prompt,
        "prompt, rendered": f"{prompt}?view=rendered",
        "history": f"{prompt}history/?before=3",
        "compare": f"{prompt}compare/",
        "compare, side by side": f"{prompt}compare/?view=side",
        "edit": f"{prompt}edit/",
        "labels": f"{prompt}labels/",
        "move a label": f"{prompt}labels/set/?label=production&version=3",
        "use": f"{prompt}use/",
        "usage": f"{prompt}usage/",
        "activity of a prompt": f"{prompt}activity/",
        "archive a prompt": f"{prompt}archive/",
        "activity": "/projects/1/activity/",
        "archive": "/projects/1/archive/",
        "new prompt": "/projects/1/new-prompt/",
        "settings": "/projects/1/settings/",
        "keys": "/settings/keys/",
        "sessions": "/settings/sessions/",
        "account": "/settings/",
    }


def _require_page(url: str, headers: dict[str, str]) -> None:
    answer = httpx2.get(url, headers=headers, timeout=60)
    if answer.status_code != httpx2.codes.OK:
        message = f"{url} is answered with {answer.status_code}."
        raise RuntimeError(message)


def _fill(url: str) -> str:
    """Write what use leaves behind, and sign the data set's user in; return the session's value."""
    database = Database.open(url)
    with database.write() as tx:
        for rows in _uses(tx.connection):
            tx.connection.execute(insert(fetches), rows)
        used = select(fetches.c.version_id, func.max(fetches.c.last_fetched_at)).group_by(fetches.c.version_id)
        tx.connection.execute(insert(last_fetches).from_select(list(last_fetches.c), used))
        for rows in _publishes(tx.connection):
            tx.connection.execute(insert(changes), rows)
        new = sessions.begin_session(tx, 1, limits=_LIMITS, browser=Browser("127.0.0.1", "bench"))
    database.close()
    return new.value


Row = dict[str, object]


def _uses(connection: Connection) -> Iterator[list[Row]]:
    now = datetime.now(UTC)
    ids = connection.execute(select(versions.c.id).where(versions.c.version == 1).order_by(versions.c.id)).scalars().all()
    for day in range(_DAYS):
        at = now - timedelta(days=day)
        use: Row = {"day": at.date(), "key_id": "", "label": "production", "last_fetched_at": at}
        yield [use | {"version_id": version_id, "count": 1 + number * 7919 % 1000} for number, version_id in enumerate(ids)]


def _publishes(connection: Connection) -> Iterator[list[Row]]:
    columns = (versions.c.version, versions.c.created_at, prompts.c.id, prompts.c.name)
    found = connection.execute(select(*columns).join(prompts).order_by(versions.c.created_at, versions.c.id))
    for rows in found.partitions(10_000):
        yield [
            {
                "kind": payload.kind.value,
                "project_id": 1,
                "prompt_id": row.id,
                "prompt_name": row.name,
                **dict(zip(("before", "after"), payload.to_json(), strict=True)),
                "actor_user_id": 1,
                "at": row.created_at,
            }
            for row in rows
            for payload in (_payload(row.version),)
        ]


def _payload(version: int) -> PromptCreated | PromptPublished:
    if version == 1:
        return PromptCreated(version, None, has_config=False)
    return PromptPublished(version - 1, version, None, has_config=False, config_changed=False)
