"""The API of a project as the command line asks it: the verbs of the client library, and errors in one sentence."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, NamedTuple, ParamSpec, Self, TypeVar

import httpx2
from promptuary_client import InvalidResponseError, NotFoundError, Promptuary, PromptuaryError

from promptuary.remote.errors import Missing, RemoteError, Unreachable
from promptuary.remote.guarded import ANY_TYPE, EVENTS, HEADERS, LINES, GuardedClient, reaching
from promptuary.remote.profiles import Profile
from promptuary.remote.reading import TooLarge

P = ParamSpec("P")
T = TypeVar("T")

PAGE = 200

_NO_KEY = "none"
_NO_LIMIT = 86_400.0
"""Seconds for a request, its pauses for rate limits included; the HTTP client has limits of its own for each part of it."""

_CONNECT_SECONDS = 10
_MAX_ROWS = 200_000
_MIN_PAGE = 2
_MAX_IDLE = 10

Query = Mapping[str, str | int | None]


class Page(NamedTuple):
    """Rows of a list as the server sent them, and whether none follow."""

    rows: Sequence[Any]
    is_last: bool


class Remote:
    """The API of a profile's project.

    Use it in a ``with`` block. Every failure is a `RemoteError`; whatever writes is sent once, unless a rate limit refused it.
    """

    def __init__(self, profile: Profile, *, time_limit: float | None = None) -> None:
        """Reach a profile's project. ``time_limit`` is the number of seconds after which a program gives up; `None` for people."""
        self.profile = profile
        self._open_http = partial(GuardedClient, profile, time_limit)
        with self._sentences():
            self._client = Promptuary(
                profile.host,
                api_key=profile.api_key or _NO_KEY,
                project=profile.project,
                label=None,
                request_timeout=_NO_LIMIT,
                cache_dir=False,
                threads=False,
                bundle="",
                offline=False,
                headers=HEADERS,
                http_client_factory=self._open_http,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def call(self, verb: Callable[Concatenate[Promptuary, P], T], /, *args: P.args, **options: P.kwargs) -> T:
        """Return what a verb of the client library returns.

        Raises `Missing` for a 404, `Conflict` for a 409, else `RemoteError`.
        """
        with self._sentences():
            return verb(self._client, *args, **options)

    def get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Read something that the client library has no verb for; parameters that are `None` are not sent."""
        return self.send("GET", path, query=query)

    def send(self, method: str, path: str, body: object = None, *, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request that the client library has no verb for, and return the JSON of the answer, `None` for an empty one.

        ``path`` is below the project's, or, with a slash at its beginning, below the host's. Raises as `call`.
        """
        answer = self.call(Promptuary.request, method, path, params=query, body=body)
        with self._sentences():
            return answer.json()

    def send_lines(self, path: str, body: bytes, *, query: Query | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send lines of an export; else as `send`."""
        answer = self.call(Promptuary.request, "POST", path, params=query, body=body, headers={"Content-Type": LINES})
        with self._sentences():
            return answer.json()

    def get_lines(self, path: str, query: Query | None = None) -> bytes:
        """Read lines of an export."""
        return self.call(Promptuary.request, "GET", path, params=query, headers={"Accept": ANY_TYPE}).body

    @contextmanager
    def streamed(self, path: str, query: Mapping[str, str | Sequence[str] | None], *, silence: float) -> Iterator[Iterator[bytes]]:
        """Open a stream of events and provide its bytes as they come; ``silence`` is the longest one, in seconds.

        The client library reads this stream as well, but hides how often it connects. Raises `Unreachable` if the stream cannot be
        opened now, or breaks, and `RemoteError` if it cannot be opened at all.
        """
        at = self.profile
        parameters = {name: value for name, value in query.items() if value is not None}
        headers = {**HEADERS, "Accept": EVENTS, "Accept-Encoding": "identity", "Authorization": f"Bearer {at.api_key}"}
        timeout = httpx2.Timeout(silence, connect=_CONNECT_SECONDS)
        with (
            reaching(at.host),
            self._open_for_events(base_url=f"{at.host}/api/projects/{at.project}/", headers=headers, timeout=timeout) as http,
            http.stream("GET", path, params=parameters) as answer,
        ):
            yield answer.iter_raw()

    def _open_for_events(self, **options: Any) -> httpx2.Client:  # noqa: ANN401 - those of httpx2
        try:
            return self._open_http(**options)
        except (OSError, ValueError, ImportError) as failure:
            # Proxies or certificates of the environment cannot be used; the words are those of the client library.
            raise Unreachable(f"The server cannot be reached: {failure}") from None

    def pages(self, path: str, query: Query, *, key: str = "name") -> Iterator[dict[str, Any]]:
        """Go through all results of a list that the client library has no verb for; else as `rows`."""

        def read(limit: int, offset: int) -> Page:
            page = self.get(path, {**query, "limit": limit, "offset": offset})
            results = page.get("results") if isinstance(page, dict) else None
            if not isinstance(results, list) or "next" not in page:
                raise RemoteError(f"{self.profile.host} answered with something that is not a list.")
            return Page(results, page["next"] is None)

        return self.rows(read, key)

    def rows(self, read: Callable[[int, int], Page], key: str) -> Iterator[dict[str, Any]]:
        """Go through all results of a list whose order never changes; ``key`` tells them apart, and each comes once.

        Results that come and go meanwhile move those behind them to other pages. So each page begins with a result that is known
        from the page before; where it does not, something went, and the page before is read again. Whatever is in the list from
        the beginning to the end of the reading is found. Pages that are too large for one answer are asked for in smaller ones.
        ``read`` returns a page for a limit and an offset.
        """
        known: set[str | int] = set()
        offset, limit, idle = 0, PAGE, 0
        while True:
            try:
                page = read(limit, offset)
            except TooLarge:
                if limit == _MIN_PAGE:
                    raise
                limit = max(_MIN_PAGE, limit // 4)
                continue
            results = self._keyed(page.rows, key)
            if offset and not (results and results[0][key] in known):
                offset = max(0, offset - limit + 1)
                continue
            found = {each[key]: each for each in results if each[key] not in known}
            known.update(found)
            yield from found.values()
            if page.is_last or len(results) < _MIN_PAGE:
                return
            idle = 0 if found else idle + 1
            if idle > _MAX_IDLE or len(known) > _MAX_ROWS:
                raise RemoteError(f"{self.profile.host} answered with a list that has no end.")
            offset += len(results) - 1

    def _keyed(self, results: Iterable[Any], key: str) -> list[dict[str, Any]]:
        found = list(results)
        if not all(isinstance(each, dict) and isinstance(each.get(key), str | int) for each in found):
            raise RemoteError(f"{self.profile.host} answered with a list in which something has no {key}.")
        return found

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn errors of the client library into those of the command line. The HTTP client has raised most of them before."""
        try:
            yield
        except NotFoundError as error:
            raise Missing(str(error)) from None
        except InvalidResponseError as error:
            raise RemoteError(f"{error} Check that {self.profile.host} is a Promptuary server.") from None
        except (PromptuaryError, ValueError) as error:
            raise RemoteError(str(error)) from None
