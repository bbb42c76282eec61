"""Requests to move labels, which others review, approve and merge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from promptuary.model.access import Role
from promptuary.model.accounts import Author
from promptuary.model.text import check_text

MAX_TITLE = 200
MAX_DESCRIPTION = 4000
MAX_COMMENT = 4000
MAX_COMMENTS = 500
MAX_MOVES = 500


class RequestState(StrEnum):
    """State of a change request. ``approved`` is one that is open and has all approvals it needs."""

    OPEN = "open"
    APPROVED = "approved"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ProposedMove:
    """A move that is proposed. A version is `None` if the label is not set, or is not to be set any more.

    ``from_version`` is where the label was when the request was opened or refreshed, ``current_version`` where it is now. A prompt
    that ``is_archived`` has no labels. ``author_id`` is the user who wrote the version that is proposed, if that is known.
    """

    prompt_id: str
    name: str
    label: str
    from_version: int | None
    to_version: int | None
    current_version: int | None
    is_archived: bool = False
    author_id: int | None = None

    @property
    def is_outdated(self) -> bool:
        """`True` if the label was moved since the request was opened or refreshed."""
        return self.is_archived or self.current_version != self.from_version


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval of the moves of one revision. ``role`` is the one that the user has now, `None` without any.

    It ``counts`` if it is of the present revision, and its user could give it now.
    """

    user: Author
    revision: int
    role: Role | None
    created_at: datetime
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a change request."""

    id: int
    text: str
    created_by: Author | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change request as it is now.

    ``revised_by_id`` is the user who replaced its moves last, `None` if no user has. ``approvals`` are all that were given,
    ``approvals_given`` how many of them count, ``approvals_needed`` how many are required.
    """

    id: int
    title: str
    description: str
    state: RequestState
    revision: int
    merges_itself: bool
    created_by: Author | None
    created_at: datetime
    updated_at: datetime
    ended_by: Author | None
    ended_at: datetime | None
    revised_by_id: int | None = None
    moves: Sequence[ProposedMove] = ()
    approvals: Sequence[Approval] = ()
    approvals_needed: int = 0
    approvals_given: int = 0

    @property
    def is_open(self) -> bool:
        """`True` if it can still be merged or closed."""
        return self.state in {RequestState.OPEN, RequestState.APPROVED}

    @property
    def is_outdated(self) -> bool:
        """`True` if one of its labels was moved since it was opened or refreshed."""
        return self.is_open and any(move.is_outdated for move in self.moves)

    @property
    def author_ids(self) -> frozenset[int]:
        """Users whose work it releases: who opened it, who replaced its moves last, and who wrote its versions."""
        created_by_id = None if self.created_by is None else self.created_by.id
        ids = {created_by_id, self.revised_by_id, *(move.author_id for move in self.moves)}
        return frozenset(user_id for user_id in ids if user_id is not None)


def check_title(title: str) -> None:
    """Raise `InvalidValue` for a title that is blank, too long, or has NUL."""
    check_text(title, field="title", max_length=MAX_TITLE)


def check_description(description: str) -> None:
    """Raise `InvalidValue` for a description that is too long or has NUL."""
    check_text(description, field="description", max_length=MAX_DESCRIPTION, blank=True)


def check_comment(text: str) -> None:
    """Raise `InvalidValue` for a comment that is blank, too long, or has NUL."""
    check_text(text, field="text", max_length=MAX_COMMENT)
