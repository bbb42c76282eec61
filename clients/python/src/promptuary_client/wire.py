"""Requests and answers of the HTTP API. Sends nothing, so that both clients share it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from promptuary_client import errors
from promptuary_client.access import CURRENT_PROJECT
from promptuary_client.contracts import is_contract
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.references import read_references
from promptuary_client.settings import DEFAULT, Settings

T = TypeVar("T")

MAX_BODY = 256_000_000
"""Maximum bytes of a body, more than the largest page of prompts can have."""

MAX_RETRY_AFTER = 3600.0
"""Maximum seconds of a pause that ``Retry-After`` asks for."""

MAX_TIMEOUT = 86_400.0
"""Maximum seconds for a request."""

MAX_DETAIL = 500


@dataclass(frozen=True)
class Request:
    """A request without its host and credentials. A body that is not `bytes` becomes JSON; raises `ValueError` if it cannot."""

    method: str
    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def __post_init__(self) -> None:
        if self.body is not None and not isinstance(self.body, bytes):
            object.__setattr__(self, "body", _encode(self.body))
            object.__setattr__(self, "headers", {"Content-Type": "application/json", **self.headers})


@dataclass(frozen=True)
class Answer:
    """A complete answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401 - any JSON.
        """Return the JSON of the body, `None` for an empty one. Raises `InvalidResponseError`."""
        return parse_json(self.body) if self.body else None


@dataclass(frozen=True)
class Operation(Generic[T]):
    """A request and the reader of its answer.

    ``concerns`` returns `True` for each key, with its known content, that the operation may change; `None`: it changes nothing.
    """

    request: Request
    read: Callable[[Answer], T]
    concerns: Callable[[PromptKey, Content | None], bool] | None = None


def project_path(settings: Settings) -> str:
    """Return the path of the project."""
    project = CURRENT_PROJECT if settings.has_token else settings.project
    return f"/api/projects/{quote(project, safe='@')}/"


def prompts_path(settings: Settings) -> str:
    """Return the path of all prompts of the project."""
    return f"{project_path(settings)}llm_prompts/"


def prompt_path(settings: Settings, name: str) -> str:
    """Return the path of a prompt by its name."""
    return f"{prompts_path(settings)}name/{quote(name, safe='')}/"


def writable_path(settings: Settings, name: str | None = None) -> str:
    """Return the path of all prompts, or of one, for a change. Raises `ConfigurationError` for a project named by its token."""
    if settings.has_token:
        raise errors.ConfigurationError("A project token is read-only. Set `project` to the project's ID to change prompts.")
    if name is None:
        return prompts_path(settings)
    path_part(name)
    return prompt_path(settings, name)


def label_path(path: str, label: str) -> str:
    """Return the path of a label of the prompt with a path."""
    return f"{path}labels/{path_part(label)}/"


def read_params(settings: Settings, **params: object) -> dict[str, str]:
    """Return the parameters of a request that reads: those that are not `None`, and the project's token."""
    token = {"token": settings.project} if settings.has_token else {}
    return token | {name: str(value) for name, value in params.items() if value is not None}


def fetch_request(settings: Settings, key: PromptKey, known: Content | None) -> Request:
    """Return the request for a prompt, conditional if its content is known."""
    headers = {"If-None-Match": known.etag} if known is not None and known.etag else {}
    # Servers resolve references by default, and older ones do not know the parameter.
    raw = {} if key.resolve else {"resolve": "false"}
    params = read_params(settings, version=key.version, label=key.label, **raw)
    return Request("GET", prompt_path(settings, key.name), params, headers)


def make_key(settings: Settings, name: object, version: object, label: object, *, resolve: object = True) -> PromptKey:
    """Return the key of a fetch, whose label is the client's own unless a label or a version is given.

    Raises `ValueError` for arguments that are always invalid.
    """
    if label is DEFAULT:
        label = settings.label if version is None else None
    if version is not None and label is not None:
        raise ValueError("Use either version or label, not both.")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        raise ValueError("A version is a whole number, 1 or more.")
    if not isinstance(name, str):
        raise ValueError("A name is a string.")  # noqa: TRY004 - one kind of error for one kind of mistake.
    if not isinstance(resolve, bool):
        raise ValueError("`resolve` is True or False.")  # noqa: TRY004 - one kind of error for one kind of mistake.
    return PromptKey(name, version, check_label(label), resolve)


