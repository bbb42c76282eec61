"""Answering fetches from memory: authenticate, authorise, find the bytes, send. Everything else goes to the slow application."""

import asyncio
import hashlib
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary.delivery.cache import BYPASS, HIT, MISS, Answer, AnswerKey, CachedRequest, CachedRequestKey, Grant, GrantKey
from promptuary.delivery.parts import FetchParts
from promptuary.delivery.requests import read_headers
from promptuary.delivery.shortcut import Shortcut
from promptuary.http.answered import Answered
from promptuary.http.conditional import NOT_MODIFIED, OK, conditional, is_known
from promptuary.http.fetch_address import FetchAddress, ReadFetchAddress
from promptuary.http.scope import ANSWERED, HEAD

GRANT_SECONDS = 600.0
"""Maximum lifetime of a grant; its use is recorded on renewal. Changes end it immediately."""

_NEVER = -1
_READS = frozenset({"GET", "HEAD"})


class FetchCacheMiddleware:
    """Wraps the slow application. One for each worker; belongs to one event loop. Counts fetches.

    What it finds out about a request it tells ``shortcut``, which answers others like it.
    """

    def __init__(
        self,
        application: ASGIApp,
        parts: FetchParts,
        read_address: ReadFetchAddress,
        shortcut: Shortcut | None = None,
    ) -> None:
        self._application = application
        self._read_address = read_address
        self._cache = parts.cache
        self._freshness = parts.freshness
        self._backend = parts.backend
        self._counters = parts.counters
        self._shortcut = shortcut
        self._loading: dict[AnswerKey, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _READS:
            await self._application(scope, receive, self._announcing(send))
            return
        sent = read_headers(scope["headers"])
        if sent is None or not (self._freshness.is_current() or await self._freshness.catch_up()):
            if sent is not None and self._read_address(scope) is not None:
                self._counters[BYPASS] += 1
            await self._pass_on(scope, receive, send)
            return
        key, known = sent
        request_key = (hashlib.sha256(key).digest(), scope.get("raw_path") or scope["path"].encode(), scope["query_string"])
        cached = self._cache.find_request(request_key, time.monotonic())
        if cached is None:
            await self._serve_new(request_key, sent, scope, receive, send)
        elif self._backend.count_read(cached.grant.key_id):
            self._count_fetch(cached, scope)
            if self._shortcut is not None and HEAD in scope:
                self._shortcut.keep(scope[HEAD], scope, request_key, cached, is_known=_is_known(cached.answer, known))
            await _send_answer(cached.answer, known, scope["method"], send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, conditional(scope, send))

    async def _serve_new(
        self, request_key: CachedRequestKey, sent: tuple[bytes, bytes | None], scope: Scope, receive: Receive, send: Send
    ) -> None:
        key, known = sent
        address = self._read_address(scope)
        grant = None if address is None else await self._grant(request_key[0], key, address)
        if address is None or grant is None:
            await self._pass_on(scope, receive, send)
            return
        answer_key = (grant.project_id, address.segment, address.selection)
        loading = self._loading.get(answer_key)
        if loading is not None:
            await loading.wait()
        answer = self._cache.find_answer(answer_key)
        if answer is None:
            self._counters[MISS] += 1
            if loading is None:
                await self._load(answer_key, address, scope, receive, send)
            else:
                await self._pass_on(scope, receive, send)
            return
        if not self._backend.count_read(grant.key_id):
            await self._pass_on(scope, receive, send)
            return
        cached = CachedRequest(grant, answer, answer.facts.fetch_key(grant.key_id))
        self._cache.keep_request(request_key, cached)
        self._count_fetch(cached, scope)
        await _send_answer(answer, known, scope["method"], send)

    async def _grant(self, digest: bytes, key: bytes, address: FetchAddress) -> Grant | None:
        now = time.monotonic()
        grant_key: GrantKey = (digest, address.project_reference, address.api_token)
        grant = self._cache.find_grant(grant_key, now)
        if grant is None:
            epoch = self._cache.epoch
            access = await asyncio.to_thread(
                self._backend.authorise, key.decode("latin-1"), address.project_reference, address.api_token
            )
            if access is None:
                return None
            # This request may continue. Later ones only if nothing was taken away since the epoch began, and that is known.
            is_known = await self._freshness.catch_up()
            grant = Grant(access.project_id, access.key_id, epoch if is_known else _NEVER, now + GRANT_SECONDS)
            self._cache.keep_grant(grant_key, grant)
        return grant

    async def _load(self, answer_key: AnswerKey, address: FetchAddress, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and remember the answer, unless something changed meanwhile that it may not show."""
        finished = self._loading[answer_key] = asyncio.Event()
        load = self._cache.begin_load(answer_key[0], address)
        recorder = _Recorder(conditional(scope, send))

        async def send_and_keep(message: Message) -> None:
            await recorder.send(message)
            if recorder.is_complete and scope["method"] == "GET" and not finished.is_set():
                self._cache.end_load(load, recorder.answer(answer_key) if await self._freshness.catch_up() else None)
                finished.set()

        scope[ANSWERED] = recorder.note
        try:
            await self._application(scope, receive, send_and_keep)
        finally:
            del scope[ANSWERED]
            self._cache.end_load(load, None)
            del self._loading[answer_key]
            finished.set()

    def _count_fetch(self, cached: CachedRequest, scope: Scope) -> None:
        self._counters[HIT] += 1
        if scope["method"] == "GET":
            self._backend.count_fetch(cached.fetch_key)

    def _announcing(self, send: Send) -> Send:
        async def announce_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._freshness.announce()
            await send(message)

        return announce_and_send


class _Recorder:
    """Listens in on an answer as it is sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = bytearray()
        self._facts: Answered | None = None
        self.is_complete = False

    def note(self, facts: Answered) -> None:
        """Take the facts of the answer, from the application."""
        self._facts = facts

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = {**message, "headers": list(message["headers"])}
        else:
            self._body += message.get("body", b"")
            self.is_complete = not message.get("more_body", False)
        await self._send(message)

    def answer(self, key: AnswerKey) -> Answer | None:
        """Return what was sent if it is a prompt of the project that the key was granted to read."""
        if self._start.get("status") != OK or self._facts is None or self._facts.project_id != key[0]:
            return None
        return Answer(key=key, facts=self._facts, headers=self._start["headers"], body=bytes(self._body))


def _is_known(answer: Answer, known: bytes | None) -> bool:
    return known is not None and is_known(known, answer.tag)


async def _send_answer(answer: Answer, known: bytes | None, method: str, send: Send) -> None:
    # It is gone from the answer as soon as that is forgotten.
    body = b"" if method == "HEAD" else answer.body
    if _is_known(answer, known):
        await send({"type": "http.response.start", "status": NOT_MODIFIED, "headers": answer.not_modified_headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": OK, "headers": answer.headers})
    await send({"type": "http.response.body", "body": body})
