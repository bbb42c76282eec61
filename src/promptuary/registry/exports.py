"""The verb that takes a whole project out, batch by batch."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from promptuary.model.access import Actor, Permission
from promptuary.model.json_text import dump
from promptuary.model.transfer import write_line
from promptuary.store import transfers
from promptuary.store.engine.database import Transaction
from promptuary.store.transfers import Carried, Weight

MAX_VERSIONS_A_BATCH = 2000
MAX_BYTES_A_BATCH = 4_000_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Position at which to continue: in the prompt of this name and creation time, or else after it, at this version number."""

    name: str
    created_at: datetime
    version: int


def export_batch(tx: Transaction, actor: Actor, cursor: Cursor | None = None) -> str:
    """Return lines of an export: as many as a batch may have, at least one version, if there is any.

    The first line tells how many prompts and versions the project has, and whether the batch is the last. Each prompt's own line is
    before the first of its versions in the batch, also where an earlier batch had it. Its labels are behind its last version. A
    batch is of one moment.
    """
    actor.require(Permission.EXPORT)
    start = None if cursor is None else (cursor.name, cursor.created_at)
    # One more than there are versions, because the first may have none left.
    limit = MAX_VERSIONS_A_BATCH + 1
    carried = transfers.list_carried(tx, actor.project_id, start=start, limit=limit)
    first = cursor.version if cursor and carried and carried[0].line.identity == start else 1
    chosen = _chosen(carried, first)
    weights, is_cut = _fitting(tx, chosen, first)
    is_last = not is_cut and len(chosen) == len(carried) < limit
    prompts, versions = transfers.count_carried(tx, actor.project_id)
    counts = dump({"type": "batch", "prompts": prompts, "versions": versions, "is_last": is_last})
    return "".join(f"{line}\n" for line in (counts, *_lines(tx, chosen, weights)))


def _chosen(carried: list[Carried], first: int) -> list[Carried]:
    """Return the first prompts, of which enough versions are to be had."""
    left = MAX_VERSIONS_A_BATCH
    for number, each in enumerate(carried):
        left -= each.prompt.latest_version - (first - 1 if number == 0 else 0)
        if left <= 0:
            return carried[: number + 1]
    return carried


def _fitting(tx: Transaction, chosen: list[Carried], first: int) -> tuple[list[Weight], bool]:
    """Return the versions that fit, in order, and whether there are more."""
    places = {each.prompt.id: place for place, each in enumerate(chosen)}
    found = transfers.list_weights(tx, list(places)) if places else []
    ordered = sorted(found, key=lambda weight: (places[weight.prompt_id], weight.version))
    wanted = [weight for weight in ordered if places[weight.prompt_id] or weight.version >= first]
    size = 0
    for number, weight in enumerate(wanted):
        size += weight.size_bytes
        if number and (size > MAX_BYTES_A_BATCH or number >= MAX_VERSIONS_A_BATCH):
            return wanted[:number], True
    return wanted, False


def _lines(tx: Transaction, chosen: list[Carried], weights: list[Weight]) -> list[str]:
    contents = transfers.read_versions(tx, [weight.id for weight in weights]) if weights else {}
    by_prompt = {prompt_id: list(group) for prompt_id, group in groupby(weights, key=lambda weight: weight.prompt_id)}
    # The first may have no version left, only its labels.
    begun = [each for number, each in enumerate(chosen) if number == 0 or each.prompt.id in by_prompt]
    labels = transfers.list_labels_of(tx, [each.prompt.id for each in begun])
    lines: list[str] = []
    for each in begun:
        own = by_prompt.get(each.prompt.id, [])
        lines.append(write_line(each.line))
        lines += [write_line(contents[weight.id]) for weight in own]
        if not own or own[-1].version == each.prompt.latest_version:
            lines += map(write_line, labels[each.prompt.id])
    return lines
