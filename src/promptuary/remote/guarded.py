"""The HTTP client of the command line: answers within limits, in strict JSON; each failure is an error in one sentence."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from promptuary import __version__
from promptuary.model.json_text import InvalidJson
from promptuary.model.prompts import MAX_VERSIONS
from promptuary.remote import answers
from promptuary.remote.errors import (
    Conflict,
    Forbidden,
    LoginRefused,
    Missing,
    MovesRefused,
    NoEndpoint,
    Protected,
    Referenced,
    RefusedReference,
    RemoteError,
    ServerFailed,
    Unreachable,
)
from promptuary.remote.profiles import Profile
from promptuary.remote.reading import ACCEPTED, json_of, json_or_none, read_within_limits

LINES = "application/x-ndjson"
"""The media type of an export."""

ANY_TYPE = f"{LINES}, */*"
"""Media types of a request whose answer is not JSON. Servers refuse a request that accepts no JSON."""

EVENTS = "text/event-stream"

HEADERS = {"User-Agent": f"promptuary/{__version__}", "Accept-Encoding": ACCEPTED}

_TIMEOUT = httpx2.Timeout(60, connect=10)
_MAX_WAIT = 120
_MAX_TRIES = 10
_MAX_DETAIL = 500
_WAIT = re.compile(r"[0-9]{1,4}")
_ERROR_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")
_PAGE_PATH = re.compile(r"/[A-Za-z0-9/_.~@:%-]{1,200}")
_NO_PROJECT, _NO_ENDPOINT = "Project not found.", "Endpoint not found."
_TRANSIENT = frozenset({429, *range(500, 600)})
_REFUSALS: Mapping[int, type[RemoteError]] = {401: RemoteError, 403: Forbidden, 404: Missing}
_REFERENCE_CODES = {
    "self_reference",
    "reference_cycle",
    "reference_not_found",
    "reference_version_not_found",
    "reference_label_not_found",
    "reference_not_text",
    "nested_reference",
}
"""Codes of errors that name a reference of a content."""


class GuardedClient(httpx2.Client):
    """HTTP client for a profile. A request is sent once, unless a rate limit refused it.

    ``time_limit`` is the number of seconds after which a program gives up; `None` for people. Raises `RemoteError`.
    """

    def __init__(self, profile: Profile, time_limit: float | None, **options: Any) -> None:  # noqa: ANN401 - those of httpx2
        self._profile = profile
        self._max_wait = _MAX_WAIT if time_limit is None else 0
        self._limits = _TIMEOUT if time_limit is None else httpx2.Timeout(time_limit)
        super().__init__(**options)

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # noqa: ANN401 - those of httpx2
        """Send a request; return its answer with the body unpacked, and the answer of a stream of events without it."""
        if not self._profile.api_key:
            # A login begins without a key.
            request.headers.pop("Authorization", None)
        if request.headers["Accept"] == EVENTS:
            return self._open_stream(request, options)
        request.extensions = {**request.extensions, "timeout": self._limits.as_dict()}
        for _ in range(_MAX_TRIES):
            with reaching(self._profile.host):
                answer = self._read(request, options)
            wait = answer.headers.get("Retry-After", "")
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS or not _WAIT.fullmatch(wait) or int(wait) > self._max_wait:
                break
            # The server did nothing, so that the request can be sent again.
            time.sleep(int(wait))
        self._check(answer, is_json=request.headers["Accept"] != ANY_TYPE)
        return answer

    def _read(self, request: httpx2.Request, options: Mapping[str, Any]) -> httpx2.Response:
        answer = super().send(request, **{**options, "stream": True})
        try:
            body = read_within_limits(answer, self._profile.host)
        finally:
            answer.close()
        kept = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
        return httpx2.Response(answer.status_code, headers=kept, content=body, request=request)

    def _open_stream(self, request: httpx2.Request, options: Mapping[str, Any]) -> httpx2.Response:
        with reaching(self._profile.host):
            answer = super().send(request, **options)
        if not answer.is_success:
            with reaching(self._profile.host):
                body = json_or_none(read_within_limits(answer, self._profile.host))
            answer.close()
            refusal = self._refusal(answer.status_code, body)
            raise Unreachable(str(refusal)) if answer.status_code in _TRANSIENT else refusal
        return answer

    def _check(self, answer: httpx2.Response, *, is_json: bool) -> None:
        if answer.is_success and not (is_json and answer.content):
            return
        try:
            value = json_of(answer.content)
        except InvalidJson:
            raise self._unlike_promptuary(answer.status_code) from None
        if not answer.is_success:
            raise self._refusal(answer.status_code, value)

    def _refusal(self, status: int, value: object) -> RemoteError:
        body = value if isinstance(value, dict) else {}
        detail = body.get("detail")
        if not isinstance(detail, str):
            return self._unlike_promptuary(status)
        detail = detail[:_MAX_DETAIL]
        if status == httpx2.codes.CONFLICT:
            return _conflict(detail, body)
        if status in _REFUSALS:
            return self._denial(status, detail, body)
        return ServerFailed(detail) if status in _TRANSIENT else _rejection(detail, body)

    def _denial(self, status: int, detail: str, body: Mapping[str, Any]) -> RemoteError:
        """Return the error for what the key may not do or does not find, with what to check."""
        at, page = self._profile, body.get("change_requests_url")
        if status == httpx2.codes.FORBIDDEN and isinstance(page, str) and _PAGE_PATH.fullmatch(page):
            return Protected(detail, _address_of(at.host, page))
        if status == httpx2.codes.NOT_FOUND and detail == _NO_ENDPOINT:
            return NoEndpoint(f"{at.host} has no such endpoint. Check the host, and that the server is new enough.")
        if status == httpx2.codes.NOT_FOUND and detail == _NO_PROJECT:
            detail = f"{at.host} has no project {at.project} that the key may enter. Check the ID of the project, and the key."
        return _REFUSALS[status](f"{detail} Check the key." if status == httpx2.codes.UNAUTHORIZED else detail)

    def _unlike_promptuary(self, status: int) -> RemoteError:
        kind = ServerFailed if status in _TRANSIENT else RemoteError
        return kind(f"{self._profile.host} answered with status {status} and not like a Promptuary server. Check the host.")


def _address_of(host: str, page: str) -> str:
    """Return the address of a page. Its path begins with that of the host, unless the server does not know its public URL."""
    path = urlsplit(host).path.rstrip("/")
    return f"{host.rstrip('/')}{page.removeprefix(path) if page.startswith(f'{path}/') else page}"


@contextmanager
def reaching(host: str) -> Iterator[None]:
    """Turn failures of the network into `Unreachable`."""
    try:
        yield
    except httpx2.TimeoutException:
        raise Unreachable(f"{host} did not answer in time.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = _ERROR_NUMBER.sub("", str(error)) or type(error).__name__
        advice = " Check the address, and that the server runs." if isinstance(error, httpx2.ConnectError) else ""
        raise Unreachable(f"Cannot reach {host}: {reason}.{advice}") from None


def _conflict(detail: str, body: Mapping[str, Any]) -> RemoteError:
    """Return the error for what stands in the way of a change: references, labels of a release, or another change."""
    names = body.get("referencing_prompts")
    if isinstance(names, list):
        return Referenced(detail, tuple(name for name in names if isinstance(name, str)))
    if "refused" in body:
        return MovesRefused(detail, answers.checked_list(body["refused"], answers.REFUSAL, "a refusal"))
    current = body.get("current_version")
    return Conflict(detail, current if type(current) is int and 0 < current <= MAX_VERSIONS else None)


def _rejection(detail: str, body: Mapping[str, Any]) -> RemoteError:
    """Return the error for a request that is invalid, or a login that has no key yet."""
    if isinstance(code := body.get("error"), str):
        return LoginRefused(detail, code)
    if body.get("code") in _REFERENCE_CODES:
        return RefusedReference(detail)
    attribute = body.get("attr")
    return RemoteError(f"{attribute}: {detail}" if isinstance(attribute, str) else detail)
