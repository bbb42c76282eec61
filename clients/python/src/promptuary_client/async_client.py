"""The client for programs with an event loop."""

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from promptuary_client import operations, wire
from promptuary_client.assembly import build_settings
from promptuary_client.async_fetcher import AsyncFetcher
from promptuary_client.async_management import AsyncManagement
from promptuary_client.changes import ChangeEvent
from promptuary_client.prefetch import PrefetchResult
from promptuary_client.prompts import Fallback, Prompt, PromptKey, check_fallback
from promptuary_client.settings import DEFAULT, Default, ErrorEvent, Hook


class AsyncPromptuary(AsyncManagement):
    """Client for programs with an event loop. All tasks of the loop share one client.

    The first fetch of a prompt waits for the server, for at most ``timeout`` seconds. Later fetches do not wait: they return the
    known content at once, and content older than ``ttl`` seconds is refreshed in the background. A request may continue for
    ``request_timeout`` seconds after its caller has timed out. Creating a client sends nothing. Raises `ConfigurationError`.

    ``host`` is the address of the server and ``api_key`` a key of it. ``project`` is the project's ID, its token (for reading
    only) or ``@current``. Their defaults are ``PROMPTUARY_HOST``, ``PROMPTUARY_API_KEY`` and ``PROMPTUARY_PROJECT``. ``profile``,
    by default ``PROMPTUARY_PROFILE``, is a profile of ``promptuary login`` that has all of them, for Python 3.11 and newer.

    ``label`` is the label to fetch if a call names neither a label nor a version; its default is ``PROMPTUARY_LABEL``, and `None`
    stands for the latest version.

    ``cache_dir`` is the folder of the disk cache; the default is ``PROMPTUARY_CACHE_DIR`` or a folder in the user's cache folder,
    and `False` disables it. ``max_entries`` is the maximum number of prompts, versions and labels in memory, and on disk.

    ``live`` follows the server's stream of changes. ``bundle`` is a file of ``promptuary bundle`` to use if the server cannot be
    reached; its default is ``PROMPTUARY_BUNDLE``. ``offline`` sends no requests; its default is ``PROMPTUARY_OFFLINE``.

    ``headers`` are sent with every request, for example for a proxy that requires a token. ``verify`` is a file or folder of CA
    certificates, or an `ssl.SSLContext`; `False` disables verification. ``http_client_factory`` creates the `httpx2.AsyncClient`
    that sends the requests, from its arguments; it is called again for a stream and after a fork.

    ``max_stale`` is for processes that are frozen between calls: content that was due for a refresh more than so many seconds ago
    is served only after asking the server.

    ``on_get`` is called with every `Prompt` that is returned, ``on_error`` with an `ErrorEvent` for every failed fetch, for values
    that a prompt does not use, and for a bundle that cannot be used. ``on_change`` is called with a `ChangeEvent` if content that
    the client has served, or has in memory, was replaced by other content.

    In another event loop, such as that of a second ``asyncio.run``, a client keeps its cache and opens new connections.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        api_key: str | None = None,
        project: str | int | None = None,
        profile: str | None = None,
        label: str | Default | None = DEFAULT,
        timeout: float = 1.0,
        ttl: float = 60.0,
        max_stale: float | None = None,
        max_entries: int = 1000,
        request_timeout: float = 10.0,
        cache_dir: str | Path | bool = True,
        live: bool = False,
        bundle: str | Path | None = None,
        offline: bool | None = None,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | str | Path | bool = True,
        http_client_factory: Callable[..., httpx2.AsyncClient] | None = None,
        on_get: Hook[Prompt] | None = None,
        on_error: Hook[ErrorEvent] | None = None,
        on_change: Hook[ChangeEvent] | None = None,
    ) -> None:
        self.settings = build_settings(
            host,
            api_key,
            project,
            profile,
            label,
            cache_dir,
            bundle,
            headers=headers,
            verify=verify,
            offline=offline,
            timeout=timeout,
            ttl=ttl,
            max_stale=max_stale,
            max_entries=max_entries,
            request_timeout=request_timeout,
            live=live,
            http_client_factory=http_client_factory,
            on_get=on_get,
            on_error=on_error,
            on_change=on_change,
        )
        self._fetcher = AsyncFetcher(self.settings)

    async def get(
        self,
        name: str,
        *,
        label: str | Default | None = DEFAULT,
        version: int | None = None,
        at: datetime | None = None,
        resolve: bool = True,
        fallback: Fallback | None = None,
        fallback_config: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Prompt:
        """Return a prompt: the version ``version``, the version that ``label`` points at, or the latest version.

        If neither is given, the client's own ``label`` is used, if it has one; ``label=None`` returns the latest version.

        ``at`` is a time of the past: the prompt is what a program got then, with the references of then. It always comes from the
        server, is not cached, has no ``age``, and is not passed to ``on_get``. ``timeout`` is ``request_timeout`` by default then.

        References to other prompts give way to their texts; `Prompt.references` says which versions these are. With ``resolve``
        `False`, their tags stay in the text.

        ``fallback`` is a text or a list of chat messages, and ``fallback_config`` its config; they are returned if there is nothing
        else. ``timeout`` is the maximum wait in seconds, by default the client's.

        With a ``fallback``, failures of the server, the network or the disk raise nothing. Without one, `UnavailableError` or
        `RejectedError` is raised if no content is known: `NotFoundError` if there is no such prompt, `PromptReferenceError` if a
        prompt that it refers to stands in the way. Raises `ValueError` if both a version and a label are given, if either is
        invalid or the label is empty, if the fallback is neither a text nor messages, and if ``at`` has no time zone or is given
        with a version or a fallback.
        """
        key = wire.make_key(self.settings, name, version, label, resolve=resolve)
        check_fallback(fallback)
        if at is not None:
            return await self._get_past(key, wire.check_past(at, version, fallback), timeout)
        return await self._fetcher.get(key, fallback=fallback, config=fallback_config, timeout=timeout)

    async def _get_past(self, key: PromptKey, at: str, timeout: float | None) -> Prompt:
        refusal = wire.impossible_key(key)
        if refusal is not None:
            raise refusal
        await self._check_past(at, timeout)
        return await self._fetcher.perform(operations.fetch_past(self.settings, key, at), timeout)

    async def prefetch(self, *, label: str | Default | None = DEFAULT, timeout: float | None = None) -> PrefetchResult:
        """Load all prompts into memory and the disk cache, at the versions that ``label`` points at, or at their latest ones.

        Without a ``label``, the client's own is used. Raises `ValueError` for an empty label.

        Each request returns 100 prompts. ``timeout`` is the maximum wait in seconds, by default the client's ``request_timeout``.
        Failures of the server or the network are not raised: the result has the number of prompts and the error, if any.
        """
        return await self._fetcher.prefetch(wire.check_label(self.settings.label if label is DEFAULT else label), timeout)

    async def close(self) -> None:
        """Close the connections and end all background work. The client still serves known content, and sends nothing more."""
        await self._fetcher.close()

    @property
    def is_live(self) -> bool:
        """State of ``live``: `True` while the client is connected to the stream of changes."""
        return self._fetcher.is_live

    async def __aenter__(self) -> "AsyncPromptuary":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
