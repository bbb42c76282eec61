"""Operations on prompts: each as a request and a reader of its answer. Sends nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from promptuary_client import errors
from promptuary_client.prompts import Prompt, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import (
    Answer,
    Request,
    check_label,
    error_of,
    path_part,
    prompt_path,
    prompts_path,
    read_content,
    read_object,
    read_params,
)

T = TypeVar("T")


class Keep(Enum):
    """The type of `KEEP`."""

    KEEP = auto()


KEEP = Keep.KEEP
"""Value of ``content`` and ``config`` that keeps those of the base version. `None` removes the config."""


class AnyVersion(Enum):
    """The type of `ANY_VERSION`."""

    ANY_VERSION = auto()


ANY_VERSION = AnyVersion.ANY_VERSION
"""Value of ``expected_version`` that allows any version, and a label that is not set."""

PAGE = 100
"""Prompts in one page of a list."""


@dataclass(frozen=True)
class Version:
    """A version of a prompt. ``labels`` are those that point at it; ``raw`` is the server's JSON object."""

    name: str
    version: int
    content: str
    config: dict[str, Any] | None
    description: str | None
    labels: tuple[str, ...]
    is_latest: bool
    latest_version: int
    created_at: str
    created_by: str | None
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Label:
    """A label, and the version that it points at."""

    name: str
    prompt: str
    version: int


@dataclass(frozen=True)
class VersionSummary:
    """A version in a history, without its content."""

    version: int
    description: str | None
    labels: tuple[str, ...]
    is_latest: bool
    created_at: str
    created_by: str | None


@dataclass(frozen=True)
class History:
    """The versions of a prompt, newest first; ``has_more`` if there are older ones than the last of them."""

    latest: Version
    versions: tuple[VersionSummary, ...]
    labels: tuple[Label, ...]
    has_more: bool


@dataclass(frozen=True)
class Unresolved:
    """A prompt of a list whose references stand in the way of its text."""

    name: str
    error: errors.PromptReferenceError


@dataclass(frozen=True)
class Page:
    """One page of a list; ``count`` is how many prompts the whole list has.

    ``unresolved`` are prompts of the page that are not among ``prompts``, because their references stand in the way.
    """

    prompts: tuple[Version, ...]
    count: int
    has_more: bool
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True)
class Operation(Generic[T]):
    """A request and the reader of its answer. ``changes`` is the name of the prompt that it changes, if any."""

    request: Request
    read: Callable[[Answer], T]
    changes: str | None = None


def create(
    settings: Settings, name: str, content: object, config: Mapping[str, Any] | None, description: str | None
) -> Operation[Version]:
    """Create a prompt, at version 1."""
    body = {"name": name, "prompt": content} | _given(config=config, version_description=description)
    return Operation(Request("POST", _writable(settings), body=body), _read_version, name)


def publish(
    settings: Settings, name: str, base_version: int, description: str | None, **changes: object | Keep
) -> Operation[Version]:
    """Add the next version on top of a base version; ``changes`` are ``prompt``, ``edits`` and ``config``."""
    changed = {field: value for field, value in changes.items() if value is not KEEP}
    body = {"base_version": base_version} | changed | _given(version_description=description)
    return Operation(Request("PATCH", _writable(settings, name), body=body), _read_version, name)


