"""Lists by author and by recent fetches, which no index has: equal to a plain sort, page by page."""

from datetime import timedelta

import pytest
from builders import Registry, make_actor, make_member, make_prompt, make_registry, writing_in_turn

from promptuary.model.accounts import Profile
from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, usage
from promptuary.registry.operator import users
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.lists.pages import list_page

PEOPLE = {"zoe@example.com": ("anna", "Berg"), "adam@example.com": ("", ""), "carl@example.com": ("Carl", "Ode")}
FETCHES = {1: 5, 2: 90, 4: 5, 7: 1}


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """Ten prompts by three people, of which four were fetched lately and one long ago. No test changes anything."""
    registry = make_registry(module_database)
    with writing_in_turn(registry.database) as tx:
        authors = []
        for email, names in PEOPLE.items():
            user = make_member(tx, registry.project)
            authors.append(users.change_user(tx, user, profile=Profile(email, *names)))
        for number in range(10):
            actor = make_actor(registry.project, authors[number % 3])
            version = make_prompt(tx, actor, name=f"p{number}", prompt="needle" if number % 2 else "hay")
            if number < 8:
                labels.move_label(tx, actor, name=f"p{number}", label="production", version=1)
            fetch(tx, version, count=FETCHES.get(number, 0), days_ago=6)
            fetch(tx, version, count=1000 if number == 9 else 0, days_ago=7)
    return registry


def fetch(tx: Transaction, version: Version, *, count: int, days_ago: int) -> None:
    at = tx.clock() - timedelta(days=days_ago)
    usage.record_fetches(tx, [FetchCount(at.date(), FetchKey(version.id, "", ""), count, at)] if count else [])


def names_of(tx: Transaction, registry: Registry, order: str, **listing: object) -> list[str]:
    filters = {"order_by": order.removeprefix("-"), "is_descending": order.startswith("-"), "limit": 100} | listing
    page = list_page(tx, registry.project.id, Listing(**filters))  # type: ignore[arg-type]
    return [version.name for version in page.items]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        # adam@example.com, anna Berg, Carl Ode; of each the newest first.
        ("created_by", "p7 p4 p1 p9 p6 p3 p0 p8 p5 p2"),
        ("-created_by", "p8 p5 p2 p9 p6 p3 p0 p7 p4 p1"),
        ("-recent_fetches", "p2 p4 p1 p7 p9 p8 p6 p5 p3 p0"),
        ("recent_fetches", "p9 p8 p6 p5 p3 p0 p7 p4 p1 p2"),
    ],
)
def test_a_list_by_author_or_fetches_has_the_newest_of_equals_first(filled: Registry, order: str, expected: str) -> None:
    with filled.database.read() as tx:
        assert names_of(tx, filled, order) == expected.split()


@pytest.mark.parametrize("order", ["created_by", "-created_by", "recent_fetches", "-recent_fetches"])
@pytest.mark.parametrize("filters", [{}, {"label": "production"}, {"search": "needle"}, {"label": "production", "search": "hay"}])
def test_its_pages_put_together_are_the_whole(filled: Registry, order: str, filters: dict[str, object]) -> None:
    with filled.database.read() as tx:
        whole = names_of(tx, filled, order, **filters)
        count = list_page(tx, filled.project.id, Listing(limit=1, order_by="name", **filters)).count  # type: ignore[arg-type]
        assert len(set(whole)) == len(whole) == count
        for limit in (1, 2, 3, 7):
            pages = [
                names_of(tx, filled, order, limit=limit, offset=offset, **filters) for offset in range(0, count + limit, limit)
            ]
            assert [name for page in pages for name in page] == whole
            assert [len(page) for page in pages[:-2]] == [limit] * (len(pages) - 2)


def test_it_can_be_of_one_author(filled: Registry) -> None:
    with filled.database.read() as tx:
        [author] = {
            version.created_by.id for version in list_page(tx, filled.project.id, Listing(limit=1)).items if version.created_by
        }
        assert names_of(tx, filled, "-recent_fetches", created_by_id=author) == ["p9", "p6", "p3", "p0"]
        assert names_of(tx, filled, "created_by", created_by_id=author) == ["p9", "p6", "p3", "p0"]


def test_behind_its_end_there_is_nothing(filled: Registry) -> None:
    with filled.database.read() as tx:
        for order in ("created_by", "-recent_fetches"):
            assert names_of(tx, filled, order, offset=10**12) == []