def check_time(at: object) -> str:
    """Return a time in the server's format. Raises `ValueError` for one without a time zone."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ValueError("`at` is a datetime with a time zone, such as datetime(2026, 11, 29, 14, 5, tzinfo=timezone.utc).")
    try:
        return at.astimezone(timezone.utc).isoformat()
    except OverflowError:
        raise ValueError("`at` is not within the years 1 to 9999 of UTC.") from None


def check_timeout(timeout: object) -> None:
    """Raise `ValueError` for what is neither a positive number of seconds nor `None`."""
    if timeout is None:
        return
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError(f"`timeout` is a number of seconds, more than 0 and at most {MAX_TIMEOUT:.0f}.")


def check_past(at: object, version: object, fallback: object) -> str:
    """Return a time of the past in the server's format. Raises `ValueError` for arguments that do not fit."""
    then = check_time(at)
    if version is not None:
        raise ValueError("Use either version or at, not both. A version never changes.")
    if fallback is not None:
        raise ValueError("Use either fallback or at, not both. No fallback is what programs got at a time.")
    return then


def check_label(label: object) -> str | None:
    """Return a label, or `None`. Raises `ValueError` for an empty one, which would mean the latest version to the server."""
    if label is None or (isinstance(label, str) and label.strip()):
        return label
    if not isinstance(label, str):
        raise ValueError("A label is a string.")  # noqa: TRY004 - one kind of error for one kind of mistake.
    raise ValueError("The label is empty, as an unset variable is. Give a label, or None for the latest version.")


def impossible_key(key: PromptKey) -> errors.NotFoundError | None:
    """Return the error for a key that has no URL, such as a name with a slash, or `None`."""
    if not _is_part(key.name):
        return errors.NotFoundError(f"No prompt can have the name {key.name!r}.", status=HTTPStatus.NOT_FOUND)
    if key.label is not None and not key.label.isprintable():
        return errors.NotFoundError(f"No prompt can have the label {key.label!r}.", status=HTTPStatus.NOT_FOUND)
    return None


def path_part(text: str) -> str:
    """Return a name as one segment of a path. Raises `InvalidRequestError` if it cannot be one."""
    if not _is_part(text):
        raise errors.InvalidRequestError(f"{text!r} is not a valid name.", status=HTTPStatus.BAD_REQUEST)
    return quote(text, safe="")


def _is_part(text: str) -> bool:
    return text not in ("", ".", "..") and "/" not in text and text.isprintable()


def read_fetch(answer: Answer, known: Content | None) -> Content:
    """Return the content of an answer, or the known one after a 304. Raises `InvalidResponseError` or the error of `error_of`."""
    if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
        return known
    if answer.status != HTTPStatus.OK:
        raise error_of(answer)
    return read_content(read_object(answer), etag=answer.headers.get("etag"))


def read_content(row: Mapping[str, Any], *, label: str | None = None, etag: str | None = None) -> Content:
    """Return the content of a prompt object. Raises `InvalidResponseError`."""
    name, text, version = row.get("name"), row.get("prompt"), row.get("version")
    label, config, contract = row.get("label", label), row.get("config"), row.get("variables")
    is_version = isinstance(version, int) and not isinstance(version, bool)
    is_good = isinstance(name, str) and isinstance(text, str) and is_version
    if not is_good or not isinstance(label, (str, type(None))) or not isinstance(config, (dict, type(None))):
        raise errors.InvalidResponseError("The answer is not a prompt.")
    if contract is not None and not is_contract(contract):
        raise errors.InvalidResponseError("The variables of the prompt are not in a form that this client knows. Update it.")
    references = read_references(row.get("resolved_references"))
    if references is None:
        raise errors.InvalidResponseError("The references of the prompt are not in a form that this client knows. Update it.")
    return Content(
        name=str(name),
        text=str(text),
        config=config,
        version=version,
        label=label,
        etag=etag,
        contract=contract,
        references=references,
    )


