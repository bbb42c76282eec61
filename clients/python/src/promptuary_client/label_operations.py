"""Operations on labels: move, remove, undo, promote, and the history of moves. Sends nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import Any

from promptuary_client import errors
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import (
    Answer,
    Operation,
    Request,
    author,
    check_label,
    label_path,
    path_part,
    prompt_path,
    read_nothing,
    read_object,
    read_params,
    read_refusals,
    writable_path,
)


class AnyVersion(Enum):
    """The type of `ANY_VERSION`."""

    ANY_VERSION = auto()


ANY_VERSION = AnyVersion.ANY_VERSION
"""Value of ``expected_version`` that allows any version, and a label that is not set."""


@dataclass(frozen=True)
class Circumstances:
    """The reason for a move, which is kept in the history, and ``emergency`` for an admin's move that a rule forbids."""

    reason: str | None = None
    emergency: bool = False

    def body(self) -> dict[str, object]:
        """Return the fields of a body; servers without them are not sent any."""
        reason = {} if self.reason is None else {"reason": self.reason}
        return reason | ({"emergency": True} if self.emergency else {})


@dataclass(frozen=True)
class Label:
    """A label, and the version that it points at."""

    name: str
    prompt: str
    version: int


@dataclass(frozen=True)
class LabelMove:
    """A move of a label. A version is `None` if the label was not set before, or is not set since.

    ``kind`` says how it was moved, for example "direct", "undo" or "promotion".
    """

    from_version: int | None
    to_version: int | None
    kind: str
    reason: str | None
    created_at: str
    created_by: str | None


@dataclass(frozen=True)
class LabelHistory:
    """Moves of a label, newest first; ``count`` is how many there are, and ``has_more`` if there are older ones than the last.

    ``raw`` is the server's JSON object.
    """

    moves: tuple[LabelMove, ...]
    count: int
    has_more: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True)
