"""The client for programs with threads, or without any of their own."""

import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from promptuary_client import verbs, wire
from promptuary_client.assembly import build_settings
from promptuary_client.fetcher import Fetcher
from promptuary_client.filling import Prefetched
from promptuary_client.prompts import Fallback, Prompt, check_fallback
from promptuary_client.settings import DEFAULT, Default, Hook, Trouble
from promptuary_client.verbs import ANYWHERE, KEEP, Anywhere, History, Keep, Label, Page, Version


class Promptuary:
    """Fetches prompts from a server and keeps them. One client serves all threads of a program.

    A fetch waits at most ``deadline`` seconds the first time a prompt is asked for, and not at all later: what is known is served
    at once, and refreshed in the background when it is older than ``ttl`` seconds. A request may go on for ``request_limit``
    seconds after its caller has left. Making a client asks nothing of the network. Raises `ConfigurationError`.

    ``host`` is the server's address, ``api_key`` a key of it, ``project`` the project's number, its token (for reading only) or
    ``@current``; unless they are given they come from ``PROMPTUARY_HOST``, ``PROMPTUARY_API_KEY`` and ``PROMPTUARY_PROJECT``.
    ``label`` is the one that is fetched unless a label or a version is asked for.

    ``cache_dir`` is the folder for the last known good content, by default that of ``PROMPTUARY_CACHE_DIR`` or one in the user's
    cache folder, and none if it is `False`. ``max_entries`` bounds how many prompts, versions and labels memory and disk keep.

    With ``live`` changes are followed as they happen. ``bundle`` is a file of ``promptuary bundle``, by default that of
    ``PROMPTUARY_BUNDLE``, for when the server cannot be asked; with ``offline``, by default as ``PROMPTUARY_OFFLINE`` says, it
    never is.

    ``headers`` go with every request, such as those of a proxy that asks for a token. ``verify`` is a file or folder with the
    certificates of authorities, or an `ssl.SSLContext`; `False` checks no certificate. ``http_client`` makes the `httpx2.Client`
    that sends requests, of the arguments that it is called with; it is called again for a stream and after a fork.

    With ``max_stale`` content that was due for a refresh more than so many seconds ago is not served before the server was asked,
    which is for processes that are frozen between calls. With ``threads`` false every request is made in the thread that calls.
    ``on_get`` is called with every answer, ``on_trouble`` with a `Trouble` for every fetch that failed, for
    values that a prompt does not use, and for a bundle that cannot be used.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        api_key: str | None = None,
        project: str | int | None = None,
        label: str | None = None,
        deadline: float = 1.0,
        ttl: float = 60.0,
        max_stale: float | None = None,
        max_entries: int = 1000,
        request_limit: float = 10.0,
        cache_dir: str | Path | bool = True,
        threads: bool = True,
        live: bool = False,
        bundle: str | Path | None = None,
        offline: bool | None = None,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | str | Path | bool = True,
        http_client: Callable[..., httpx2.Client] | None = None,
        on_get: Hook[Prompt] | None = None,
        on_trouble: Hook[Trouble] | None = None,
    ) -> None:
        self.settings = build_settings(
            host,
            api_key,
            project,
            label,
            cache_dir,
            bundle,
            headers=headers,
            verify=verify,
            offline=offline,
            deadline=deadline,
            ttl=ttl,
            max_stale=max_stale,
            max_entries=max_entries,
            request_limit=request_limit,
            threads=threads,
            live=live,
            http_client=http_client,
            on_get=on_get,
            on_trouble=on_trouble,
        )
        self._fetcher = Fetcher(self.settings)

    def get(
        self,
        name: str,
        *,
        label: str | Default | None = DEFAULT,
        version: int | None = None,
        fallback: Fallback | None = None,
        fallback_config: Mapping[str, Any] | None = None,
        deadline: float | None = None,
    ) -> Prompt:
        """Return a prompt at ``version``, at the version that ``label`` points at, or at its latest version.

        Without either the client's own ``label`` counts, if it has one; `None` asks for the latest version all the same.

        ``fallback`` is a text or a list of chat messages of the code's own, and ``fallback_config`` its config, for when there is
        nothing else. ``deadline`` is how many seconds to wait at most, by default the client's.

        With a ``fallback`` this never raises for what the server, the network or the disk does. Without one it raises
        `Unavailable` or `Refused` if nothing is known of the prompt. Raises `ValueError` for both a version and a label, for
        what is neither, for an empty label, and for a fallback that is neither a text nor messages.
        """
        key = wire.make_key(self.settings, name, version, label)
        check_fallback(fallback)
        return self._fetcher.get(key, fallback=fallback, config=fallback_config, deadline=deadline)

    def prefetch(self, *, label: str | Default | None = DEFAULT, deadline: float | None = None) -> Prefetched:
        """Take all prompts into memory and to disk, at the versions that ``label`` points at, or at their latest ones.

        Without a ``label`` the client's own counts, as it does for `get`. Raises `ValueError` for an empty label.

        One request brings a hundred prompts. Waits at most ``deadline`` seconds, by default the client's ``request_limit``. Does
        not raise for what the server or the network does; the result tells how many prompts there are, and why these are not all.
        """
        return self._fetcher.prefetch(wire.check_label(self.settings.label if label is DEFAULT else label), deadline)

    def create(
        self, name: str, content: object, *, config: Mapping[str, Any] | None = None, description: str | None = None
    ) -> Version:
        """Make a prompt of a text, of chat messages or of any other JSON; return its version 1.

        ``config`` is whatever belongs to the prompt, such as the name of a model; ``description`` says what the version is about.
        Raises `Invalid` for what the server does not accept and for a name that is taken, and `PromptuaryError` as every change
        of prompts does: `Unavailable`, `NotAuthenticated`, `Forbidden`, and `ConfigurationError` if the project is named by its
        token.
        """
        return self._fetcher.perform(verbs.create(self.settings, name, content, config, description))

    def publish(
        self,
        name: str,
        content: object | Keep = KEEP,
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        description: str | None = None,
    ) -> Version:
        """Add the next version on top of ``base_version``, the one that it was made from, and return it.

        ``content`` and ``config`` are those of the base version unless they are given; a ``config`` of `None` is no config.
        ``description`` says what has changed. Raises `Conflict` if the base version is not the latest any more, `NotFound`,
        `Invalid`, and what `create` raises.
        """
        verb = verbs.publish(self.settings, name, base_version, description, prompt=content, config=config)
        return self._fetcher.perform(verb)

    def edit(
        self,
        name: str,
        edits: Iterable[tuple[str, str]],
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        description: str | None = None,
    ) -> Version:
        """Publish a version with texts replaced: ``edits`` are pairs of an old text, which must be there once, and a new one.

        The other arguments and the result are those of `publish`. Raises `Invalid` for an edit that does not apply, with its
        number as ``edit_index``, `Conflict` if the base version is not the latest any more, `NotFound`, and what `create` raises.
        """
        changes = verbs.edits_of(edits)
        return self._fetcher.perform(verbs.publish(self.settings, name, base_version, description, edits=changes, config=config))

    def label(self, name: str, label: str, *, version: int, expected_version: int | Anywhere | None = ANYWHERE) -> Label:
        """Have a label point at a version; return where it is now.

        With ``expected_version`` it is moved only if it points there; `None` expects a label that is not set yet. Raises
        `LabelMoved` otherwise, whose ``current_version`` is where the label points.

        Raises `NotFound` if there is no such prompt or version, `Invalid` for a name that no label can have, and what `create`
        raises.
        """
        return self._fetcher.perform(verbs.move_label(self.settings, name, label, version, expected_version))

    def remove_label(self, name: str, label: str, *, expected_version: int | Anywhere = ANYWHERE) -> None:
        """Take a label away, with ``expected_version`` only if it points there; `LabelMoved` is raised otherwise.

        Raises `NotFound` if the prompt does not carry it, and what `create` raises.
        """
        self._fetcher.perform(verbs.remove_label(self.settings, name, label, expected_version))

    def archive(self, name: str) -> None:
        """Take a prompt with all its versions and labels out of service; its name is free again.

        Raises `NotFound` if there is no such prompt, and what `create` raises.
        """
        self._fetcher.perform(verbs.archive(self.settings, name))

    def duplicate(self, name: str, new_name: str) -> Version:
        """Make a prompt named ``new_name`` of the latest version of another; return its version 1.

        Raises `NotFound` if there is no such prompt, `Invalid` if the new name is taken, and what `create` raises.
        """
        return self._fetcher.perform(verbs.duplicate(self.settings, name, new_name))

    def history(self, name: str, *, limit: int = 50, before_version: int | None = None) -> History:
        """Return the versions of a prompt without their contents, newest first, and its labels.

        At most ``limit`` of them; ``before_version`` goes on where a page ended. Raises `NotFound` if there is no such prompt,
        `Unavailable`, and other kinds of `Refused`.
        """
        return self._fetcher.perform(verbs.history(self.settings, name, limit, before_version))

    def list_prompts(
        self,
        *,
        search: str | None = None,
        label: str | None = None,
        order_by: str | None = None,
        limit: int = verbs.PAGE,
        offset: int = 0,
    ) -> Page:
        """Return one page of prompts, at their latest versions or at those that ``label`` points at.

        ``search`` is a text that names or contents have; ``order_by`` is a field such as ``name``, or ``-created_at`` for the
        newest first. ``limit`` is how many prompts a page has, and ``offset`` how many come before it. Raises `Unavailable`,
        `Refused`, and `ValueError` for an empty label.
        """
        verb = verbs.list_prompts(self.settings, search=search, label=label, order_by=order_by, limit=limit, offset=offset)
        return self._fetcher.perform(verb)

    def close(self) -> None:
        """Close the connections. What is known goes on being served; nothing is asked any more."""
        self._fetcher.close()

    @property
    def is_live(self) -> bool:
        """Whether changes are heard of as they happen at the moment, which ``live=True`` asks for."""
        return self._fetcher.is_live

    def __enter__(self) -> "Promptuary":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()