def read_object(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of a successful answer. Raises `InvalidResponseError` or the error of `error_of`."""
    found = parse_json(read_answer(answer).body)
    if not isinstance(found, dict):
        raise errors.InvalidResponseError("The answer is not a JSON object.")
    return found


def _encode(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"This cannot be sent as JSON: {error}.") from None


def parse_json(body: bytes) -> object:
    """Parse a body. Raises `InvalidResponseError`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise errors.InvalidResponseError("The answer is not JSON.") from error


def read_nothing(answer: Answer) -> None:
    """Check an answer that has no body. Raises the error of `error_of`."""
    read_answer(answer)


def read_answer(answer: Answer) -> Answer:
    """Return a successful answer. Raises the error of `error_of`."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise error_of(answer)
    return answer


def author(row: Mapping[str, Any], field: str = "created_by") -> str | None:
    """Return the e-mail address of a user in an object, `None` for an unknown user."""
    return (row[field] or {}).get("email")


def error_of(answer: Answer) -> errors.PromptuaryError:
    """Return the error for a failed answer, with the server's text."""
    try:
        found = parse_json(answer.body)
    except errors.InvalidResponseError:
        found = None
    body: dict[str, Any] = found if isinstance(found, dict) else {}
    detail = str(body.get("detail") or f"The server answered with status {answer.status}.")[:MAX_DETAIL]
    retry_after = retry_seconds(answer.headers.get("retry-after"))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return errors.RateLimitError(detail, retry_after=retry_after)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.ServerError(detail, retry_after=retry_after)
    other = errors.InvalidRequestError if answer.status >= HTTPStatus.BAD_REQUEST else None
    kind = _REFUSALS.get(answer.status, other)
    special = None if kind is None or "detail" not in body else _special_error(answer.status, detail, body)
    if special is not None:
        return special
    # Other services answer 404, too, and login pages redirect.
    if kind is None or "detail" not in body:
        return errors.InvalidResponseError(
            f"The server answered with status {answer.status}, but is not Promptuary. Check the address."
        )
    return kind(
        detail,
        status=answer.status,
        code=_text(body.get("code")),
        attr=_text(body.get("attr")),
        edit_index=_number(body.get("edit_index")),
        current_version=_number(body.get("current_version")),
    )


def _special_error(status: int, detail: str, body: Mapping[str, Any]) -> errors.RejectedError | None:
    """Return the error for references that stand in the way, or for labels that cannot be moved; `None` for other errors."""
    refused = body.get("refused")
    if isinstance(refused, list) and status == HTTPStatus.CONFLICT:
        return errors.MovesRefusedError(detail, status=status, refused=read_refusals(refused))
    name, referencing = _text(body.get("reference_name")), body.get("referencing_prompts")
    if name is not None and status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
        return errors.PromptReferenceError(detail, status=status, reference_name=name)
    if isinstance(referencing, list) and status == HTTPStatus.CONFLICT:
        return errors.ReferencedPromptError(detail, status=status, referencing_prompts=[str(each) for each in referencing])
    return None


def read_refusals(rows: list[Any]) -> list[errors.MoveRefusal]:
    """Return why labels cannot be moved. Raises `InvalidResponseError`."""
    try:
        return [errors.MoveRefusal(row["name"], row["code"], row["detail"], row["current_version"]) for row in rows]
    except (KeyError, TypeError) as error:
        raise errors.InvalidResponseError("The answer does not say which labels cannot be moved.") from error


def retry_seconds(value: str | None) -> float | None:
    """Return the seconds of ``Retry-After``, which is a number or a date; `None` if it is missing or invalid."""
    if value is None:
        return None
    try:
        seconds = float(int(value))
    except OverflowError:
        return MAX_RETRY_AFTER
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=timezone.utc)) - datetime.now(timezone.utc)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


_REFUSALS: Mapping[int, type[errors.RejectedError]] = {
    HTTPStatus.UNAUTHORIZED: errors.AuthenticationError,
    HTTPStatus.FORBIDDEN: errors.PermissionDeniedError,
    HTTPStatus.NOT_FOUND: errors.NotFoundError,
    HTTPStatus.CONFLICT: errors.ConflictError,
}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
