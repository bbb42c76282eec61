"""The resource of a project's changes: a page of them as JSON, or a stream of server-sent events that stays open."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import EVENT_STREAM, Call
from promptuary.api.posthog.errors import answer_error
from promptuary.api.posthog.fields import integer, refuse
from promptuary.api.posthog.inputs import LabelName, PromptName, Schema
from promptuary.api.posthog.outputs import UserBasic, show_author, show_timestamp
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Identifier, PositiveInteger, Timestamp
from promptuary.api.streams import Broadcaster, Stream
from promptuary.http.scope import ABORT, STAYS_OPEN
from promptuary.model.access import Actor, Permission
from promptuary.model.activity import Activity
from promptuary.model.changes import Change, ChangeFilter, payloads
from promptuary.model.errors import RegistryError, Unavailable
from promptuary.model.json_text import dump_compact
from promptuary.registry import change_feed
from promptuary.registry.change_feed import FeedPage
from promptuary.store.changes import MAX_CHECK, Cursor, cursor_of, mark_of
from promptuary.store.engine.database import Database
from promptuary.store.watch import RETRY_SECONDS

HEARTBEAT_SECONDS = 15.0
MAX_FILTERS = 1000

_MAX_DIGITS = 20
_CHECK_DIGITS = len(str(MAX_CHECK))
_SEQUENCE_DIGITS = _MAX_DIGITS - _CHECK_DIGITS - 1
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Open-source nginx holds back what it may buffer.
    (b"x-accel-buffering", b"no"),
]

resource = Resource("Changes")


def _read_cursor(value: object) -> Cursor:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        refuse("invalid", "A valid cursor is required.")
    if len(text) < _MAX_DIGITS:
        # Earlier versions gave the sequence alone, as does a log without entries.
        return Cursor(int(text))
    return Cursor(int(text[1:-_CHECK_DIGITS]), int(text[-_CHECK_DIGITS:]))


def show_cursor(cursor: Cursor) -> str:
    """Show a cursor: the sequence, between a leading 1 and the check, if all fit into the digits of a cursor.

    Such a number is greater than any sequence, so that an earlier version takes it for one beyond the end, which is reset.
    """
    if cursor.check is None or len(str(cursor.sequence)) > _SEQUENCE_DIGITS:
        return str(cursor.sequence)
    return f"1{cursor.sequence:0{_SEQUENCE_DIGITS}}{cursor.check:0{_CHECK_DIGITS}}"


class ChangesQuery(Schema):
    """The query of changes."""

    after: (
        Annotated[Cursor, PlainValidator(_read_cursor), WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,20}$"})] | None
    ) = Field(default=None, description="Only changes after this cursor. Default: all changes in the log.")
    limit: Annotated[int, integer(minimum=1, maximum=1000), Field(json_schema_extra={"minimum": 1, "maximum": 1000})] = Field(
        default=100, description="Maximum number of changes."
    )
    name: list[PromptName] = Field(
        default=[],
        max_length=MAX_FILTERS,
        description="Only changes of this prompt, of its text by references, or of a requested `label`. Repeatable.",
    )
    label: list[LabelName] = Field(
        default=[],
        max_length=MAX_FILTERS,
        description="Only changes that set, move or remove this label, or that are of a requested `name`. Repeatable.",
    )

    @property
    def change_filter(self) -> ChangeFilter:
        """The requested part of the log."""
        return ChangeFilter(frozenset(self.name), frozenset(self.label))


class LLMPromptChange(TypedDict):
    """A change of a prompt; fields that do not apply to its kind are null.

    `affected_prompts` are other prompts that serve another text since, because they reference this one; at most 1000 names.
    """

    cursor: str
    kind: str
    prompt_name: str
    prompt_id: Identifier
    version: PositiveInteger | None
    label: str | None
    from_version: PositiveInteger | None
    to_version: PositiveInteger | None
    affected_prompts: list[str]
    actor: UserBasic | None
    created_at: Timestamp


class LLMPromptChanges(TypedDict):
    """Changes, oldest first, and the next cursor. `reset`: some are no longer available; fetch all cached prompts again."""

    results: list[LLMPromptChange]
    next_cursor: str
    has_more: bool
    reset: bool


@resource.get(
    "/changes/",
    Operation(
        id="llm_prompts_changes_list",
        summary="Follow changes",
        query=ChangesQuery,
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptChanges},
        text_answer=EVENT_STREAM,
    ),
    streams=True,
)
def list_changes(call: Call) -> Response:
    """List changes of prompts, oldest first; with `Accept: text/event-stream`, stream new ones.

    A stream begins behind the header `Last-Event-ID`, else behind `after`, else now.
    """
    actor = call.enter(Permission.READ)
    query = call.query(ChangesQuery, repeated=("name", "label"))
    if call.wants_stream:
        return _start_stream(call, actor, query)
    with call.database.read() as tx:
        page = change_feed.list_changes(tx, actor, after=query.after, limit=query.limit, change_filter=query.change_filter)
    return call.answer(
        {
            "results": [show_change(entry) for entry in page.entries],
            "next_cursor": show_cursor(page.cursor),
            "has_more": page.has_more,
            "reset": page.is_reset,
        }
    )


def show_change(entry: Activity) -> dict[str, object]:
    """Show a change of a prompt; the shape is `LLMPromptChange`."""
    change = entry.change
    return {
        "cursor": show_cursor(cursor_of(mark_of(change))),
        "kind": change.kind.value,
        "prompt_name": change.prompt_name,
        "prompt_id": change.prompt_id,
        **_show_versions(change),
        "affected_prompts": list(change.affected_prompts),
        "actor": show_author(entry.user),
        "created_at": show_timestamp(change.at),
    }


def _show_versions(change: Change) -> dict[str, object]:
    """Show the version, and of a label also its name and where it came from and went."""
    shown: dict[str, object] = {"version": None, "label": None, "from_version": None, "to_version": None}
    match change.payload:
        case payloads.PromptCreated() | payloads.PromptPublished() | payloads.PromptImported() as payload:
            shown["version"] = payload.version
        case payloads.PromptArchived(version) | payloads.PromptRestored(version):
            shown["version"] = version
        case payloads.LabelCreated(label, version):
            shown |= {"version": version, "label": label, "to_version": version}
        case payloads.LabelMoved(label, former_version, version):
            shown |= {"version": version, "label": label, "from_version": former_version, "to_version": version}
        case payloads.LabelRemoved(label, former_version):
            shown |= {"label": label, "from_version": former_version}
        case payloads.Unreadable(before, after) if change.kind.value.startswith("label."):
            shown |= {"version": after.get("version"), "label": after.get("label", before.get("label"))}
            shown |= {"from_version": before.get("version"), "to_version": after.get("version")}
        case payloads.Unreadable(before, after):
            shown["version"] = (after or before).get("version")
    return shown


def change_message(entry: Activity) -> bytes:
    """Return the event of a change."""
    return _message("change", cursor_of(mark_of(entry.change)), dump_compact(show_change(entry)))


def _message(event: str, cursor: Cursor, data: str = "{}") -> bytes:
    return f"id: {show_cursor(cursor)}\nevent: {event}\ndata: {data}\n\n".encode()


def _start_stream(call: Call, actor: Actor, query: ChangesQuery) -> Response:
    last_id = call.request.headers.get("last-event-id")
    after = query.after if not last_id else call.checked(ChangesQuery, {"after": last_id}).after
    with call.database.read() as tx:
        start = change_feed.find_start(tx, actor, after)
    stream = Stream(
        actor.key_id or f"user {actor.user_id}",
        actor.project_id,
        query.change_filter,
        start.cursor.sequence,
        actor.key_id is None,
        call.credentials.access_check(Permission.READ, actor),
    )
    call.note_use_now()
    read = partial(_read_on, call.database, actor, stream)
    return _StreamResponse(call.services.broadcaster, stream, read, _message("reset" if start.is_reset else "ready", start.cursor))


def _read_on(database: Database, actor: Actor, stream: Stream) -> FeedPage:
    with database.read() as tx:
        return change_feed.list_changes(tx, actor, after=Cursor(stream.cursor), limit=100, change_filter=stream.change_filter)


class _StreamResponse(Response):
    """Sends a stream until its client goes away, its access ends, or the server stops."""

    def __init__(self, broadcaster: Broadcaster, stream: Stream, read: Callable[[], FeedPage], first: bytes) -> None:
        super().__init__()
        self._broadcaster = broadcaster
        self._stream = stream
        self._read = read
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._stream
        try:
            self._broadcaster.open(stream)
        except RegistryError as error:
            await answer_error(error)(scope, receive, send)
            return
        stream.abort = scope.get(ABORT)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            await send({"type": "http.response.body", "body": self._first, "more_body": True})
            await send({"type": STAYS_OPEN, "rest": self._go_on})
        except BaseException:
            self._broadcaster.close(stream)
            raise

    async def _go_on(self, receive: Receive, send: Send) -> None:
        stream = self._stream
        leaving = asyncio.ensure_future(_gone(receive))
        leaving.add_done_callback(lambda _: stream.end())
        try:
            while not stream.is_over:
                body = await self._next()
                if body and not stream.is_over:
                    # It waits while the client does not read.
                    stream.is_sending = True
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                    stream.is_sending = False
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._broadcaster.close(stream)
            leaving.cancel()

    async def _next(self) -> bytes:
        """Return the next message, or wait for it, at most until a heartbeat is due."""
        stream = self._stream
        waiting = stream.waiting = asyncio.get_running_loop().create_future()
        if not stream.is_admitted:
            return await _woken(waiting)
        events = self._broadcaster.events_behind(stream)
        if events is None:
            return await self._read_log(waiting)
        if not events:
            return await _woken(waiting)
        stream.cursor = events[-1].change.sequence
        return b"".join(event.message for event in events if stream.change_filter.matches(event.change))

    async def _read_log(self, waiting: "asyncio.Future[None]") -> bytes:
        stream = self._stream
        try:
            page = await run_in_threadpool(self._read)
        except Unavailable:
            return await _woken(waiting, RETRY_SECONDS)
        if page.is_reset:
            stream.cursor = page.cursor.sequence
            return _message("reset", page.cursor)
        has_moved = page.cursor.sequence != stream.cursor
        stream.cursor = page.cursor.sequence
        if not has_moved:
            # The broadcaster has not begun yet; it wakes all streams when it has.
            return await _woken(waiting)
        return b"".join(change_message(entry) for entry in page.entries)


async def _woken(waiting: "asyncio.Future[None]", seconds: float = HEARTBEAT_SECONDS) -> bytes:
    beating = asyncio.get_running_loop().call_later(seconds, waiting.cancel)
    try:
        await waiting
    except asyncio.CancelledError:
        if waiting.cancelled() and not _is_cancelled():
            return b": heartbeat\n\n"
        raise
    finally:
        beating.cancel()
    return b""


def _is_cancelled() -> bool:
    """Return `True` if the task itself is cancelled, not only its waiting."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
