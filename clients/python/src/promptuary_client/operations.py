"""Operations on prompts: each as a request and a reader of its answer. Sends nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import Any

from promptuary_client import errors
from promptuary_client.label_operations import Label, label_of, of_prompt
from promptuary_client.prompts import Content, Prompt, PromptKey
from promptuary_client.settings import Settings, check_headers
from promptuary_client.wire import (
    Answer,
    Operation,
    Request,
    author,
    check_label,
    path_part,
    project_path,
    prompt_path,
    prompts_path,
    read_answer,
    read_content,
    read_nothing,
    read_object,
    read_params,
    writable_path,
)


class Keep(Enum):
    """The type of `KEEP`."""

    KEEP = auto()


KEEP = Keep.KEEP
"""Value of ``content`` and ``config`` that keeps those of the base version. `None` removes the config."""


PAGE = 100
"""Prompts in one page of a list."""

_READING = frozenset({"GET", "HEAD"})
_CLIENTS_HEADERS = frozenset({"authorization", "content-length", "host", "transfer-encoding"})
_NOT_OF_A_PATH = frozenset("?#\\")


@dataclass(frozen=True)
class Version:
    """A version of a prompt. ``labels`` are those that point at it; ``raw`` is the server's JSON object.

    ``archived_at`` is set in lists of archived prompts only.
    """

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
    id: str
    archived_at: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


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
class RestoredPrompt:
    """A prompt that was restored, at its ``latest`` version. ``former_labels`` are those that it had, and has no longer."""

    latest: Version
    former_labels: tuple[Label, ...]


@dataclass(frozen=True)
class History:
    """The versions of a prompt, newest first; ``has_more`` if there are older ones than the last of them.

    ``selected`` is the version that was asked for, in full, by default the latest one. ``raw`` is the server's JSON object.
    """

    selected: Version
    versions: tuple[VersionSummary, ...]
    labels: tuple[Label, ...]
    has_more: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def latest(self) -> Version:
        """The former name of ``selected``."""
        return self.selected


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


def request(
    settings: Settings,
    method: str,
    path: str,
    params: Mapping[str, Any] | None,
    body: object,
    headers: Mapping[str, str] | None,
) -> Operation[Answer]:
    """Send any request: to a path below the project's, or, if it begins with a slash, below the host's.

    Raises `ValueError` for what cannot be sent, and `ConfigurationError` for a change in a project named by its token.
    """
    method, path = _check_method(method), _check_path(path)
    if method not in _READING:
        writable_path(settings)
    below = path if path.startswith("/") else f"{project_path(settings)}{path}"
    given = {name: value for name, value in (params or {}).items() if value is not None}
    lists = {name: [*map(str, value)] if isinstance(value, (list, tuple)) else str(value) for name, value in given.items()}
    sent = Request(method, below, read_params(settings) | lists, _own_headers(headers), body)
    return Operation(sent, read_answer, None if method in _READING else _any_prompt)


def create(
    settings: Settings, name: str, content: object, labels: Iterable[str], description: str | None, **fields: object
) -> Operation[Version]:
    """Create a prompt, at version 1; ``fields`` are ``config`` and ``variables``."""
    body = {"name": name, "prompt": content}
    body |= _given(version_description=description, labels=_labels_of(labels), **fields)
    return Operation(Request("POST", writable_path(settings), body=body), _read_version, of_prompt(name))


def publish(
    settings: Settings, name: str, base_version: int, labels: Iterable[str], description: str | None, **changes: object | Keep
) -> Operation[Version]:
    """Add the next version on top of a base version; ``changes`` are ``prompt``, ``edits``, ``config`` and ``variables``."""
    changed = {field: value for field, value in changes.items() if value is not KEEP}
    body = {"base_version": base_version} | changed | _given(version_description=description, labels=_labels_of(labels))
    return Operation(Request("PATCH", writable_path(settings, name), body=body), _read_version, of_prompt(name))


def edits_of(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return edits in the server's format."""
    return [{"old": old, "new": new} for old, new in pairs]


def archive(settings: Settings, name: str, reason: str | None) -> Operation[None]:
    """Archive a prompt with all its versions."""
    params = read_params(settings, reason=reason)
    return Operation(Request("POST", f"{writable_path(settings, name)}archive/", params), read_nothing, of_prompt(name))


def restore(settings: Settings, name: str, version_id: str | None) -> Operation[RestoredPrompt]:
    """Bring an archived prompt back."""
    body = _given(id=version_id)
    return Operation(Request("POST", f"{writable_path(settings, name)}restore/", body=body), _read_restored, of_prompt(name))


def duplicate(settings: Settings, name: str, new_name: str) -> Operation[Version]:
    """Create a prompt from the latest version of another."""
    request = Request("POST", f"{writable_path(settings, name)}duplicate/", body={"new_name": new_name})
    return Operation(request, _read_version, of_prompt(new_name))


def history(settings: Settings, name: str, **params: object) -> Operation[History]:
    """Return the versions of a prompt, and one of them in full."""
    path = f"{prompts_path(settings)}resolve/name/{path_part(name)}/"
    return Operation(Request("GET", path, read_params(settings, **params)), _read_history)


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


def _labels_of(labels: Iterable[str]) -> list[str] | None:
    """Return labels for a body, `None` if there are none. Raises `ValueError` for what is no list."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ValueError("`labels` is a list of labels.")  # noqa: TRY004 - one kind of error for one kind of mistake.
    return list(labels) or None


def _check_method(method: object) -> str:
    if not (isinstance(method, str) and method.isascii() and method.isalpha()):
        raise ValueError(f"{method!r} is not a method of HTTP.")
    return method.upper()


def _check_path(path: object) -> str:
    is_path = isinstance(path, str) and path.isprintable() and not _NOT_OF_A_PATH.intersection(path)
    if not isinstance(path, str) or not is_path or "//" in path or ".." in path.split("/"):
        raise ValueError(f"{path!r} is not the path of an endpoint.")
    return path


def _own_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers of a request. Raises `ValueError` for those that the client sends itself."""
    found = {} if headers is None else dict(headers)
    own = [name for name in found if str(name).lower() in _CLIENTS_HEADERS]
    if own:
        raise ValueError(f"The client sends the header {own[0]} itself.")
    return check_headers(found)


def _any_prompt(_key: PromptKey, _known: Content | None) -> bool:
    return True


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


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


def _read_restored(answer: Answer) -> RestoredPrompt:
    found = read_object(answer)
    try:
        labels = tuple(Label(row["name"], found["name"], row["version"]) for row in found["former_labels"])
    except (KeyError, TypeError) as error:
        raise errors.InvalidResponseError("The answer is not a restored prompt.") from error
    return RestoredPrompt(_version(found), labels)


def _read_history(answer: Answer) -> History:
    found = read_object(answer)
    try:
        return History(
            selected=_version(found["prompt"]),
            versions=tuple(_summary(row) for row in found["versions"]),
            labels=tuple(label_of(row) for row in found["labels"]),
            has_more=bool(found["has_more"]),
            raw=found,
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
            created_by=author(row),
            id=row["id"],
            archived_at=row.get("archived_at"),
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
        created_by=author(row),
    )