def edits_of(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return edits in the server's format."""
    return [{"old": old, "new": new} for old, new in pairs]


def move_label(
    settings: Settings, name: str, label: str, version: int, expected_version: int | AnyVersion | None = ANY_VERSION
) -> Operation[Label]:
    """Point a label at a version, if it points at the expected one; `None` stands for a label that is not set."""
    path = f"{_writable(settings, name)}labels/{path_part(label)}/"
    expected = {} if expected_version is ANY_VERSION else {"expected_version": expected_version}
    return Operation(Request("PUT", path, body={"version": version} | expected), _read_label, name)


def remove_label(settings: Settings, name: str, label: str, expected_version: int | AnyVersion = ANY_VERSION) -> Operation[None]:
    """Remove a label, if it points at the expected version."""
    path = f"{_writable(settings, name)}labels/{path_part(label)}/"
    expected = {} if expected_version is ANY_VERSION else {"expected_version": str(expected_version)}
    return Operation(Request("DELETE", path, expected), _read_removal, name)


def archive(settings: Settings, name: str) -> Operation[None]:
    """Archive a prompt with all its versions."""
    return Operation(Request("POST", f"{_writable(settings, name)}archive/"), _read_nothing, name)


def duplicate(settings: Settings, name: str, new_name: str) -> Operation[Version]:
    """Create a prompt from the latest version of another."""
    return Operation(
        Request("POST", f"{_writable(settings, name)}duplicate/", body={"new_name": new_name}), _read_version, new_name
    )


def history(settings: Settings, name: str, limit: int, before_version: int | None) -> Operation[History]:
    """Return the versions of a prompt."""
    path = f"{prompts_path(settings)}resolve/name/{path_part(name)}/"
    return Operation(Request("GET", path, read_params(settings, limit=limit, before_version=before_version)), _read_history)


def fetch_past(settings: Settings, key: PromptKey, at: str) -> Operation[Prompt]:
    """Return what a fetch got at a time of the past. Only for servers that pass `check_past`: others return the present."""
    raw = {} if key.resolve else {"resolve": "false"}
    params = read_params(settings, label=key.label, at=at, **raw)
    return Operation(Request("GET", prompt_path(settings, key.name), params), partial(_read_past, key))


def check_past(settings: Settings) -> Operation[None]:
    """Ask if the server has the history of labels, which it needs for times of the past."""
    return Operation(Request("GET", f"{prompts_path(settings)}releases/", read_params(settings, limit=1)), _read_releases)


def list_prompts(settings: Settings, **params: object) -> Operation[Page]:
    """List prompts, at their latest versions or at those that carry a label. Raises `ValueError` for an empty label."""
    check_label(params.get("label"))
    return Operation(Request("GET", prompts_path(settings), read_params(settings, **params)), _read_page)


def _writable(settings: Settings, name: str | None = None) -> str:
    if settings.has_token:
        raise errors.ConfigurationError("A project token is read-only. Set `project` to the project's ID to change prompts.")
    if name is None:
        return prompts_path(settings)
    path_part(name)
    return prompt_path(settings, name)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _read_nothing(answer: Answer) -> None:
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the range of success.
        raise error_of(answer)


def _read_label(answer: Answer) -> Label:
    try:
        return _label(read_object(answer))
    except errors.ConflictError as conflict:
        raise _moved(conflict) from None


def _read_removal(answer: Answer) -> None:
    try:
        _read_nothing(answer)
    except errors.ConflictError as conflict:
        raise _moved(conflict) from None


def _moved(conflict: errors.ConflictError) -> errors.LabelMovedError:
    return errors.LabelMovedError(conflict.detail, status=conflict.status, current_version=conflict.current_version)


def _read_past(key: PromptKey, answer: Answer) -> Prompt:
    content = read_content(read_object(answer))
    return Prompt(content, content.name, content.version, key.label, "server", None)


def _read_releases(answer: Answer) -> None:
    try:
        read_object(answer)
    except errors.NotFoundError as error:
        text = f"{error.detail} For `at`, the server needs the history of labels. Check the project, or upgrade the server."
        raise errors.InvalidRequestError(text, status=error.status) from None


def _read_version(answer: Answer) -> Version:
    return _version(read_object(answer))


def _read_history(answer: Answer) -> History:
    found = read_object(answer)
    try:
        return History(
            latest=_version(found["prompt"]),
            versions=tuple(_summary(row) for row in found["versions"]),
            labels=tuple(_label(row) for row in found["labels"]),
            has_more=bool(found["has_more"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer is not the history of a prompt.") from error


def _read_page(answer: Answer) -> Page:
    found = read_object(answer)
    try:
        rows = tuple(_version(row) for row in found["results"])
        unresolved = tuple(map(_unresolved, found.get("unresolved", ())))
        return Page(rows, int(found["count"]), has_more=found["next"] is not None, unresolved=unresolved)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer is not a list of prompts.") from error


def _version(row: Mapping[str, Any]) -> Version:
    try:
        return Version(
            name=row["name"],
            version=row["version"],
            content=row.get("prompt", row.get("prompt_preview", "")),
            config=row.get("config"),
            description=row["version_description"],
            labels=tuple(row["labels"]),
            is_latest=row["is_latest"],
            latest_version=row["latest_version"],
            created_at=row["created_at"],
            created_by=(row["created_by"] or {}).get("email"),
            raw=row,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise errors.InvalidResponseError("The answer is not a prompt.") from error


def _unresolved(row: Mapping[str, Any]) -> Unresolved:
    # A list does not tell the status with which a fetch of the prompt would fail.
    error = errors.PromptReferenceError(str(row["detail"]), status=HTTPStatus.CONFLICT, reference_name=str(row["reference_name"]))
    return Unresolved(str(row["name"]), error)


def _summary(row: Mapping[str, Any]) -> VersionSummary:
    return VersionSummary(
        version=row["version"],
        description=row["version_description"],
        labels=tuple(row["labels"]),
        is_latest=row["is_latest"],
        created_at=row["created_at"],
        created_by=(row["created_by"] or {}).get("email"),
    )


def _label(row: Mapping[str, Any]) -> Label:
    try:
        return Label(row["name"], row["prompt_name"], row["version"])
    except KeyError as error:
        raise errors.InvalidResponseError("The answer is not a label.") from error