class ReleasedLabel:
    """A label that was moved together with others. ``is_breaking`` if programs that fill in the variables of before may fail.

    ``affected_prompts`` serve another text since, because they refer to the prompt.
    """

    name: str
    label: str
    from_version: int | None
    to_version: int | None
    is_breaking: bool
    affected_prompts: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """Labels that were moved together; ``id`` is for their undo. With ``is_dry_run``, they would be moved, except those refused.

    ``raw`` is the server's JSON object.
    """

    id: str | None
    is_dry_run: bool
    moves: tuple[ReleasedLabel, ...]
    refused: tuple[errors.MoveRefusal, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def of_prompt(name: str) -> Callable[[PromptKey, Content | None], bool]:
    """Return which keys a change of a prompt concerns: its own, and those that it is a part of."""

    def concerns(key: PromptKey, known: Content | None) -> bool:
        return key.name == name or any(part.name == name for part in (known.references if known else ()))

    return concerns


def move_label(
    settings: Settings, name: str, label: str, version: int, expected_version: int | AnyVersion | None, circumstances: Circumstances
) -> Operation[Label]:
    """Point a label at a version, if it points at the expected one; `None` stands for a label that is not set."""
    expected = {} if expected_version is ANY_VERSION else {"expected_version": expected_version}
    body = {"version": version} | expected | circumstances.body()
    return Operation(Request("PUT", label_path(writable_path(settings, name), label), body=body), _read_label, of_prompt(name))


def remove_label(
    settings: Settings, name: str, label: str, expected_version: int | AnyVersion | None, circumstances: Circumstances
) -> Operation[None]:
    """Remove a label, if it points at the expected version. Raises `ValueError` for what is none."""
    if expected_version is None:
        raise ValueError("`expected_version` is None, so the label is not set, and there is nothing to remove.")
    expected = None if expected_version is ANY_VERSION else expected_version
    emergency = "true" if circumstances.emergency else None
    params = read_params(settings, expected_version=expected, reason=circumstances.reason, emergency=emergency)
    return Operation(Request("DELETE", label_path(writable_path(settings, name), label), params), _read_removal, of_prompt(name))


def undo_label(
    settings: Settings, name: str, label: str, expected_version: int | None, circumstances: Circumstances
) -> Operation[Label | None]:
    """Take the last move of a label back, if it points at the expected version."""
    path = f"{label_path(writable_path(settings, name), label)}undo/"
    body = {"expected_version": expected_version} | circumstances.body()
    return Operation(Request("POST", path, body=body), _read_undo, of_prompt(name))


def label_history(settings: Settings, name: str, label: str, limit: int, offset: int) -> Operation[LabelHistory]:
    """Return the moves of a label."""
    path_part(name)
    path = f"{label_path(prompt_path(settings, name), label)}history/"
    return Operation(Request("GET", path, read_params(settings, limit=limit, offset=offset)), _read_history)


def promote(
    settings: Settings,
    source: str,
    target: str,
    *,
    names: Iterable[str] | None,
    expected: Mapping[str, int | None] | None,
    versions: Mapping[str, int | None] | None,
    circumstances: Circumstances,
    dry_run: bool,
) -> Operation[Release]:
    """Point a label of several prompts at what another label points at. Raises `ValueError` for an empty label."""
    if isinstance(names, str):
        raise ValueError("`names` is a list of names, and not a text.")  # noqa: TRY004 - one kind of error for one kind of mistake.
    body: dict[str, object] = {"from": check_label(source), "to": check_label(target), "dry_run": dry_run}
    body |= {} if names is None else {"names": list(names)}
    body |= {field: dict(value) for field, value in (("expected", expected), ("versions", versions)) if value is not None}
    body |= circumstances.body()
    concerns = None if dry_run else partial(_follows, target)
    return Operation(Request("POST", f"{writable_path(settings)}promote/", body=body), partial(_read_release, target), concerns)


def undo_release(settings: Settings, release_id: str, circumstances: Circumstances, *, dry_run: bool) -> Operation[Release]:
    """Take all moves of a release back, or none."""
    path = f"{writable_path(settings)}releases/{path_part(release_id)}/undo/"
    concerns = None if dry_run else _follows_any
    body = {"dry_run": dry_run} | circumstances.body()
    return Operation(Request("POST", path, body=body), partial(_read_release, ""), concerns)


def label_of(row: Mapping[str, Any]) -> Label:
    """Return a label. Raises `InvalidResponseError`."""
    try:
        return Label(row["name"], row["prompt_name"], row["version"])
    except KeyError as error:
        raise errors.InvalidResponseError("The answer is not a label.") from error


def _follows(label: str, key: PromptKey, known: Content | None) -> bool:
    return key.label == label or any(part.label == label for part in (known.references if known else ()))


def _follows_any(key: PromptKey, known: Content | None) -> bool:
    return key.label is not None or bool(known and known.references)


def _read_label(answer: Answer) -> Label:
    try:
        return label_of(read_object(answer))
    except errors.ConflictError as conflict:
        raise _moved(conflict) from None


def _read_removal(answer: Answer) -> None:
    try:
        read_nothing(answer)
    except errors.ConflictError as conflict:
        raise _moved(conflict) from None


def _read_undo(answer: Answer) -> Label | None:
    return None if answer.status == HTTPStatus.NO_CONTENT else _read_label(answer)


def _moved(conflict: errors.ConflictError) -> errors.LabelMovedError:
    return errors.LabelMovedError(conflict.detail, status=conflict.status, current_version=conflict.current_version)


def _read_history(answer: Answer) -> LabelHistory:
    found = read_object(answer)
    try:
        moves = tuple(map(_move, found["results"]))
        return LabelHistory(moves, int(found["count"]), has_more=found["next"] is not None, raw=found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer is not the history of a label.") from error


def _move(row: Mapping[str, Any]) -> LabelMove:
    return LabelMove(
        from_version=row["from_version"],
        to_version=row["to_version"],
        kind=row["kind"],
        reason=row["reason"],
        created_at=row["created_at"],
        created_by=author(row),
    )


def _read_release(target: str, answer: Answer) -> Release:
    found = read_object(answer)
    try:
        return Release(
            id=found.get("release"),
            is_dry_run=bool(found["dry_run"]),
            moves=tuple(_released(row, target) for row in found["moves"]),
            refused=tuple(read_refusals(found["refused"])),
            raw=found,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer does not say which labels were moved.") from error


def _released(row: Mapping[str, Any], target: str) -> ReleasedLabel:
    return ReleasedLabel(
        name=row["name"],
        label=row.get("label", target),
        from_version=row["from_version"],
        to_version=row["to_version"],
        is_breaking=row["contract_change"] == "breaking",
        affected_prompts=tuple(row["affected_prompts"]),
    )
