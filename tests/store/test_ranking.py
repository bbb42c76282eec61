"""The order of a search by relevance, on both databases."""

import pytest
from builders import Registry, make_prompt, make_registry, writing_in_turn

from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.registry import labels, lists
from promptuary.store.engine.database import Database

NEWEST_LAST = {
    "tone": "x",
    "tone-of-voice": "x",
    "be-kind": "a kind tone",
    "my_tone": "x",
    "kind-tone": "tone",
    "other": "TONE, and be kind",
    "unrelated": "x",
    "Tones": "x",
    "voice": "the tone of my voice",
}


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A project with prompts, for tests that only read."""
    registry = make_registry(module_database)
    with writing_in_turn(registry.database) as tx:
        for name, text in NEWEST_LAST.items():
            make_prompt(tx, registry.actor, name=name, prompt=text)
        for name in ("voice", "tone"):
            labels.move_label(tx, registry.actor, name=name, label="production", version=1)
    return registry


def _found(registry: Registry, search: str, **options: object) -> tuple[list[str], int]:
    given: dict[str, object] = {"limit": 50, "order_by": "relevance", "in_any_order": True, "search": search} | options
    with registry.database.read() as tx:
        page = lists.list_prompts(tx, registry.actor, Listing(**given))  # type: ignore[arg-type]  # names of fields
    return [version.name for version in page.items], page.count


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("tone", ["tone", "Tones", "tone-of-voice", "kind-tone", "my_tone", "voice", "other", "be-kind"]),
        ("TONES", ["Tones"]),
        ("voice tone", ["tone-of-voice", "voice"]),
        ("tone kind", ["kind-tone", "other", "be-kind"]),
        ("kind tone", ["kind-tone", "other", "be-kind"]),
        ("my tone", ["my_tone", "voice"]),
        ("o", ["other", "voice", "Tones", "kind-tone", "my_tone", "tone-of-voice", "tone"]),
        ("tone nowhere", []),
        ("%", []),
        ("_", ["my_tone"]),
    ],
)
def test_names_come_before_texts_and_the_best_first(filled: Registry, search: str, found: list[str]) -> None:
    names, count = _found(filled, search)
    assert (names[: len(found)], count) == (found, len(names))
    assert set(names[len(found) :]) <= {"be-kind"}


@pytest.mark.parametrize("search", ["tone", "o", "kind tone"])
def test_pages_by_relevance_follow_one_another(filled: Registry, search: str) -> None:
    whole, count = _found(filled, search)
    for size in (1, 2, 3):
        pages = [_found(filled, search, limit=size, offset=offset) for offset in range(0, count + size, size)]
        assert [name for names, _ in pages for name in names] == whole
        assert {total for _, total in pages} == {count}


def test_a_search_by_relevance_can_be_filtered(filled: Registry) -> None:
    assert _found(filled, "tone", label="production") == (["tone", "voice"], 2)
    assert _found(filled, "tone", created_by_id=filled.user.id)[1] == 8
    assert _found(filled, "tone", created_by_id=filled.user.id + 1) == ([], 0)


def test_another_order_finds_the_same_prompts(filled: Registry) -> None:
    by_relevance, count = _found(filled, "kind tone")
    for order in ("name", "created_at", "created_by", "recent_fetches"):
        names, same = _found(filled, "kind tone", order_by=order)
        assert (sorted(names), same) == (sorted(by_relevance), count)


def test_without_a_search_the_newest_come_first(filled: Registry) -> None:
    assert _found(filled, "") == ([*reversed(NEWEST_LAST)], len(NEWEST_LAST))


def test_many_hits_are_ranked_like_few(registry: Registry) -> None:
    with writing_in_turn(registry.database) as tx:
        for number in range(120):
            make_prompt(tx, registry.actor, name=f"p-{number:03}", prompt="needle" if number % 2 else "straw")
        make_prompt(tx, registry.actor, name="a-needle")
    names, count = _found(registry, "needle", limit=10)
    assert (names, count) == (["a-needle", *(f"p-{number:03}" for number in range(119, 101, -2))], 61)
    assert _found(registry, "needle", limit=10, offset=55) == ([f"p-{number:03}" for number in (11, 9, 7, 5, 3, 1)], 61)


@pytest.mark.parametrize("text", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("search", ["caf\u00e9", "CAFE\u0301"])
def test_an_accent_is_found_composed_and_decomposed(registry: Registry, text: str, search: str) -> None:
    with registry.database.write() as tx:
        made: Version = make_prompt(tx, registry.actor, prompt=f"The {text} is open")
        make_prompt(tx, registry.actor, name="other", prompt="cafe")
    assert _found(registry, search) == ([made.name], 1)
    assert _found(registry, search, order_by="created_at", in_any_order=False) == ([made.name], 1)
