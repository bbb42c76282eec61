from datetime import UTC, datetime
from typing import Any

from promptuary.delivery.cache import Answer, AnswerKey, Cache, CachedRequest, Grant
from promptuary.http.answered import Answered
from promptuary.http.fetch_address import FetchAddress
from promptuary.model.changes import Attribution, Change, ChangeKind
from promptuary.model.changes.payloads import Unreadable
from promptuary.model.usage import FetchKey

SELECTION = ("", "", "", "")
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
USE = FetchKey(UUID, "key", "production")


def make_change(**values: Any) -> Change:
    known: dict[str, Any] = {"project_id": 1, "prompt_id": None, "prompt_name": None, "payload": Unreadable({}, {})}
    rest = {"by": Attribution(), "at": datetime(2026, 1, 1, tzinfo=UTC)}
    return Change(**{"sequence": 1, "kind": ChangeKind.PROMPT_PUBLISHED, **known, **rest, **values})


def make_answer(key: AnswerKey, name: str, body: bytes) -> Answer:
    return Answer(key=key, facts=Answered(1, frozenset(name.split("+")), UUID, "production"), headers=[], body=body)


def remember(cache: Cache, name: str, *, segment: str = "", project_id: int = 1, size: int = 100) -> AnswerKey:
    key = (project_id, segment or name, SELECTION)
    load = cache.begin_load(project_id, FetchAddress(str(project_id), "", segment or name, SELECTION))
    cache.end_load(load, make_answer(key, name, b"x" * size))
    return key


def test_a_change_of_a_prompt_forgets_that_prompt_and_no_other() -> None:
    cache = Cache(max_bytes=1_000_000)
    one, two, elsewhere = remember(cache, "one"), remember(cache, "two"), remember(cache, "one", project_id=2)
    cache.apply([make_change(prompt_name="one")])
    assert [cache.find_answer(key) is not None for key in (one, two, elsewhere)] == [False, True, True]


def test_an_answer_that_was_asked_for_by_uuid_is_forgotten_with_its_prompt_and_with_a_prompt_of_that_name() -> None:
    cache = Cache(max_bytes=1_000_000)
    for changed in ("one", UUID):
        key = remember(cache, "one", segment=UUID)
        cache.apply([make_change(prompt_name=changed)])
        assert cache.find_answer(key) is None


def test_an_answer_that_depends_on_several_prompts_is_forgotten_with_each_of_them() -> None:
    cache = Cache(max_bytes=1_000_000)
    for changed in ("one", "part", "other-part"):
        key, other = remember(cache, "one+part+other-part", segment="one"), remember(cache, "two")
        cache.apply([make_change(prompt_name=changed)])
        assert cache.find_answer(key) is None
        assert cache.find_answer(other) is not None


def test_the_least_recently_used_answers_go_first_when_memory_is_short() -> None:
    cache = Cache(max_bytes=100_000)
    first, second = remember(cache, "first", size=8_000), remember(cache, "second", size=8_000)
    for number in range(8):
        assert cache.find_answer(first)
        remember(cache, f"other-{number}", size=10_000)
    assert cache.find_answer(first)
    assert cache.find_answer(second) is None
    assert cache.used_bytes <= cache.max_bytes


def test_a_forgotten_answer_takes_no_memory_whoever_still_refers_to_it() -> None:
    cache = Cache(max_bytes=100_000)
    answer = cache.find_answer(remember(cache, "one", size=10_000))
    assert answer is not None
    assert len(answer.body) == 10_000
    cache.apply([make_change(prompt_name="one")])
    assert answer.body == b""
    assert cache.used_bytes == 0


def test_an_answer_that_is_a_large_part_of_all_memory_is_not_kept() -> None:
    cache = Cache(max_bytes=100_000)
    assert cache.find_answer(remember(cache, "big", size=50_000)) is None


def test_memory_is_given_back_when_answers_are_forgotten() -> None:
    cache = Cache(max_bytes=1_000_000)
    for name in ("one", "two", "one"):
        remember(cache, name)
    cache.forget_everything()
    assert cache.used_bytes == 0


def test_an_answer_that_raced_with_a_change_of_its_prompt_is_not_kept() -> None:
    cache = Cache(max_bytes=1_000_000)
    for segment, changed, is_kept in [("one", "one", False), ("one", "two", True), (UUID, "two", False)]:
        load = cache.begin_load(1, FetchAddress("1", "", segment, SELECTION))
        cache.apply([make_change(prompt_name=changed)])
        cache.end_load(load, make_answer((1, segment, SELECTION), "one", b""))
        assert (cache.find_answer((1, segment, SELECTION)) is not None) is is_kept
        cache.forget_everything()


def test_an_answer_that_raced_with_a_change_of_a_prompt_that_it_depends_on_is_not_kept() -> None:
    cache = Cache(max_bytes=1_000_000)
    for changed, is_kept in [("part", False), ("two", True)]:
        load = cache.begin_load(1, FetchAddress("1", "", "one", SELECTION))
        cache.apply([make_change(prompt_name=changed)])
        cache.end_load(load, make_answer((1, "one", SELECTION), "one+part", b""))
        assert (cache.find_answer((1, "one", SELECTION)) is not None) is is_kept
        cache.forget_everything()


def test_a_change_of_keys_or_members_ends_all_grants_and_cached_requests_but_keeps_answers() -> None:
    cache = Cache(max_bytes=1_000_000)
    key = remember(cache, "one")
    answer = cache.find_answer(key)
    assert answer
    grant = Grant(1, "key", cache.epoch, expires_at=10.0)
    cache.keep_grant((b"digest", "1", ""), grant)
    cache.keep_request((b"digest", b"/path", b""), CachedRequest(grant, answer, USE))
    assert cache.find_request((b"digest", b"/path", b""), now=1.0)
    cache.apply([make_change(kind=ChangeKind.KEY_REVOKED, project_id=None)])
    assert cache.find_request((b"digest", b"/path", b""), now=1.0) is None
    assert cache.find_grant((b"digest", "1", ""), now=1.0) is None
    assert cache.find_answer(key) is answer


def test_a_cached_request_ends_with_its_grant() -> None:
    cache = Cache(max_bytes=1_000_000)
    answer = cache.find_answer(remember(cache, "one"))
    assert answer
    cache.keep_request((b"digest", b"/path", b""), CachedRequest(Grant(1, "key", cache.epoch, expires_at=10.0), answer, USE))
    assert cache.find_request((b"digest", b"/path", b""), now=9.0)
    assert cache.find_request((b"digest", b"/path", b""), now=11.0) is None


def test_a_grant_that_was_asked_for_before_a_change_of_access_never_holds() -> None:
    cache = Cache(max_bytes=1_000_000)
    answer = cache.find_answer(remember(cache, "one"))
    assert answer
    grant = Grant(1, "key", cache.epoch, expires_at=10.0)
    cache.apply([make_change(kind=ChangeKind.KEY_REVOKED, project_id=None)])
    cache.keep_grant((b"digest", "1", ""), grant)
    cache.keep_request((b"digest", b"/path", b""), CachedRequest(grant, answer, USE))
    assert cache.find_grant((b"digest", "1", ""), now=1.0) is None
    assert cache.find_request((b"digest", b"/path", b""), now=1.0) is None
