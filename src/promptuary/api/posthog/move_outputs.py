"""The schemas of moves of labels in responses, and the functions that fill them."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.errors import show_refusals
from promptuary.api.posthog.outputs import UserBasic, show_author, show_timestamp
from promptuary.api.posthog.scalars import PositiveInteger, Timestamp
from promptuary.api.posthog.usage import LLMPromptKeyUsage, show_key
from promptuary.differences import unified_diff
from promptuary.model.label_history import LabelMove
from promptuary.registry.move_previews import ArchivePreview
from promptuary.registry.moves import ChangedText, Move, Moves
from promptuary.registry.releases import Release

MAX_DIFF = 100_000
"""Maximum characters of the difference of one text."""

MoveKindName = Literal["direct", "undo", "promotion", "change_request", "archive", "restore", "import", "emergency", "unrecorded"]


class LLMPromptLabelMove(TypedDict):
    """A move of a label; a version is null if the label was not set before, or is not set since."""

    id: int
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None
    kind: MoveKindName
    reason: str | None
    created_by: UserBasic | None
    created_at: Timestamp


class PaginatedLLMPromptLabelMoveList(TypedDict):
    """A page of the history of a label."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[LLMPromptLabelMove]


class LLMPromptMove(TypedDict):
    """A move of a label and its effect on programs.

    `contract_change` is the effect on callers that fill in variables; `affected_prompts` serve another text since, because they
    reference the prompt; `fetches` are those by the label in the last 7 days, by key. Moves of several labels have `label`.
    """

    name: str
    label: NotRequired[str]
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None
    contract_change: Literal["none", "compatible", "breaking"]
    affected_prompts: list[str]
    fetches: list[LLMPromptKeyUsage]


class LLMPromptMoveRefusal(TypedDict):
    """Reason why a label cannot be moved; `current_version` is where it is, null if it is not set."""

    name: str
    code: str
    detail: str
    current_version: PositiveInteger | None


class LLMPromptChangedText(TypedDict):
    """A text that programs would get, as a unified diff: by a label, or, without one, of a prompt that references a moved one."""

    name: str
    label: str | None
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None
    diff: str


class LLMPromptMoves(TypedDict):
    """Labels that were moved together, or, with `dry_run`, would be. Only then it has `texts`, those of at most 20 other prompts.

    `release` is the ID of moves that were made together, by which they can be undone together.
    """

    dry_run: bool
    moves: list[LLMPromptMove]
    refused: list[LLMPromptMoveRefusal]
    texts: NotRequired[list[LLMPromptChangedText]]
    fetches: NotRequired[list[LLMPromptKeyUsage]]
    release: NotRequired[str | None]


class LLMPromptReleasedLabel(TypedDict):
    """A label that was moved in a release."""

    name: str
    label: str
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None


class LLMPromptRelease(TypedDict):
    """Labels that were moved together."""

    id: str
    kind: MoveKindName
    reason: str | None
    created_by: UserBasic | None
    created_at: Timestamp
    moves: list[LLMPromptReleasedLabel]


class PaginatedLLMPromptReleaseList(TypedDict):
    """A page of releases."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[LLMPromptRelease]


def show_label_move(move: LabelMove) -> dict[str, object]:
    """Show a row of a label's history; the shape is `LLMPromptLabelMove`."""
    return {
        "id": move.id,
        "from_version": move.from_version,
        "to_version": move.to_version,
        "kind": move.cause.kind.value,
        "reason": move.cause.reason,
        "created_by": show_author(move.created_by),
        "created_at": show_timestamp(move.created_at),
    }


def show_moves(moves: Moves, *, is_dry_run: bool, with_labels: bool = False) -> dict[str, object]:
    """Show moves that were made or looked at; the shape is `LLMPromptMoves`."""
    body: dict[str, object] = {
        "dry_run": is_dry_run,
        "moves": [_show_move(move, with_label=with_labels) for move in moves.moves],
        "refused": show_refusals(moves.refused),
    }
    if is_dry_run:
        return body | {"texts": [_show_text(text) for text in moves.texts]}
    return body | {"release": moves.release_id}


def show_archive_preview(preview: ArchivePreview) -> dict[str, object]:
    """Show what archiving a prompt would change; the shape is `LLMPromptMoves`."""
    moves = show_moves(preview.moves, is_dry_run=True, with_labels=True)
    return moves | {"fetches": [show_key(key) for key in preview.fetches]}


def show_release(release: Release) -> dict[str, object]:
    """Show a release; the shape is `LLMPromptRelease`."""
    first = release.first
    return {
        "id": release.id,
        "kind": first.cause.kind.value,
        "reason": first.cause.reason,
        "created_by": show_author(first.created_by),
        "created_at": show_timestamp(first.created_at),
        "moves": [
            {"name": name, "label": move.label, "from_version": move.from_version, "to_version": move.to_version}
            for name, move in release.moves
        ],
    }


def _show_move(move: Move, *, with_label: bool) -> dict[str, object]:
    return {
        "name": move.name,
        **({"label": move.label} if with_label else {}),
        "from_version": move.from_version,
        "to_version": move.to_version,
        "contract_change": move.contract_change.value,
        "affected_prompts": list(move.affected_prompts),
        "fetches": [show_key(key) for key in move.fetches],
    }


def _show_text(text: ChangedText) -> LLMPromptChangedText:
    return {
        "name": text.name,
        "label": text.label,
        "from_version": text.from_version,
        "to_version": text.to_version,
        "diff": unified_diff(text.before, text.after, max_characters=MAX_DIFF),
    }
