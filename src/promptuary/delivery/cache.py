"""The cache: answers by content, grants by client, and entries that join the two for known requests.

Bounded in bytes, least recently used out first. Nothing here waits or knows of time; `FetchCacheMiddleware` says what is no longer
true.
"""

import uuid
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field

from promptuary.http.answered import Answered
from promptuary.http.conditional import Headers, not_modified_headers, tag_of
from promptuary.http.fetch_address import FetchAddress
from promptuary.model.changes import Change, ChangeKind
from promptuary.model.usage import FetchKey

AnswerKey = tuple[int, str, tuple[str, str, str, str]]
GrantKey = tuple[bytes, str, str]
CachedRequestKey = tuple[bytes, bytes, bytes]

HIT, MISS, BYPASS = range(3)
"""Indices of the counters of fetches: served from memory, loaded by the application, loaded because the worker was behind."""

# Kinds that do not tell what else has changed.
_ABOUT_EVERYTHING = frozenset({ChangeKind.DATABASE_RESTORED, ChangeKind.UNKNOWN})

_ENTRY_OVERHEAD_BYTES = 2_000
_REQUEST_BYTES = 1_000
_MAX_REQUESTS = 50_000


@dataclass(slots=True, eq=False)
class Answer:
    """The slow application's answer to a fetch."""

    key: AnswerKey
    facts: Answered
    headers: Headers
    body: bytes
    is_current: bool = True
    tag: bytes | None = field(init=False)
    not_modified_headers: Headers = field(init=False)

    def __post_init__(self) -> None:
        self.tag = tag_of(self.headers)
        self.not_modified_headers = not_modified_headers(self.headers)

    @property
    def names(self) -> frozenset[str]:
        """The names whose changes end it: of the prompts that it depends on, and the one that it was asked for by."""
        return self.facts.names | {self.key[1]}

    @property
    def size_bytes(self) -> int:
        """Memory that the entry takes."""
        return len(self.body) + _ENTRY_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """That a key may read a project: in one epoch of access, and until ``expires_at`` on the monotonic clock."""

    project_id: int
    key_id: str
    epoch: int
    expires_at: float


@dataclass(frozen=True, slots=True, eq=False)
class CachedRequest:
    """A request that was answered before: who may ask, and with what to answer."""

    grant: Grant
    answer: Answer
    fetch_key: FetchKey
    """Key to count when it is used."""


@dataclass(slots=True, eq=False)
class Load:
    """An answer that the application is making; invalidated by a change that it may not show.

    Only the finished answer tells the names of the prompts that it depends on, so the names that change meanwhile are noted.
    """

    project_id: int
    segment: str
    is_by_uuid: bool
    is_invalidated: bool = False
    changed_names: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Cache:
    """All that is remembered; see the module."""

    max_bytes: int
    used_bytes: int = 0
    evictions: int = 0
    """Counts the answers that were forgotten to make room."""
    epoch: int = 0
    """Counts the changes of keys, users, members and tokens. A grant holds in the epoch in which asking for it began."""

    _answers: OrderedDict[AnswerKey, Answer] = field(default_factory=OrderedDict)
    _by_name: defaultdict[tuple[int, str], set[AnswerKey]] = field(default_factory=lambda: defaultdict(set))
    _grants: dict[GrantKey, Grant] = field(default_factory=dict)
    _requests: dict[CachedRequestKey, CachedRequest] = field(default_factory=dict)
    _loads: set[Load] = field(default_factory=set)

    @property
    def entries(self) -> int:
        """Number of cached answers."""
        return len(self._answers)

    def find_request(self, key: CachedRequestKey, now: float) -> CachedRequest | None:
        """Find the grant and the answer of a request, if both still hold."""
        cached = self._requests.get(key)
        if cached is None:
            return None
        if not (cached.answer.is_current and self._holds(cached.grant, now)):
            del self._requests[key]
            return None
        self._answers.move_to_end(cached.answer.key)
        return cached

    def keep_request(self, key: CachedRequestKey, cached: CachedRequest) -> None:
        """Keep the grant and the answer of a request."""
        if len(self._requests) >= min(_MAX_REQUESTS, self.max_bytes // (4 * _REQUEST_BYTES)):
            self._requests.clear()
        self._requests[key] = cached

    def find_grant(self, key: GrantKey, now: float) -> Grant | None:
        """Find what a key may read."""
        grant = self._grants.get(key)
        return grant if grant is not None and self._holds(grant, now) else None

    def keep_grant(self, key: GrantKey, grant: Grant) -> None:
        """Remember what a key may read."""
        if len(self._grants) >= _MAX_REQUESTS:
            self._forget_grants()
        self._grants[key] = grant

    def find_answer(self, key: AnswerKey) -> Answer | None:
        """Find an answer and make it the most recently used."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def begin_load(self, project_id: int, address: FetchAddress) -> Load:
        """Take note that an answer is being loaded, so that changes meanwhile can invalidate it."""
        load = Load(project_id, address.segment, is_by_uuid=_is_uuid(address.segment))
        self._loads.add(load)
        return load

    def end_load(self, load: Load, answer: Answer | None) -> None:
        """Remember a loaded answer unless a change has invalidated it or it is too big."""
        self._loads.discard(load)
        if answer is None or load.is_invalidated or answer.size_bytes > self.max_bytes // 8:
            return
        if not load.changed_names.isdisjoint(answer.names):
            return
        self._drop(answer.key)
        self._answers[answer.key] = answer
        for name in answer.names:
            self._by_name[answer.key[0], name].add(answer.key)
        self.used_bytes += answer.size_bytes
        while self.used_bytes > self.max_bytes:
            self._drop(next(iter(self._answers)))
            self.evictions += 1

    def apply(self, changes: list[Change] | None) -> None:
        """Forget exactly what the changes name; everything when they are not known."""
        if changes is None or not _ABOUT_EVERYTHING.isdisjoint(change.kind for change in changes):
            self.forget_everything()
            return
        for change in changes:
            if change.prompt_name is None:
                self._forget_grants()
            elif change.project_id is not None:
                self._forget_prompt(change.project_id, change.prompt_name)

    def forget_everything(self) -> None:
        """Forget all answers and grants and invalidate what is being loaded."""
        self._forget_grants()
        for key in list(self._answers):
            self._drop(key)
        for load in self._loads:
            load.is_invalidated = True

    def _forget_grants(self) -> None:
        self._grants.clear()
        self._requests.clear()
        self.epoch += 1

    def _holds(self, grant: Grant, now: float) -> bool:
        return grant.epoch == self.epoch and now <= grant.expires_at

    def _forget_prompt(self, project_id: int, name: str) -> None:
        for key in list(self._by_name.get((project_id, name), ())):
            self._drop(key)
        for load in self._loads:
            if load.project_id != project_id:
                continue
            load.changed_names.add(name)
            # A load by a version's UUID does not know yet which prompt it is of.
            if load.segment == name or load.is_by_uuid:
                load.is_invalidated = True

    def _drop(self, key: AnswerKey) -> None:
        answer = self._answers.pop(key, None)
        if answer is None:
            return
        answer.is_current = False
        self.used_bytes -= answer.size_bytes
        # Cached requests may refer to it for long.
        answer.body = b""
        for name in answer.names:
            keys = self._by_name[key[0], name]
            keys.discard(key)
            if not keys:
                del self._by_name[key[0], name]


def _is_uuid(segment: str) -> bool:
    try:
        uuid.UUID(segment)
    except ValueError:
        return False
    return True
