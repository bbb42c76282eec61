"""Search: what an index finds equals a plain look at all texts, whatever they hold and whichever index there is."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from builders import Registry, make_actor, make_member, make_prompt, make_registry
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from listings import list_all, names_of, names_with, plain_search
from simultaneous import simultaneously
from sqlalchemy import select, text
from trigrams import GUEST, NEEDS_TRIGRAMS, opened

from promptuary.model.listing import ORDERS, Listing
from promptuary.registry import labels, prompts
from promptuary.registry.operator import projects
from promptuary.store import integrity_checks, schema
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import entries
from promptuary.store.lists.pages import list_page
from promptuary.store.lists.trigrams import has_needle
from promptuary.store.tables import search_texts

# Few characters, so that needles are found, and those that an index could take for each other or for syntax.
CHARACTERS = "abAB ß\"'%_\\*-\n\0\ufffd\ufffe\uffff🙂é"
texts = st.text(CHARACTERS, max_size=12)


def require_same_as_plain(shared: Registry, contents: list[str], needle: str) -> None:
    with shared.database.write() as tx:
        project = projects.create_project(tx, name="Own")
        registry = replace(shared, project=project, actor=make_actor(project, shared.user))
        for number, content in enumerate(contents):
            make_prompt(tx, registry.actor, name=f"Name-{number}", prompt=content)
            prompts.publish_version(tx, registry.actor, name=f"Name-{number}", base_version=1, prompt=content[::-1])
            labels.move_label(tx, registry.actor, name=f"Name-{number}", label="production", version=1)
        for label in (None, "production"):
            assert names_of(tx, registry, search=needle, label=label) == plain_search(tx, registry, needle, label=label)


same_as_plain = given(contents=st.lists(texts, max_size=4), needle=st.text(CHARACTERS, min_size=1, max_size=7) | st.just("ame-1"))
hypothesis_settings = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True
)


@hypothesis_settings
@example(contents=["abc\ufffd", "abc\uffff", "abc\0"], needle="bc\0")
@example(contents=["ab" * 3000 + "a" + "ab" * 3000], needle="ab" * 2500 + "aa")
@example(contents=['a" OR "b', "a"], needle='" OR "')
@same_as_plain
def test_search_finds_what_a_plain_look_at_all_texts_finds(registry: Registry, contents: list[str], needle: str) -> None:
    require_same_as_plain(registry, contents, needle)


@NEEDS_TRIGRAMS
@hypothesis_settings
@example(contents=["abc\ufffd", "abc\uffff", "abc\0"], needle="bc\0")
@example(contents=["100%_\\", "100x"], needle="%_\\")
@same_as_plain
def test_search_by_the_trigrams_of_postgresql_finds_the_same(trigram_registry: Registry, contents: list[str], needle: str) -> None:
    require_same_as_plain(trigram_registry, contents, needle)


@NEEDS_TRIGRAMS
def test_who_may_not_create_the_extension_searches_without_an_index_until_it_is_there(trigram_server: str) -> None:
    with opened(trigram_server, GUEST) as database:
        registry = make_registry(database)
        with database.write() as tx:
            make_prompt(tx, registry.actor, prompt="find the needle")
            assert entries.rebuild(tx) is False
            assert names_of(tx, registry, search="the needle") == names_of(tx, registry, search="needle") == ["greeting"]
        with psycopg.connect(host=trigram_server, user="postgres", dbname=str(database.engine.url.database)) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
        with database.write() as tx:
            assert entries.rebuild(tx) is True
            assert names_of(tx, registry, search="the needle") == names_of(tx, registry, search="needle") == ["greeting"]


@NEEDS_TRIGRAMS
@pytest.mark.parametrize(("needle", "is_asked"), [("nee", True), ("ne", False), ("n", False)])
def test_the_index_is_asked_for_needles_that_have_trigrams_only(trigram_registry: Registry, needle: str, *, is_asked: bool) -> None:
    with trigram_registry.database.read() as tx:
        tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        statement = select(search_texts.c.id).where(has_needle(tx.connection, needle))
        with_values = statement.compile(tx.connection, compile_kwargs={"literal_binds": True})
        plan = "\n".join(tx.connection.exec_driver_sql(f"EXPLAIN {with_values}").scalars())
        assert ("ix_search_texts_text_trigrams" in plan) == is_asked


@NEEDS_TRIGRAMS
def test_an_extension_out_of_reach_is_none(trigram_server: str) -> None:
    with opened(trigram_server, "postgres") as database:
        with database.write() as tx:
            tx.connection.execute(text("DROP EXTENSION pg_trgm CASCADE"))
            tx.connection.execute(text("CREATE SCHEMA elsewhere"))
            tx.connection.execute(text("CREATE EXTENSION pg_trgm SCHEMA elsewhere"))
        with database.write() as tx:
            assert entries.rebuild(tx) is False


def require_pages_as_plain(tx: Transaction, registry: Registry, counts: Mapping[str, int]) -> None:
    """Compare pages in every order, from the front and from the middle, with the same part of a whole list."""
    for order_by, is_descending in itertools.product(ORDERS, (False, True)):
        listing = Listing(limit=1000, order_by=order_by, is_descending=is_descending)
        listed = list_page(tx, registry.project.id, listing).items
        for needle, count in counts.items():
            hits = names_with(needle, listed)
            assert len(hits) == count
            for offset in (0, 1, count // 2, count - 1, count, count + 1):
                page = list_page(tx, registry.project.id, replace(listing, search=needle, limit=3, offset=offset))
                assert page.count == count
                assert [version.name for version in page.items] == hits[offset : offset + 3]


def test_pages_of_frequent_and_of_rare_needles_are_parts_of_the_whole_list(registry: Registry) -> None:
    with registry.database.write() as tx:
        # Frequent among the oldest, so that looking from the newest on has to be given up.
        for number in range(60):
            make_prompt(tx, registry.actor, name=f"old-{number:03}", prompt=f"bygone everywhere {'x' * (number % 7)}")
        for number in range(240):
            make_prompt(tx, registry.actor, name=f"new-{number:03}", prompt=f"everywhere {'y' * (number % 5)}")
        require_pages_as_plain(tx, registry, {"bygone": 60, "verywher": 300, "new": 240, "old": 60})


def test_a_search_finds_in_its_own_project_and_by_its_own_author_only(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = replace(registry, project=projects.create_project(tx, name="Other"))
        stranger = make_member(tx, registry.project)
        actor = make_actor(other.project, make_member(tx, other.project))
        make_prompt(tx, registry.actor, name="mine", prompt="find the needle")
        make_prompt(tx, make_actor(registry.project, stranger), name="theirs", prompt="find the needles")
        make_prompt(tx, actor, name="elsewhere", prompt="find a needle")
        assert names_of(tx, registry, search="needle") == ["mine", "theirs"]
        assert names_of(tx, registry, search="needle", created_by_id=stranger.id) == ["theirs"]
        assert names_of(tx, other, search="needle") == ["elsewhere"]
        assert names_of(tx, other, search="needles") == []


def test_parts_of_many_words_are_found(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt=" ".join(f"needle{number}" for number in range(300)))
        for needle in ("needle", "needle29", "needle299", "needle300", "eedle1", "e1", "e9", "z", "0"):
            assert names_of(tx, registry, search=needle) == plain_search(tx, registry, needle, label=None)


WORDS = "ab0é-"
worded = given(
    contents=st.lists(st.text(WORDS, max_size=200), min_size=1, max_size=3),
    start=st.integers(0, 200),
    length=st.integers(3, 70),
)


@hypothesis_settings
@example(contents=["abcdefgh" * 25], start=60, length=64)
@example(contents=["abcdefgh" * 16], start=64, length=64)
@worded
def test_parts_of_words_of_any_length_are_found(registry: Registry, contents: list[str], start: int, length: int) -> None:
    require_same_as_plain(registry, contents, contents[0][start:][:length] or "ame-0")


@NEEDS_TRIGRAMS
@hypothesis_settings
@worded
def test_parts_of_words_are_found_by_the_trigrams_of_postgresql(
    trigram_registry: Registry, contents: list[str], start: int, length: int
) -> None:
    require_same_as_plain(trigram_registry, contents, contents[0][start:][:length] or "ame-0")


def test_a_needle_is_found_wherever_in_a_long_word_it_stands(registry: Registry) -> None:
    long = "".join(str(number) for number in range(100, 170))
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt=f"before {long} behind")
        make_prompt(tx, registry.actor, name="other", prompt=f"before {long[1:]} behind")
        listed = list_all(tx, registry)
        others = itertools.product(range(0, len(long) - 64, 5), (15, 16, 17, 65))
        for start, length in [*((start, 64) for start in range(len(long) - 63)), *others]:
            needle = long[start : start + length]
            assert names_of(tx, registry, search=needle) == names_with(needle, listed)


def test_needles_in_words_longer_than_any_phrase_are_found(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="one", prompt=f"{'x' * 100}needle{'y' * 40_000}seam")
        make_prompt(tx, registry.actor, name="two", prompt=f"{'x' * 100}thread{'y' * 100}")
        make_prompt(tx, registry.actor, name="three", prompt=" ".join(f"{'z' * 80}{number}" for number in range(1001)))
        for needle in ("needle", "seam", "thread", "x" * 90 + "thread", "yyyyyse", "z" * 80 + "1000", "z" * 81):
            assert names_of(tx, registry, search=needle) == plain_search(tx, registry, needle, label=None)


@pytest.mark.parametrize("needle", ["*", "?", "[", "]", "^a", "[a", "a*", "-"])
def test_short_needles_are_no_patterns(registry: Registry, needle: str) -> None:
    with registry.database.write() as tx:
        for number, content in enumerate(["a*", "a?b", "[a]", "^a", "a-z", "xyz"]):
            make_prompt(tx, registry.actor, name=f"name{number}", prompt=content)
        assert names_of(tx, registry, search=needle) == plain_search(tx, registry, needle, label=None) != []


def test_prompts_that_go_by_themselves_leave_the_index_sound(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="find the needle")
        make_prompt(tx, registry.actor, name="other", prompt="another needle")
        tx.connection.execute(text("DELETE FROM prompts WHERE name = 'greeting'"))
        assert names_of(tx, registry, search="needle") == ["other"]
        assert integrity_checks.list_problems(tx) == []


def test_writers_of_the_same_words_in_another_order_do_not_block_each_other(registry: Registry) -> None:
    def write(words: Sequence[str]) -> None:
        for number in range(20):
            with registry.database.write() as tx:
                for word in words:
                    make_prompt(tx, registry.actor, name=f"{'-'.join(words)}-{word}-{number}", prompt=f"{word}{number}")

    simultaneously([partial(write, words) for words in itertools.permutations(["alpha", "beta", "gamma"])])
    with registry.database.read() as tx:
        assert len(names_of(tx, registry, search="alpha19")) == 6
        assert integrity_checks.list_problems(tx) == []


def test_texts_stay_found_after_a_downgrade_and_an_upgrade(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="find the needle")
    schema.downgrade(registry.database, target="0006")
    schema.upgrade(registry.database)
    with registry.database.read() as tx:
        assert names_of(tx, registry, search="needle") == ["greeting"]
        assert integrity_checks.list_problems(tx) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_began_to_read_before_it_is_built_anew_finds_what_was_there(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="find the needle")
    with registry.database.read() as tx:
        tx.connection.execute(text("SELECT 1 FROM projects"))
        with registry.database.write() as other:
            entries.rebuild(other)
        assert names_of(tx, registry, search="needle") == ["greeting"]
