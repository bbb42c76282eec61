# Generated from async_management.py by generate_sync.py.
"""Methods of the client for programs without an event loop that change, list and follow prompts."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from promptuary_client import change_log, label_operations, operations, usage, wire
from promptuary_client.change_log import ChangeFilter, ChangePage, LogReader
from promptuary_client.changes import Change
from promptuary_client.fetcher import Fetcher
from promptuary_client.label_operations import ANY_VERSION, AnyVersion, Circumstances, Label, LabelHistory, Release
from promptuary_client.operations import KEEP, History, Keep, Page, RestoredPrompt, Version
from promptuary_client.settings import Settings
from promptuary_client.usage import Usage
from promptuary_client.wire import Answer


class Management:
    """Methods that change, list and follow prompts. Their answers are not cached."""

    settings: Settings
    _fetcher: Fetcher
    _has_past: bool = False

    def create(
        self,
        name: str,
        content: object,
        *,
        config: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        labels: Iterable[str] = (),
        description: str | None = None,
    ) -> Version:
        """Create a prompt from a text, chat messages or any other JSON; return its version 1.

        ``config`` belongs to the prompt, for example the name of a model; ``variables`` declares its variables; ``description``
        describes the version, and ``labels`` point at it at once. Raises `InvalidRequestError` if the server does not accept the
        prompt or its references, or the name is taken, and like every method that changes prompts `UnavailableError`,
        `AuthenticationError`, `PermissionDeniedError`, and `ConfigurationError` if the client has the project's token instead of
        its ID.
        """
        operation = operations.create(self.settings, name, content, labels, description, config=config, variables=variables)
        return self._fetcher.perform(operation)

    def publish(
        self,
        name: str,
        content: object | Keep = KEEP,
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        variables: Mapping[str, Any] | Keep | None = KEEP,
        labels: Iterable[str] = (),
        description: str | None = None,
    ) -> Version:
        """Publish the next version, made from ``base_version``, and return it.

        The defaults of ``content``, ``config`` and ``variables`` are those of the base version; `None` removes a config or the
        declared variables. ``description`` describes the change, and ``labels`` point at the version at once. Raises
        `ConflictError` if the base version is no longer the latest, `NotFoundError`, `InvalidRequestError`, and the errors of
        `create`.
        """
        changes = {"prompt": content, "config": config, "variables": variables}
        return self._fetcher.perform(operations.publish(self.settings, name, base_version, labels, description, **changes))

    def edit(
        self,
        name: str,
        edits: Iterable[tuple[str, str]],
        *,
        base_version: int,
        config: Mapping[str, Any] | Keep | None = KEEP,
        variables: Mapping[str, Any] | Keep | None = KEEP,
        labels: Iterable[str] = (),
        description: str | None = None,
    ) -> Version:
        """Publish a version with texts replaced: ``edits`` are pairs of an old text, which must occur exactly once, and a new one.

        The other arguments and the result are those of `publish`. Raises `InvalidRequestError` for an edit that does not apply,
        with its index as ``edit_index``, `ConflictError` if the base version is no longer the latest, `NotFoundError`, and the
        errors of `create`.
        """
        changes = {"edits": operations.edits_of(edits), "config": config, "variables": variables}
        return self._fetcher.perform(operations.publish(self.settings, name, base_version, labels, description, **changes))

    def move_label(
        self,
        name: str,
        label: str,
        *,
        version: int,
        expected_version: int | AnyVersion | None = ANY_VERSION,
        reason: str | None = None,
        emergency: bool = False,
    ) -> Label:
        """Point a label at a version, and return it.

        ``expected_version`` is the version that the label must point at before; `None` stands for a label that is not set.
        Otherwise `LabelMovedError` is raised, whose ``current_version`` is the version that the label points at. ``reason`` is kept
        in the history. With ``emergency``, an admin moves a protected label, and gives the reason. Raises `NotFoundError` if the
        prompt or version does not exist, `InvalidRequestError` for an invalid name, and the errors of `create`.
        """
        circumstances = Circumstances(reason, emergency)
        operation = label_operations.move_label(self.settings, name, label, version, expected_version, circumstances)
        return self._fetcher.perform(operation)

    def remove_label(
        self,
        name: str,
        label: str,
        *,
        expected_version: int | AnyVersion = ANY_VERSION,
        reason: str | None = None,
        emergency: bool = False,
    ) -> None:
        """Remove a label.

        The arguments are those of `move_label`. Raises `LabelMovedError` if it does not point at ``expected_version``,
        `NotFoundError` if the prompt does not have the label, `ReferencedPromptError` if other prompts follow it by a reference,
        and the errors of `create`.
        """
        circumstances = Circumstances(reason, emergency)
        self._fetcher.perform(label_operations.remove_label(self.settings, name, label, expected_version, circumstances))

    def undo_label(
        self, name: str, label: str, *, expected_version: int | None, reason: str | None = None, emergency: bool = False
    ) -> Label | None:
        """Point a label where it pointed before its last move; return `None` if it was not set then.

        ``expected_version`` is the version that it points at now, `None` if it is not set; otherwise `LabelMovedError` is raised.
        The other arguments are those of `move_label`. An undo can be undone. Raises `InvalidRequestError` if the label has moved
        only once, and the errors of `remove_label`.
        """
        circumstances = Circumstances(reason, emergency)
        operation = label_operations.undo_label(self.settings, name, label, expected_version, circumstances)
        return self._fetcher.perform(operation)

    def label_history(self, name: str, label: str, *, limit: int = operations.PAGE, offset: int = 0) -> LabelHistory:
        """Return the moves of a label that a prompt has or had, newest first.

        ``limit`` is the size of a page, and ``offset`` the number of moves before it. Raises `NotFoundError` if the prompt never
        had the label, `UnavailableError`, and other kinds of `RejectedError`.
        """
        return self._fetcher.perform(label_operations.label_history(self.settings, name, label, limit, offset))

    def promote(
        self,
        source: str,
        target: str,
        *,
        names: Iterable[str] | None = None,
        expected: Mapping[str, int | None] | None = None,
        versions: Mapping[str, int | None] | None = None,
        reason: str | None = None,
        emergency: bool = False,
        dry_run: bool = False,
    ) -> Release:
        """Point the label ``target`` of all prompts that have ``source``, or of ``names``, where ``source`` points: all, or none.

        ``expected`` are the versions that ``target`` points at now, by prompt, and ``versions`` those that ``source`` points at;
        `None`: it is not set. ``reason`` and ``emergency`` are those of `move_label`. ``dry_run`` changes nothing, and returns what
        would change. Raises `MovesRefusedError` if a label cannot be moved, `ValueError` for an empty label, and the errors of
        `create`.
        """
        operation = label_operations.promote(
            self.settings,
            source,
            target,
            names=names,
            expected=expected,
            versions=versions,
            circumstances=Circumstances(reason, emergency),
            dry_run=dry_run,
        )
        return self._fetcher.perform(operation)

    def undo_release(
        self, release_id: str, *, reason: str | None = None, emergency: bool = False, dry_run: bool = False
    ) -> Release:
        """Point all labels of a release where they pointed before it, or none. The arguments and errors are those of `promote`."""
        circumstances = Circumstances(reason, emergency)
        operation = label_operations.undo_release(self.settings, release_id, circumstances, dry_run=dry_run)
        return self._fetcher.perform(operation)

    def archive(self, name: str, *, reason: str | None = None) -> None:
        """Archive a prompt with all its versions and labels; its name can be used again.

        ``reason`` is kept in the history of its labels. Raises `NotFoundError` if the prompt does not exist,
        `ReferencedPromptError` if others refer to it, and the errors of `create`.
        """
        self._fetcher.perform(operations.archive(self.settings, name, reason))

    def restore(self, name: str, *, version_id: str | None = None) -> RestoredPrompt:
        """Bring an archived prompt back with all its versions, and without labels.

        Of several that had the name it is the one that was archived last, unless ``version_id``, the ``id`` of one of its versions,
        selects another. Raises `NotFoundError`, `ConflictError` if the name is taken, and the errors of `create`.
        """
        return self._fetcher.perform(operations.restore(self.settings, name, version_id))

    def duplicate(self, name: str, new_name: str) -> Version:
        """Create a prompt ``new_name`` from the latest version of another; return its version 1.

        Raises `NotFoundError` if the prompt does not exist, `InvalidRequestError` if the new name is taken, and the errors of
        `create`.
        """
        return self._fetcher.perform(operations.duplicate(self.settings, name, new_name))

    def history(
        self,
        name: str,
        *,
        version: int | None = None,
        at: datetime | None = None,
        limit: int = 50,
        before_version: int | None = None,
    ) -> History:
        """Return the labels of a prompt, its versions without their contents, newest first, and one version in full.

        That version is ``version``, or the latest one. ``at`` is a time of the past: the versions and labels are those of then.
        ``limit`` is the maximum number of versions; ``before_version`` continues behind an earlier page. Raises `NotFoundError` if
        the prompt does not exist, `UnavailableError`, and other kinds of `RejectedError`.
        """
        then = None if at is None else wire.check_time(at)
        params = {"version": version, "at": then, "limit": limit, "before_version": before_version}
        operation = operations.history(self.settings, name, **params)
        self._check_past(then)
        return self._fetcher.perform(operation)

    def list_prompts(
        self,
        *,
        search: str | None = None,
        label: str | None = None,
        at: datetime | None = None,
        archived: bool = False,
        content: str | None = None,
        order_by: str | None = None,
        limit: int = operations.PAGE,
        offset: int = 0,
    ) -> Page:
        """Return a page of prompts, at their latest versions or at those that ``label`` points at, or of the ``archived`` prompts.

        ``search`` is a text in the name or the content. ``at`` is a time of the past: the prompts are those of then. ``content`` is
        "full", "preview" or "none". ``order_by`` is a field such as ``name``, or ``-created_at`` for newest first. ``limit`` is the
        size of a page, and ``offset`` the number of prompts before it. Raises `UnavailableError`, `RejectedError`, and `ValueError`
        for an empty label and for a time without a time zone.
        """
        then = None if at is None else wire.check_time(at)
        others = {"at": then, "content": content, "order_by": order_by, "archived": "true" if archived else None}
        operation = operations.list_prompts(self.settings, search=search, label=label, limit=limit, offset=offset, **others)
        self._check_past(then)
        return self._fetcher.perform(operation)

    def usage(
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
        return self._fetcher.perform(usage.get_usage(self.settings, name, first, last, version, limit=limit, offset=offset))

    def changes(
        self, *, after: str | None = None, names: Iterable[str] = (), labels: Iterable[str] = (), limit: int = operations.PAGE
    ) -> ChangePage:
        """Return a page of the change log, oldest first, behind the cursor ``after`` or from the beginning.

        With ``names`` or ``labels``, these are changes of prompts with one of these names, or of one of these labels. Raises
        `UnavailableError`, `RejectedError`, and `ValueError` if ``after`` is no cursor.
        """
        only = ChangeFilter.of(names, labels)
        return self._fetcher.perform(change_log.list_changes(self.settings, after, only, limit))

    def follow_changes(
        self, *, after: str | None = None, names: Iterable[str] = (), labels: Iterable[str] = ()
    ) -> Iterator[Change]:
        """Return an iterator that waits for changes, behind the cursor ``after`` or from now on, until the client is closed.

        A broken connection is resumed behind the last change. If that is no longer in the log, a `Change` of the kind "reset"
        follows. Raises `RejectedError` and `InvalidResponseError`, and `UnreachableError` if the client is closed or offline.
        """
        return self._fetcher.follow(LogReader(self.settings, after, ChangeFilter.of(names, labels)))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request to an endpoint that has no method here, and return its answer, with the JSON as ``json()``.

        ``path`` is below the project, for example ``llm_prompts/change_requests/``, or, if it begins with a slash, below the host.
        ``params`` that are `None` are not sent, and lists are repeated. ``body`` is sent as JSON, and `bytes` as they are.
        ``timeout`` is ``request_timeout`` by default. Raises `ValueError` for what cannot be sent, `UnavailableError`, and
        `RejectedError`.
        """
        wire.check_timeout(timeout)
        operation = operations.request(self.settings, method, path, params, body, headers)
        return self._fetcher.perform(operation, timeout)

    def _check_past(self, at: str | None, timeout: float | None = None) -> None:
        """Raise `InvalidRequestError` if the server has no past: for a time, it would return the present."""
        if at is not None and not self._has_past:
            self._fetcher.perform(operations.check_past(self.settings), timeout)
            self._has_past = True
