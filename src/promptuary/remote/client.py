"""One connection to the API of a project: requests, answers, and what is wrong with them in one sentence."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

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
    Protected,
    Referenced,
    RefusedReference,
    RemoteError,
    Unreachable,
)
from promptuary.remote.profiles import Profile
from promptuary.remote.reading import ACCEPTED, TooLarge, json_of, json_or_none, read_within_limits

TIMEOUT = httpx2.Timeout(60, connect=10)

PAGE = 200

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

_REFUSALS: Mapping[int, type[RemoteError]] = {401: RemoteError, 403: Forbidden, 404: Missing}

_NO_PROJECT = "Project not found."
_MAX_WAIT = 120
_MAX_TRIES = 10
_MAX_DETAIL = 500
_MAX_ROWS = 200_000
_MIN_PAGE = 2
_MAX_IDLE = 10
_ERROR_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")
_PAGE_PATH = re.compile(r"/[A-Za-z0-9/_-]{1,200}")
_WAIT = re.compile(r"[0-9]{1,4}")
_TRANSIENT = frozenset({429, *range(500, 600)})
_KEPT_HEADERS = frozenset({"content-type", "retry-after"})

Query = Mapping[str, str | int | None]


class Remote:
    """The API of a profile's project. Paths are below ``/api/projects/ID/``.

    Use it in a ``with`` block. Every failure is a `RemoteError`; whatever writes is sent once, unless a rate limit refused it.
    """

    def __init__(self, profile: Profile, *, patience: float | None = None) -> None:
        """Reach a profile's project. ``patience`` is the time in seconds after which a program gives up; `None` for people."""
        self.profile = profile
        # A login begins without a key.
        credentials = {"Authorization": f"Bearer {profile.api_key}"} if profile.api_key else {}
        self._max_wait = _MAX_WAIT if patience is None else 0
        self._client = httpx2.Client(
            base_url=f"{profile.host}/api/projects/{quote(profile.project, safe='@')}/",
            headers={
                **credentials,
                "User-Agent": f"promptuary/{__version__}",
                "Accept-Encoding": ACCEPTED,
            },
            timeout=TIMEOUT if patience is None else patience,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def beside(self, path: str) -> str:
        """Return an address of the API that is not below the project."""
        return f"{self.profile.host}/api/{path}"

    def get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Read something; parameters that are `None` are not sent."""
        return self.send("GET", path, query=query)

    def send(self, method: str, path: str, body: object = None, *, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request with a body of JSON, if there is one, and return the JSON of the answer, `None` for an empty one.

        Raises `Missing` for a 404, `Conflict` for a 409, else `RemoteError`.
        """
        return self._value_of(self._answer(method, path, query, json=body))

    def send_bytes(self, method: str, path: str, body: bytes, *, media_type: str, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request with a body that is not JSON; else as `send`."""
        return self._value_of(self._answer(method, path, query, content=body, headers={"Content-Type": media_type}))

    def get_bytes(self, path: str, query: Query | None = None) -> bytes:
        """Read something that is not JSON."""
        answer = self._answer("GET", path, query)
        if not answer.is_success:
            self._value_of(answer)
        return bytes(answer.content)

    @contextmanager
    def streamed(self, path: str, query: Mapping[str, str | Sequence[str] | None], *, silence: float) -> Iterator[Iterator[bytes]]:
        """Open a stream of events and provide its bytes as they come; ``silence`` is the longest one, in seconds.

        Raises `Unreachable` if it cannot be opened now, or breaks, and `RemoteError` if it cannot be opened at all.
        """
        parameters = {name: value for name, value in query.items() if value is not None}
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        timeout = httpx2.Timeout(silence, connect=TIMEOUT.connect)
        with self._reaching(), self._client.stream("GET", path, params=parameters, headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                whole = httpx2.Response(answer.status_code, content=read_within_limits(answer, self.profile.host))
                refusal = self._refusal(whole, json_or_none(whole.content))
                raise Unreachable(str(refusal)) if answer.status_code in _TRANSIENT else refusal
            yield answer.iter_raw()

    def _value_of(self, answer: httpx2.Response) -> Any:  # noqa: ANN401 - any JSON
        if answer.is_success and not answer.content:
            return None
        try:
            value = json_of(answer.content)
        except InvalidJson:
            raise RemoteError(self._unlike_promptuary(answer)) from None
        if answer.is_success:
            return value
        raise self._refusal(answer, value)

    def pages(self, path: str, query: Query, *, key: str = "name") -> Iterator[dict[str, Any]]:
        """Go through all results of a list whose order never changes; ``key`` tells them apart, and each comes once.

        Results that come and go meanwhile move those behind them to other pages. So each page begins with a result that is known
        from the page before; where it does not, something went, and the page before is read again. Whatever is in the list from
        the beginning to the end of the reading is found. Pages that are too large for one answer are asked for in smaller ones.
        """
        known: set[str | int] = set()
        offset, limit, idle = 0, PAGE, 0
        while True:
            try:
                results, is_last = self._page(path, {**query, "limit": limit, "offset": offset}, key)
            except TooLarge:
                if limit == _MIN_PAGE:
                    raise
                limit = max(_MIN_PAGE, limit // 4)
                continue
            if offset and not (results and results[0][key] in known):
                offset = max(0, offset - limit + 1)
                continue
            found = {each[key]: each for each in results if each[key] not in known}
            known.update(found)
            yield from found.values()
            if is_last or len(results) < _MIN_PAGE:
                return
            idle = 0 if found else idle + 1
            if idle > _MAX_IDLE or len(known) > _MAX_ROWS:
                raise RemoteError(f"{self.profile.host} answered with a list that has no end.")
            offset += len(results) - 1

    def _page(self, path: str, query: Query, key: str) -> tuple[list[dict[str, Any]], bool]:
        page = self.get(path, query)
        results = page.get("results") if isinstance(page, dict) else None
        if not isinstance(results, list) or "next" not in page:
            raise RemoteError(f"{self.profile.host} answered with something that is no list.")
        if not all(isinstance(each, dict) and isinstance(each.get(key), str | int) for each in results):
            raise RemoteError(f"{self.profile.host} answered with a list in which something has no {key}.")
        return results, page["next"] is None

    def _answer(self, method: str, path: str, query: Query | None, **body: Any) -> httpx2.Response:  # noqa: ANN401 - as httpx2 names it
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        for _ in range(_MAX_TRIES):
            with self._reaching():
                answer = self._read(self._client.build_request(method, path, params=parameters, **body))
            wait = answer.headers.get("Retry-After", "")
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS or not _WAIT.fullmatch(wait) or int(wait) > self._max_wait:
                return answer
            # The server did nothing, so that the request can be sent again.
            time.sleep(int(wait))
        return answer

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException:
            raise Unreachable(f"{self.profile.host} did not answer in time.") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = _ERROR_NUMBER.sub("", str(error)) or type(error).__name__
            advice = " Check the address, and that the server runs." if isinstance(error, httpx2.ConnectError) else ""
            raise Unreachable(f"Cannot reach {self.profile.host}: {reason}.{advice}") from None

    def _read(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the answer with its body unpacked."""
        answer = self._client.send(request, stream=True)
        try:
            body = read_within_limits(answer, self.profile.host)
        finally:
            answer.close()
        headers = [(name, value) for name, value in answer.headers.multi_items() if name in _KEPT_HEADERS]
        return httpx2.Response(answer.status_code, headers=headers, content=body)

    def _refusal(self, answer: httpx2.Response, value: object) -> RemoteError:
        body = value if isinstance(value, dict) else {}
        detail = body.get("detail")
        if not isinstance(detail, str):
            return RemoteError(self._unlike_promptuary(answer))
        detail = detail[:_MAX_DETAIL]
        if answer.status_code == httpx2.codes.CONFLICT:
            return _conflict(detail, body)
        if answer.status_code in _REFUSALS:
            return self._denial(answer.status_code, detail, body)
        if isinstance(code := body.get("error"), str):
            return LoginRefused(detail, code)
        if body.get("code") in _REFERENCE_CODES:
            return RefusedReference(detail)
        attribute = body.get("attr")
        return RemoteError(f"{attribute}: {detail}" if isinstance(attribute, str) else detail)

    def _denial(self, status: int, detail: str, body: Mapping[str, Any]) -> RemoteError:
        """Return the error for what the key may not do or does not find, with what to check."""
        at, page = self.profile, body.get("change_requests_url")
        if status == httpx2.codes.FORBIDDEN and isinstance(page, str) and _PAGE_PATH.fullmatch(page):
            return Protected(detail, f"{at.host}{page}")
        if status == httpx2.codes.NOT_FOUND and detail == _NO_PROJECT:
            detail = f"{at.host} has no project {at.project} that the key may enter. Check the ID of the project, and the key."
        return _REFUSALS[status](f"{detail} Check the key." if status == httpx2.codes.UNAUTHORIZED else detail)

    def _unlike_promptuary(self, answer: httpx2.Response) -> str:
        return f"{self.profile.host} answered with status {answer.status_code} and not like a Promptuary server. Check the host."


def _conflict(detail: str, body: Mapping[str, Any]) -> RemoteError:
    """Return the error for what stands in the way of a change: references, labels of a release, or another change."""
    names = body.get("referencing_prompts")
    if isinstance(names, list):
        return Referenced(detail, tuple(name for name in names if isinstance(name, str)))
    if "refused" in body:
        return MovesRefused(detail, answers.checked_list(body["refused"], answers.REFUSAL, "a refusal"))
    current = body.get("current_version")
    return Conflict(detail, current if type(current) is int and 0 < current <= MAX_VERSIONS else None)
