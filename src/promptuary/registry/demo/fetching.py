"""Fetches as programs would have made them in the weeks before today: more on working days, and of some prompts than of others.

They are counted from the versions that labels pointed at, so that the usage of a version ends where the next one took its label.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from promptuary.model.usage import FetchCount, FetchKey

DAYS = 30

_SATURDAY = 5
_BUSIEST = 1800
"""Fetches of the first prompt on its best day; each prompt behind it has a part of what the one before has."""
_FOLLOWS = 0.62
# For so many days labels have been where they are; before, programs got the version before.
_NEW_SINCE = 11
_NOISE = (0.83, 1.04, 1.0, 1.09, 0.87, 0.78, 0.91, 1.12, 0.99, 1.02, 0.71)


def fetch_counts(labelled: Sequence[Mapping[str, Sequence[str]]], *, key_id: str, now: datetime) -> Iterator[FetchCount]:
    """Make up the fetches of prompts, the busiest first; of each the versions by label, from the newest to the one before it."""
    today = now.astimezone(UTC).date()
    for order, versions in enumerate(labelled):
        daily = _BUSIEST * _FOLLOWS**order
        for share, (label, ids) in zip((1.0, 0.06), sorted(versions.items(), key=_by_weight), strict=False):
            for ago in range(DAYS):
                day = today - timedelta(days=ago)
                at = min(now, datetime.combine(day, time(17, 40), UTC))
                quiet = 0.3 if day.weekday() >= _SATURDAY else 1.0
                count = round(daily * share * quiet * _NOISE[(order * 5 + day.toordinal()) % len(_NOISE)])
                if count and at.date() == day:
                    version_id = ids[0] if ago < _NEW_SINCE else ids[-1]
                    yield FetchCount(day, FetchKey(version_id, key_id, label), count, at)


def _by_weight(labelled: tuple[str, Sequence[str]]) -> tuple[bool, str]:
    return labelled[0] != "production", labelled[0]
