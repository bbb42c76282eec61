"""The client for programs with an event loop."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from promptuary_client import change_log, label_operations, operations, usage, wire
from promptuary_client.assembly import build_settings
from promptuary_client.async_fetcher import AsyncFetcher
from promptuary_client.change_log import ChangeFilter, ChangePage, LogReader
from promptuary_client.changes import Change, ChangeEvent
from promptuary_client.label_operations import ANY_VERSION, AnyVersion, Label, LabelHistory, Release
from promptuary_client.operations import KEEP, History, Keep, Page, RestoredPrompt, Version
from promptuary_client.prefetch import PrefetchResult
from promptuary_client.prompts import Fallback, Prompt, PromptKey, check_fallback
from promptuary_client.settings import DEFAULT, Default, ErrorEvent, Hook
from promptuary_client.usage import Usage


class AsyncPromptuary:
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
        self._has_past = False

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
        if not self._has_past:
            await self._fetcher.perform(operations.check_past(self.settings), timeout)
            self._has_past = True
        return await self._fetcher.perform(operations.fetch_past(self.settings, key, at), timeout)

    async def prefetch(self, *, label: str | Default | None = DEFAULT, timeout: float | None = None) -> PrefetchResult:
        """Load all prompts into memory and the disk cache, at the versions that ``label`` points at, or at their latest ones.

        Without a ``label``, the client's own is used. Raises `ValueError` for an empty label.

        Each request returns 100 prompts. ``timeout`` is the maximum wait in seconds, by default the client's ``request_timeout``.
        Failures of the server or the network are not raised: the result has the number of prompts and the error, if any.
        """
        return await self._fetcher.prefetch(wire.check_label(self.settings.label if label is DEFAULT else label), timeout)

    async def create(
        self, name: str, content: object, *, config: Mapping[str, Any] | None = None, description: str | None = None
    ) -> Version:
        """Create a prompt from a text, chat messages or any other JSON; return its version 1.

        ``config`` belongs to the prompt, for example the name of a model; ``description`` describes the version. Raises
        `InvalidRequestError` if the server does not accept the prompt or its references, or the name is taken, and like every
        method that changes prompts `UnavailableError`, `AuthenticationError`, `PermissionDeniedError`, and `ConfigurationError` if
        the client has the project's token instead of its ID.
        """
        return await self._fetcher.perform(operations.create(self.settings, name, content, config, description))

    async def publish(
        self,
        name: str,
        content: object | Keep = KEEP,
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        description: str | None = None,
    ) -> Version:
        """Publish the next version, made from ``base_version``, and return it.

        The defaults of ``content`` and ``config`` are those of the base version; ``config=None`` removes the config.
        ``description`` describes the change. Raises `ConflictError` if the base version is no longer the latest, `NotFoundError`,
        `InvalidRequestError`, and the errors of `create`.
        """
        operation = operations.publish(self.settings, name, base_version, description, prompt=content, config=config)
        return await self._fetcher.perform(operation)

    async def edit(
        self,
        name: str,
        edits: Iterable[tuple[str, str]],
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        description: str | None = None,
    ) -> Version:
        """Publish a version with texts replaced: ``edits`` are pairs of an old text, which must occur exactly once, and a new one.

        The other arguments and the result are those of `publish`. Raises `InvalidRequestError` for an edit that does not apply,
        with its index as ``edit_index``, `ConflictError` if the base version is no longer the latest, `NotFoundError`, and the
        errors of `create`.
        """
        changes = operations.edits_of(edits)
        return await self._fetcher.perform(
            operations.publish(self.settings, name, base_version, description, edits=changes, config=config)
        )

    async def move_label(
        self, name: str, label: str, *, version: int, expected_version: int | AnyVersion | None = ANY_VERSION
    ) -> Label:
        """Point a label at a version, and return it.

        ``expected_version`` is the version that the label must point at before; `None` stands for a label that is not set.
        Otherwise `LabelMovedError` is raised, whose ``current_version`` is the version that the label points at. Raises
        `NotFoundError` if the prompt or version does not exist, `InvalidRequestError` for an invalid name, and the errors of
        `create`.
        """
        return await self._fetcher.perform(label_operations.move_label(self.settings, name, label, version, expected_version))

    async def remove_label(self, name: str, label: str, *, expected_version: int | AnyVersion = ANY_VERSION) -> None:
        """Remove a label. Raises `LabelMovedError` if it does not point at ``expected_version``.

        Raises `NotFoundError` if the prompt does not have the label, `ReferencedPromptError` if other prompts follow it by a
        reference, and the errors of `create`.
        """
        await self._fetcher.perform(label_operations.remove_label(self.settings, name, label, expected_version))

    async def undo_label(self, name: str, label: str, *, expected_version: int | None, reason: str | None = None) -> Label | None:
        """Point a label where it pointed before its last move; return `None` if it was not set then.

        ``expected_version`` is the version that it points at now, `None` if it is not set; otherwise `LabelMovedError` is raised.
        ``reason`` is kept in the history. An undo can be undone. Raises `InvalidRequestError` if the label has moved only once, and
        the errors of `remove_label`.
        """
        return await self._fetcher.perform(label_operations.undo_label(self.settings, name, label, expected_version, reason))

    async def label_history(self, name: str, label: str, *, limit: int = operations.PAGE, offset: int = 0) -> LabelHistory:
        """Return the moves of a label that a prompt has or had, newest first.

        ``limit`` is the size of a page, and ``offset`` the number of moves before it. Raises `NotFoundError` if the prompt never
        had the label, `UnavailableError`, and other kinds of `RejectedError`.
        """
        return await self._fetcher.perform(label_operations.label_history(self.settings, name, label, limit, offset))

    async def promote(
        self,
        source: str,
        target: str,
        *,
        names: Iterable[str] | None = None,
        expected: Mapping[str, int | None] | None = None,
        reason: str | None = None,
        dry_run: bool = False,
    ) -> Release:
        """Point the label ``target`` of all prompts that have ``source``, or of ``names``, where ``source`` points: all, or none.

        ``expected`` are the versions that ``target`` points at now, by prompt; `None`: it is not set. ``dry_run`` changes nothing,
        and returns what would change. Raises `MovesRefusedError` if a label cannot be moved, `ValueError` for an empty label, and
        the errors of `create`.
        """
        operation = label_operations.promote(
            self.settings, source, target, names=names, expected=expected, reason=reason, dry_run=dry_run
        )
        return await self._fetcher.perform(operation)

    async def undo_release(self, release_id: str, *, reason: str | None = None, dry_run: bool = False) -> Release:
        """Point all labels of a release where they pointed before it, or none. The arguments and errors are those of `promote`."""
        return await self._fetcher.perform(label_operations.undo_release(self.settings, release_id, reason=reason, dry_run=dry_run))

    async def archive(self, name: str) -> None:
        """Archive a prompt with all its versions and labels; its name can be used again.

        Raises `NotFoundError` if the prompt does not exist, `ReferencedPromptError` if others refer to it, and the errors of
        `create`.
        """
        await self._fetcher.perform(operations.archive(self.settings, name))

    async def restore(self, name: str, *, version_id: str | None = None) -> RestoredPrompt:
        """Bring an archived prompt back with all its versions, and without labels.

        Of several that had the name it is the one that was archived last, unless ``version_id``, the ``id`` of one of its versions,
        selects another. Raises `NotFoundError`, `ConflictError` if the name is taken, and the errors of `create`.
        """
        return await self._fetcher.perform(operations.restore(self.settings, name, version_id))

    async def duplicate(self, name: str, new_name: str) -> Version:
        """Create a prompt ``new_name`` from the latest version of another; return its version 1.

        Raises `NotFoundError` if the prompt does not exist, `InvalidRequestError` if the new name is taken, and the errors of
        `create`.
        """
        return await self._fetcher.perform(operations.duplicate(self.settings, name, new_name))

    async def history(self, name: str, *, limit: int = 50, before_version: int | None = None) -> History:
        """Return the labels of a prompt and its versions without their contents, newest first.

        ``limit`` is the maximum number of versions; ``before_version`` continues behind an earlier page. Raises `NotFoundError` if
        the prompt does not exist, `UnavailableError`, and other kinds of `RejectedError`.
        """
        return await self._fetcher.perform(operations.history(self.settings, name, limit, before_version))

    async def list_prompts(
        self,
        *,
        search: str | None = None,
        label: str | None = None,
        archived: bool = False,
        order_by: str | None = None,
        limit: int = operations.PAGE,
        offset: int = 0,
    ) -> Page:
        """Return a page of prompts, at their latest versions or at those that ``label`` points at, or of the ``archived`` prompts.

        ``search`` is a text in the name or the content. ``order_by`` is a field such as ``name``, or ``-created_at`` for newest
        first. ``limit`` is the size of a page, and ``offset`` the number of prompts before it. Raises `UnavailableError`,
        `RejectedError`, and `ValueError` for an empty label.
        """
        others = {"order_by": order_by, "archived": "true" if archived else None}
        operation = operations.list_prompts(self.settings, search=search, label=label, limit=limit, offset=offset, **others)
        return await self._fetcher.perform(operation)

    async def usage(
        self,
        name: str,
        *,
        first: date | None = None,
        last: date | None = None,
        version: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Usage:
        """Return how often the versions of a prompt were fetched, by label, key and day.

        ``first`` and ``last`` are days in UTC, by default the last 30. ``limit`` is the maximum number of versions, and ``offset``
        the number of newer ones. Raises `NotFoundError`, `UnavailableError`, and other kinds of `RejectedError`.
        """
        return await self._fetcher.perform(usage.get_usage(self.settings, name, first, last, version, limit=limit, offset=offset))

    async def changes(
        self, *, after: str | None = None, names: Iterable[str] = (), labels: Iterable[str] = (), limit: int = operations.PAGE
    ) -> ChangePage:
        """Return a page of the change log, oldest first, behind the cursor ``after`` or from the beginning.

        With ``names`` or ``labels``, these are changes of prompts with one of these names, or of one of these labels. Raises
        `UnavailableError`, `RejectedError`, and `ValueError` if ``after`` is no cursor.
        """
        only = ChangeFilter.of(names, labels)
        return await self._fetcher.perform(change_log.list_changes(self.settings, after, only, limit))

    def follow_changes(
        self, *, after: str | None = None, names: Iterable[str] = (), labels: Iterable[str] = ()
    ) -> AsyncIterator[Change]:
        """Return an iterator that waits for changes, behind the cursor ``after`` or from now on, until the client is closed.

        A broken connection is resumed behind the last change. If that is no longer in the log, a `Change` of the kind "reset"
        follows. Raises `RejectedError` and `InvalidResponseError`, and `UnreachableError` if the client is closed or offline.
        """
        return self._fetcher.follow(LogReader(self.settings, after, ChangeFilter.of(names, labels)))

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
