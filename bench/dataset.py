"""The big data set: prompts with three versions each and labels, the same on every machine, written once and kept.

Rows go into the tables directly, because the registry's verbs would take an hour; what the store derives from them is then
rebuilt by the store itself.
"""

import json
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving import environment
from sqlalchemy import Connection, insert

from bench.pace import Bench
from bench.vocabulary import Prose
from promptuary.model.content import encode_prompt, search_key, text_of
from promptuary.model.outline import outline_of
from promptuary.registry.access import hash_key
from promptuary.store import schema
from promptuary.store.engine.database import Database
from promptuary.store.tables import keys, labels, members, projects, prompts, users, versions

KEY = "phx_benchmark_benchmark_benchmark_benchmark_ben"
VERSIONS = 3

_REVISION = 1
_SEED = 20_261_124
_BATCH = 1_000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_NEEDLE_LETTERS = 6
_NEEDLES = 25
_LABELS = (("production", 2, 0.6), ("staging", 3, 0.3))

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder with the database (on SQLite), the names in random order, and needles by how many prompts have them."""

    folder: Path
    prompts: int

    @property
    def url(self) -> str:
        """Location of the data."""
        return f"sqlite:///{self.folder / 'promptuary.db'}"

    @property
    def described(self) -> str:
        """A sentence about what is in it."""
        return f"{self.prompts:,} prompts with {VERSIONS} versions each."

    @property
    def names(self) -> list[str]:
        """The names of all prompts, in random order."""
        return (self.folder / "names.txt").read_text().split()

    @property
    def needles(self) -> dict[str, list[str]]:
        """Words of six letters by how common they are."""
        found: dict[str, list[str]] = json.loads((self.folder / "needles.json").read_text())
        return found


def sqlite_dataset(bench: Bench) -> Dataset:
    """Return the data set, from an earlier run or written now."""
    name = f"dataset-{_REVISION}-{schema.HEAD}-{bench.pace.prompts}"
    dataset = Dataset(bench.cache / name, bench.pace.prompts)
    if not dataset.folder.exists():
        draft = Dataset(bench.cache / f"{name}.draft", bench.pace.prompts)
        shutil.rmtree(draft.folder, ignore_errors=True)
        draft.folder.mkdir(parents=True)
        known = fill(draft.url, draft.prompts)
        (draft.folder / "names.txt").write_text("\n".join(known.names))
        (draft.folder / "needles.json").write_text(json.dumps(known.needles))
        draft.folder.rename(dataset.folder)
    return dataset


@dataclass(frozen=True, slots=True)
class Known:
    """Identifiers of a written data set."""

    names: list[str]
    needles: dict[str, list[str]]


def fill(url: str, prompt_count: int) -> Known:
    """Write the data set into an empty database."""
    print(f"Writing {prompt_count:,} prompts with {VERSIONS} versions each; this takes some minutes ...", flush=True)
    prose = Prose(_SEED)
    frequencies: Counter[str] = Counter()
    names: list[str] = []
    database = Database.open(url)
    schema.upgrade(database)
    with database.write() as tx:
        _insert_accounts(tx.connection)
        for rows in _batches(prose, prompt_count, frequencies, names):
            for table in (prompts, versions, labels):
                tx.connection.execute(insert(table), rows[table.name])
    database.close()
    _reindex(url)
    return Known(prose.shuffled(names), _choose_needles(frequencies, prompt_count))


def _insert_accounts(connection: Connection) -> None:
    at = {"created_at": _START}
    user_id = str(uuid.UUID(int=1))
    connection.execute(insert(projects), [{"id": 1, "name": "Benchmark", "api_token": "phc_benchmark", **at}])
    user = {"id": 1, "uuid": user_id, "email": "bench@example.com", "first_name": "Bench", "last_name": "", "is_active": True}
    connection.execute(insert(users), [user | {"current_project_id": 1, **at}])
    connection.execute(insert(members), [{"project_id": 1, "user_id": 1, "role": "admin", **at}])
    key = {"id": user_id, "user_id": 1, "label": "Benchmark", "mask": "phx_...", "scopes": ["*"], "value_hash": hash_key(KEY)}
    connection.execute(insert(keys), [key | at])


def _batches(prose: Prose, count: int, frequencies: Counter[str], names: list[str]) -> Iterator[Mapping[str, list[Row]]]:
    rows: dict[str, list[Row]] = {"prompts": [], "versions": [], "labels": []}
    for number in range(count):
        name = f"{'-'.join(prose.words_at_random(2))}-{number:06}"
        names.append(name)
        texts = _append_prompt(rows, prose, number, name)
        frequencies.update(set(texts[-1].lower().replace(".", " ").split()))
        if (number + 1) % _BATCH == 0 or number + 1 == count:
            yield rows
            rows = {"prompts": [], "versions": [], "labels": []}


def _append_prompt(rows: dict[str, list[Row]], prose: Prose, number: int, name: str) -> list[str]:
    prompt_id = _id(2, number)
    # Spread over a year, in an order that has nothing to do with the names.
    at = _START + timedelta(seconds=number * 7_919 % 31_000_000)
    rows["prompts"].append(
        {"id": prompt_id, "project_id": 1, "name": name, "latest_version": VERSIONS, "created_at": at, "archived_at": None}
    )
    paragraphs = prose.text()
    texts = []
    version_ids = [_id(2 + version, number) for version in range(1, VERSIONS + 1)]
    for version in range(1, VERSIONS + 1):
        texts.append("\n\n".join(paragraphs))
        row = _version_row(texts[-1]) | {"prompt_id": prompt_id, "version": version, "created_at": at + timedelta(days=version - 1)}
        rows["versions"].append({"id": version_ids[version - 1]} | row)
        paragraphs = prose.edited(paragraphs)
    for place, (label, version, probability) in enumerate(_LABELS):
        if prose.chance(probability):
            pointer = {"prompt_id": prompt_id, "version_id": version_ids[version - 1], "created_by_id": 1}
            row_id = _id(8 + place, number)
            rows["labels"].append({"id": row_id, "name": label, "created_at": at, "updated_at": at} | pointer)
    return texts


def _id(kind: int, number: int) -> str:
    return str(uuid.UUID(int=(kind << 96) + number))


def _version_row(text: str) -> Row:
    content = encode_prompt(text)
    return {
        "content": content,
        "config": None,
        "description": None,
        "size_bytes": len(content.encode()),
        "folded_text": search_key(content),
        "outline": [[heading.level, heading.text] for heading in outline_of(text_of(content))],
        "created_by_id": 1,
    }


def _reindex(url: str) -> None:
    """Rebuild what is derived from the rows, where this version has such a thing."""
    command = [sys.executable, "-m", "promptuary", "db"]
    known = subprocess.run([*command, "--help"], env=environment(database_url=url), capture_output=True, text=True, check=True)
    if "reindex" in known.stdout:
        subprocess.run([*command, "reindex"], env=environment(database_url=url), capture_output=True, check=True)


def _choose_needles(frequencies: Counter[str], prompt_count: int) -> dict[str, list[str]]:
    """Choose words of six letters, by the number of prompts that have them, alone or inside longer words, at most."""
    candidates = [word for word in frequencies if len(word) == _NEEDLE_LETTERS and word.isalpha()]
    bounds = {"rare": (1, 0.0005 * prompt_count), "medium": (0.005 * prompt_count, 0.02 * prompt_count)}
    bounds["common"] = (0.1 * prompt_count, prompt_count)
    chosen: dict[str, list[str]] = {}
    for name, (least, most) in bounds.items():
        fitting = [word for word in candidates if least <= frequencies[word] <= most]
        chosen[name] = sorted(fitting)[:: max(1, len(fitting) // _NEEDLES)][:_NEEDLES]
    chosen["absent"] = [needle for word in chosen["rare"] if (needle := word[::-1]) not in frequencies]
    return chosen
