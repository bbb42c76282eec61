"""Usage: counts of fetches of versions, and their sums."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from promptuary.model.accounts import Author

MAX_DAYS = 366
"""The longest range of days that usage can be asked for."""

DEFAULT_DAYS = 30

RECENT_DAYS = 7
"""The days that lists of prompts tell of."""

MAX_SHOWN = 100
"""Most labels and most keys that are listed of one version."""


def recent_days(today: date, days: int = RECENT_DAYS) -> tuple[date, date]:
    """Return the first and the last of the days that end with ``today``, both part of them."""
    return today - timedelta(days=days - 1), today


class FetchKey(NamedTuple):
    """Key of a count: the version, the API key and the label of a fetch; empty texts for no key and no label.

    ``part_ids`` are the versions that were parts of the text; each is counted as such, too.
    """

    version_id: str
    key_id: str
    label: str
    part_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchCount:
    """Number of fetches of one kind on one day (UTC), and the time of the last one."""

    day: date
    fetch_key: FetchKey
    count: int
    last_fetched_at: datetime


@dataclass(frozen=True, slots=True)
class LabelUsage:
    """Fetches by one label; by number or as the latest where the label is `None`."""

    label: str | None
    fetches: int


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """Fetches with one key. What is not known of a key any more is `None`; so is the id of fetches without a key."""

    key_id: str | None
    label: str | None
    mask: str | None
    revoked_at: datetime | None
    user: Author | None
    fetches: int
    last_fetched_at: datetime


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Fetches of one day (UTC)."""

    day: date
    fetches: int


@dataclass(frozen=True, slots=True)
class VersionUsage:
    """Fetches of one version in a range of days; ``last_fetched_at`` is of all time.

    The most used labels and keys come first, at most `MAX_SHOWN`; ``label_count`` and ``key_count`` say how many there are.
    """

    version: int
    version_id: str
    fetches: int
    last_fetched_at: datetime | None
    labels: tuple[LabelUsage, ...]
    label_count: int
    keys: tuple[KeyUsage, ...]
    key_count: int
    days: tuple[DayUsage, ...]


@dataclass(frozen=True, slots=True)
class ParentUsage:
    """Fetches of a prompt that had another one as a part of its text."""

    name: str
    fetches: int


@dataclass(frozen=True, slots=True)
class PartUsage:
    """Fetches of a prompt as a part of other prompts, which are in no other sum; the most fetched parents, at most `MAX_SHOWN`."""

    fetches: int
    parents: tuple[ParentUsage, ...]
    days: tuple[DayUsage, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Fetches of a prompt from the day ``first`` to the day ``last``, both included, and a page of its fetched versions."""

    first: date
    last: date
    fetches: int
    as_part: PartUsage
    versions: tuple[VersionUsage, ...]
    has_more: bool
