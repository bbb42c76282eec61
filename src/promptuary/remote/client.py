"""One connection to the API of a project: requests, answers, and what is wrong with them in one sentence."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from promptuary import __version__
from promptuary.remote.errors import Conflict, Missing, RemoteRefusal
from promptuary.remote.profiles import Profile

TIMEOUT = httpx2.Timeout(60, connect=10)

PAGE = 200

_MAX_WAIT = 120
_MAX_TRIES = 10
_MAX_DETAIL = 500

Query = Mapping[str, str | int | None]


class Remote:
    """The API of a profile's project. Paths are below ``/api/projects/ID/``.

    Use it in a ``with`` block. Every failure is a `RemoteRefusal`; whatever writes is sent once, unless a rate limit refused it.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._client = httpx2.Client(
            base_url=f"{profile.host}/api/projects/{quote(profile.project, safe='@')}/",
            headers={"Authorization": f"Bearer {profile.api_key}", "User-Agent": f"promptuary/{__version__}"},
            timeout=TIMEOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Read something; parameters that are `None` are not sent."""
        return self.send("GET", path, query=query)

    def send(self, method: str, path: str, body: object = None, *, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request with a body of JSON, if there is one, and return the JSON of the answer, `None` for an empty one.

        Raises `Missing` for a 404, `Conflict` for a 409, else `RemoteRefusal`.
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

    def _value_of(self, answer: httpx2.Response) -> Any:  # noqa: ANN401 - any JSON
        if answer.is_success and not answer.content:
            return None
        try:
            value = answer.json()
        except ValueError:
            raise RemoteRefusal(self._unlike_promptuary(answer)) from None
        if answer.is_success:
            return value
        raise self._refusal(answer, value)

    def pages(self, path: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """Go through all results of a list, page by page."""
        offset = 0
        while True:
            page = self.get(path, {"limit": PAGE, **(query or {}), "offset": offset})
            try:
                results, is_last = list(page["results"]), page["next"] is None
            except (KeyError, TypeError):
                raise RemoteRefusal(f"{self.profile.host} answered with something that is no list.") from None
            yield from results
            if is_last or not results:
                return
            offset += len(results)

    def _answer(self, method: str, path: str, query: Query | None, **body: Any) -> httpx2.Response:  # noqa: ANN401 - as httpx2 names it
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        for _ in range(_MAX_TRIES):
            try:
                answer = self._client.request(method, path, params=parameters, **body)
            except httpx2.TimeoutException:
                raise RemoteRefusal(f"{self.profile.host} did not answer in time.") from None
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise RemoteRefusal(f"Cannot reach {self.profile.host}: {str(error) or type(error).__name__}.") from None
            wait = answer.headers.get("Retry-After", "")
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS or not wait.isdecimal() or int(wait) > _MAX_WAIT:
                return answer
            # The server did nothing, so that the request can be sent again.
            time.sleep(int(wait))
        return answer

    def _refusal(self, answer: httpx2.Response, value: object) -> RemoteRefusal:
        body = value if isinstance(value, dict) else {}
        detail = body.get("detail")
        if not isinstance(detail, str):
            return RemoteRefusal(self._unlike_promptuary(answer))
        detail = detail[:_MAX_DETAIL]
        if answer.status_code == httpx2.codes.CONFLICT:
            current = body.get("current_version")
            return Conflict(detail, current if isinstance(current, int) else None)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return Missing(detail)
        attribute = body.get("attr")
        return RemoteRefusal(f"{attribute}: {detail}" if isinstance(attribute, str) else detail)

    def _unlike_promptuary(self, answer: httpx2.Response) -> str:
        return f"{self.profile.host} answered with status {answer.status_code} and not as Promptuary does. Is the host right?"
