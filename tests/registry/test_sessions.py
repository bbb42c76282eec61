"""Sessions and one-time links, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from browsing import LIMITS
from builders import Registry, make_registry
from sqlalchemy import select
from wire import Clock

from promptuary.model.accounts import Browser, NewSession, Profile, SignedIn, User
from promptuary.model.errors import EmailTaken, InvalidValue, LinkEnded, RegistryError, SessionNotFound, SignInRefused
from promptuary.registry import bootstrap, passwords, sessions, sign_in_links
from promptuary.registry.operator import users
from promptuary.registry.operator.users import disable_user, enable_user, set_password
from promptuary.store import changes, tables
from promptuary.store.engine.database import Database, Transaction

PASSWORD = "correct horse battery"
BROWSER = Browser("192.0.2.1", "Testfox\0" + "x" * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(database_url: str, clock: Clock) -> Iterator[Registry]:
    """A registry whose editor has a password, where time stands still."""
    database = Database.open(database_url, clock=clock)
    registry = make_registry(database)
    with database.write() as tx:
        set_password(tx, email=registry.user.email, password=PASSWORD)
    yield registry
    database.close()


def sign_in(known: Registry, password: str = PASSWORD) -> NewSession:
    return sessions.sign_in(known.database, email=known.user.email, password=password, limits=LIMITS, browser=BROWSER)


def find(known: Registry, new: NewSession) -> SignedIn | None:
    with known.database.read() as tx:
        return sessions.find_session(tx, new.value, limits=LIMITS)


def test_a_session_is_found_by_its_value_until_it_ends(known: Registry, clock: Clock) -> None:
    new = sign_in(known)
    found = find(known, new)
    assert found is not None
    assert (found.session, found.user.email) == (new.session, known.user.email)
    assert (found.session.address, found.session.user_agent) == ("192.0.2.1", "Testfox" + "x" * 293)
    clock.now += timedelta(days=14)
    assert find(known, new) is None


def test_a_session_in_use_ends_after_its_longest_time(known: Registry, clock: Clock) -> None:
    new = sign_in(known)
    for _ in range(9):
        clock.now += timedelta(days=9, hours=23)
        sessions.note_seen(known.database, new.session)
    assert find(known, new) is not None
    clock.now += timedelta(hours=9)
    assert find(known, new) is None


def test_sessions_that_have_ended_are_deleted_and_no_others(known: Registry, clock: Clock) -> None:
    sign_in(known)
    with known.database.write() as tx:
        sign_in_links.create_link(tx, known.user)
    clock.now += timedelta(days=10)
    fresh = sign_in(known)
    with known.database.write() as tx:
        assert sessions.delete_expired(tx, limits=LIMITS) == 1
    clock.now += timedelta(days=4)
    with known.database.write() as tx:
        assert sessions.delete_expired(tx, limits=LIMITS) == 1
        assert sessions.delete_expired(tx, limits=LIMITS) == 0
    assert find(known, fresh) is not None


def test_signing_in_is_refused_to_a_disabled_user_and_their_sessions_are_gone(known: Registry) -> None:
    new = sign_in(known)
    with known.database.write() as tx:
        disable_user(tx, email=known.user.email)
    assert find(known, new) is None
    with pytest.raises(SignInRefused):
        sign_in(known)
    with known.database.read() as tx:
        assert tx.connection.execute(select(tables.sessions)).all() == []


def test_a_hash_of_weaker_parameters_is_replaced_when_its_user_signs_in(known: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with known.database.write() as tx:
        tx.connection.execute(tables.users.update().values(password_hash=weak))
    sign_in(known)
    with known.database.read() as tx:
        stored = tx.connection.execute(select(tables.users.c.password_hash)).scalar_one()
    assert stored != weak
    assert not passwords.is_outdated(stored)
    sign_in(known)


def test_a_session_of_somebody_else_cannot_be_ended(known: Registry) -> None:
    new = sign_in(known)
    with known.database.write() as tx:
        other = users.create_user(tx, email="other@example.com")
        with pytest.raises(SessionNotFound):
            sessions.end_session(tx, other, new.session.id)
        sessions.end_session(tx, known.user, new.session.id)
    assert find(known, new) is None


def use(known: Registry, link: str, *, email: str = "ada@example.com", password: str = PASSWORD) -> NewSession:
    return sign_in_links.use_link(
        known.database, link, profile=Profile(email, "Ada", "Lovelace"), password=password, limits=LIMITS, browser=BROWSER
    )


def make_link(known: Registry, *, is_first_start: bool) -> tuple[User, str]:
    with known.database.write() as tx:
        tx.connection.execute(tables.users.update().values(password_hash=None))
        user = users.create_user(tx, email="owner@localhost")
        return user, sign_in_links.create_link(tx, user, is_first_start=is_first_start)


@pytest.mark.parametrize(("is_first_start", "address"), [(True, "ada@example.com"), (False, "owner@localhost")])
def test_a_link_gives_an_account_name_and_password_once(known: Registry, *, is_first_start: bool, address: str) -> None:
    user, link = make_link(known, is_first_start=is_first_start)
    signed_in = find(known, use(known, link))
    assert signed_in is not None
    shown = signed_in.user
    assert (shown.id, shown.email, shown.first_name, shown.has_password) == (user.id, address, "Ada", True)
    with pytest.raises(LinkEnded):
        use(known, link)
    with known.database.read() as tx:
        kinds = [change.kind for change in changes.list_changes(tx, limit=100)]
    assert kinds[-2:] == ["user.changed", "user.password_set"]


def test_a_link_that_was_used_wrongly_can_be_used_again(known: Registry) -> None:
    _, link = make_link(known, is_first_start=True)
    with pytest.raises(EmailTaken):
        use(known, link, email=known.user.email.upper())
    with pytest.raises(InvalidValue):
        use(known, link, email="nobody")
    with pytest.raises(InvalidValue):
        use(known, link, password="short")
    assert find(known, use(known, link)) is not None


def test_of_several_who_use_a_link_at_once_one_gets_in(known: Registry) -> None:
    _, link = make_link(known, is_first_start=True)

    def try_to_use(number: int) -> str:
        try:
            use(known, link, email=f"user-{number}@example.org")
        except RegistryError as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(try_to_use, range(4)))
    assert outcomes == ["LinkEnded", "LinkEnded", "LinkEnded", "in"]


def test_a_link_ends_after_a_week(known: Registry, clock: Clock) -> None:
    user, link = make_link(known, is_first_start=False)
    clock.now += timedelta(days=6, hours=23)
    with known.database.read() as tx:
        assert sign_in_links.get_link(tx, link).user == user
    clock.now += timedelta(hours=1)
    with known.database.read() as tx, pytest.raises(LinkEnded):
        sign_in_links.get_link(tx, link)


def test_a_link_ends_for_good_when_its_user_is_disabled(known: Registry) -> None:
    user, link = make_link(known, is_first_start=False)
    with known.database.write() as tx:
        disable_user(tx, email=user.email)
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, link)
        enable_user(tx, email=user.email)
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, link)


def test_the_link_of_the_first_start_ends_when_anybody_gets_a_password_and_others_stay(known: Registry) -> None:
    _, of_first_start = make_link(known, is_first_start=True)
    with known.database.write() as tx:
        other = users.create_user(tx, email="other@example.com")
        of_other = sign_in_links.create_link(tx, other)
        set_password(tx, email=known.user.email, password=PASSWORD)
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, of_first_start)
        assert sign_in_links.get_link(tx, of_other).user.id == other.id


def test_every_start_renews_the_link_until_somebody_has_a_password(database: Database) -> None:
    with database.write() as tx:
        assert bootstrap.renew_link(tx) is None
        prepared = bootstrap.prepare(tx)
        assert prepared is not None
        renewed = bootstrap.renew_link(tx)
        assert renewed not in {None, prepared.link}
        assert sign_in_links.get_link(tx, prepared.link).is_first_start
        set_password(tx, email=prepared.owner.email, password=PASSWORD)
        assert bootstrap.renew_link(tx) is None


def _hashes(tx: Transaction) -> str:
    return repr(tx.connection.execute(select(tables.sign_in_links)).all())


def test_the_database_holds_no_value_of_a_link(known: Registry) -> None:
    _, link = make_link(known, is_first_start=True)
    with known.database.read() as tx:
        assert link not in _hashes(tx)
