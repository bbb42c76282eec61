"""Activity of a project as users see it: entries of the change log with their authors."""

from dataclasses import dataclass

from promptuary.model.accounts import Author
from promptuary.model.changes import Change


@dataclass(frozen=True, slots=True)
class Activity:
    """An entry of the change log with what is known today of the user and the key behind it.

    Without a user the operator did it at the command line, or the account is gone; ``change.actor_user_id`` tells which.
    """

    change: Change
    user: Author | None
    key_label: str | None
    key_mask: str | None


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Entries, newest first. The next page is asked for with ``before``, which is `None` on the last one."""

    entries: tuple[Activity, ...]
    before: int | None
