"""The history of labels: a row for each time a label was set, moved or removed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from promptuary.model.accounts import Author
from promptuary.model.text import check_text

MAX_REASON = 400


class MoveKind(StrEnum):
    """Way in which a label came to another position. The values are stored; never rename one."""

    DIRECT = "direct"
    UNDO = "undo"
    PROMOTION = "promotion"
    CHANGE_REQUEST = "change_request"
    ARCHIVE = "archive"
    RESTORE = "restore"
    IMPORT = "import"
    EMERGENCY = "emergency"
    """A move by an admin that a rule forbids, with a reason."""
    UNRECORDED = "unrecorded"
    """A move of which the kind is not known: found by an upgrade, or made by an older server beside this one."""


@dataclass(frozen=True, slots=True)
class MoveCause:
    """Cause of moves of labels: the kind, the reason that the user gave, and the release that the move belongs to.

    All moves of one promotion have the same ``release_id``, so that they can be undone together. ``change_request_id`` is the
    request that was merged.
    """

    kind: MoveKind = MoveKind.DIRECT
    reason: str | None = None
    release_id: str | None = None
    change_request_id: int | None = None


DIRECTLY = MoveCause()


@dataclass(frozen=True, slots=True)
class LabelMove:
    """One move of a label of a prompt; a version is `None` if the label was not set before, or is not set since.

    ``id`` grows from move to move. ``created_by`` and ``key_id`` are who moved it and with which key; neither is known of the
    operator.
    """

    id: int
    prompt_id: str
    label: str
    from_version: int | None
    to_version: int | None
    cause: MoveCause
    created_by: Author | None
    key_id: str | None
    created_at: datetime


def checked_reason(reason: str | None) -> str | None:
    """Return a reason in its stored form, `None` if it is blank. Raises `InvalidValue` if it is too long or has NUL."""
    if reason is None or not reason.strip():
        return None
    stripped = reason.strip()
    check_text(stripped, field="reason", max_length=MAX_REASON)
    return stripped
