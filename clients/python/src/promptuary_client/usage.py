"""Usage of a prompt: how often its versions were fetched, by label, key and day. Sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from promptuary_client import errors
from promptuary_client.settings import Settings
from promptuary_client.wire import Answer, Operation, Request, author, path_part, prompt_path, read_object, read_params

_NO_PARENTS: Mapping[str, Any] = {"fetches": 0, "prompts": [], "days": []}
"""Usage as a part, from servers without references."""


@dataclass(frozen=True)
class KeyUsage:
    """Fetches with a key. ``label`` and ``mask`` name it; they are `None` if it is not known any more."""

    label: str | None
    mask: str | None
    user: str | None
    fetches: int
    last_fetched_at: str


@dataclass(frozen=True)
class VersionUsage:
    """Fetches of a version, in total, by label, by key and by day; ``last_fetched_at`` is of all time.

    The label `None` stands for fetches by number and of the latest version. At most 100 labels and keys, the most used ones.
    """

    version: int
    fetches: int
    last_fetched_at: str | None
    labels: Mapping[str | None, int]
    keys: tuple[KeyUsage, ...]
    days: Mapping[date, int]


@dataclass(frozen=True)
class PartUsage:
    """Fetches of other prompts that a prompt is a part of, in total, by prompt and by day. They are in no other sum."""

    fetches: int
    prompts: Mapping[str, int]
    days: Mapping[date, int]


@dataclass(frozen=True)
class Usage:
    """Fetches of a prompt from a first to a last day (UTC), and of its versions, newest first.

    ``has_more`` if older versions were fetched, too. Counts are a few seconds late. ``raw`` is the server's JSON object.
    """

    first: date
    last: date
    fetches: int
    versions: tuple[VersionUsage, ...]
    inside_other_prompts: PartUsage
    has_more: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def get_usage(
    settings: Settings, name: str, first: date | None, last: date | None, version: int | None, *, limit: int, offset: int
) -> Operation[Usage]:
    """Return how often a prompt was fetched."""
    path_part(name)
    days = {"from": _day(first, "first"), "to": _day(last, "last")}
    params = read_params(settings, **days, version=version, limit=limit, offset=offset)
    return Operation(Request("GET", f"{prompt_path(settings, name)}usage/", params), _read_usage)


def _day(day: object, field: str) -> str | None:
    if day is None:
        return None
    if not isinstance(day, date):
        raise ValueError(f"`{field}` is a date, such as date(2026, 11, 29).")  # noqa: TRY004 - one kind of error for one kind of mistake.
    # A datetime is a date, too.
    return date(day.year, day.month, day.day).isoformat()


def _read_usage(answer: Answer) -> Usage:
    found = read_object(answer)
    try:
        return Usage(
            first=date.fromisoformat(found["from"]),
            last=date.fromisoformat(found["to"]),
            fetches=found["fetches"],
            versions=tuple(map(_version, found["versions"])),
            inside_other_prompts=_part(found.get("inside_other_prompts", _NO_PARENTS)),
            has_more=bool(found["has_more"]),
            raw=found,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer is not the usage of a prompt.") from error


def _version(row: Mapping[str, Any]) -> VersionUsage:
    return VersionUsage(
        version=row["version"],
        fetches=row["fetches"],
        last_fetched_at=row["last_fetched_at"],
        labels={each["label"]: each["fetches"] for each in row["labels"]},
        keys=tuple(map(_key, row["keys"])),
        days=_days(row),
    )


def _key(row: Mapping[str, Any]) -> KeyUsage:
    return KeyUsage(row["label"], row["mask"], author(row, "user"), row["fetches"], row["last_fetched_at"])


def _part(row: Mapping[str, Any]) -> PartUsage:
    return PartUsage(row["fetches"], {each["name"]: each["fetches"] for each in row["prompts"]}, _days(row))


def _days(row: Mapping[str, Any]) -> dict[date, int]:
    return {date.fromisoformat(each["day"]): each["fetches"] for each in row["days"]}
