"""What a one-time link opens is asked when it is used: an invitation opens nothing that others have granted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from browsing import LIMITS
from builders import Registry, make_actor, make_key, make_member
from sqlalchemy import select, update

from promptuary.model.access import Actor, Role, operator
from promptuary.model.accounts import Browser, Profile, Project, User
from promptuary.model.errors import AddressNotVerified, InvalidValue, LinkEnded
from promptuary.registry import administration, sessions, sign_in_links
from promptuary.registry.operator import members, projects, users
from promptuary.store import tables
from promptuary.store.engine.database import Transaction

BOB = "bob@example.com"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Invited:
    """Bob is invited to the registry's project by one of its two admins; another project knows nothing of it."""

    registry: Registry
    maker: Actor
    other_admin: User
    other: Project
    link: str


@pytest.fixture
def invited(registry: Registry) -> Invited:
    with registry.database.write() as tx:
        maker = make_member(tx, registry.project, role=Role.ADMIN)
        other_admin = make_member(tx, registry.project, role=Role.ADMIN)
        other = projects.create_project(tx, name="Other")
        actor = make_actor(registry.project, maker, role=Role.ADMIN)
        invitation = administration.invite_member(tx, actor, email=BOB, role=Role.VIEWER)
    return Invited(registry, actor, other_admin, other, invitation.link)


def use(registry: Registry, link: str) -> None:
    sign_in_links.use_link(
        registry.database, link, profile=Profile(BOB, "Bob", ""), password=PASSWORD, limits=LIMITS, browser=Browser()
    )


def email_of(tx: Transaction, user_id: int | None) -> str:
    return str(tx.connection.execute(select(tables.users.c.email).where(tables.users.c.id == user_id)).scalar_one())


def give_other_role(tx: Transaction, invited: Invited) -> None:
    administration.set_member(tx, operator(invited.other.id), email=BOB, role=Role.ADMIN)


def give_other_role_and_take_it(tx: Transaction, invited: Invited) -> None:
    give_other_role(tx, invited)
    members.set_member(tx, project_id=invited.other.id, email=invited.registry.user.email, role=Role.ADMIN)
    members.remove_member(tx, project_id=invited.other.id, email=BOB)


def demote_maker(tx: Transaction, invited: Invited) -> None:
    members.set_member(tx, project_id=invited.registry.project.id, email=email_of(tx, invited.maker.user_id), role=Role.EDITOR)


def remove_maker(tx: Transaction, invited: Invited) -> None:
    members.remove_member(tx, project_id=invited.registry.project.id, email=email_of(tx, invited.maker.user_id))


def disable_maker(tx: Transaction, invited: Invited) -> None:
    users.disable_user(tx, email=email_of(tx, invited.maker.user_id))


def remove_bob(tx: Transaction, invited: Invited) -> None:
    members.remove_member(tx, project_id=invited.registry.project.id, email=BOB)


def give_key(tx: Transaction, _: Invited) -> None:
    make_key(tx, users.get_user(tx, BOB))


def make_operators_link(tx: Transaction, _: Invited) -> None:
    sign_in_links.create_link(tx, users.get_user(tx, BOB))


def disable_and_enable_bob(tx: Transaction, _: Invited) -> None:
    users.disable_user(tx, email=BOB)
    users.enable_user(tx, email=BOB)


def delete_project(tx: Transaction, invited: Invited) -> None:
    tx.connection.execute(tables.projects.delete().where(tables.projects.c.id == invited.registry.project.id))


def forget_who_made_it(tx: Transaction, _: Invited) -> None:
    tx.connection.execute(update(tables.sign_in_links).values(project_id=None, made_by_id=None, is_operators=None))


ENDINGS = (
    give_other_role,
    give_other_role_and_take_it,
    demote_maker,
    remove_maker,
    disable_maker,
    remove_bob,
    give_key,
    make_operators_link,
    disable_and_enable_bob,
    delete_project,
    forget_who_made_it,
)


def test_an_invitation_opens_the_account_that_it_made(invited: Invited) -> None:
    use(invited.registry, invited.link)
    with invited.registry.database.read() as tx:
        assert users.get_user(tx, BOB).has_password


@pytest.mark.parametrize("happen", ENDINGS)
def test_an_invitation_ends_when_the_account_or_its_maker_is_no_longer_what_it_was(
    invited: Invited, happen: Callable[[Transaction, Invited], None]
) -> None:
    with invited.registry.database.write() as tx:
        happen(tx, invited)
    with pytest.raises(LinkEnded):
        use(invited.registry, invited.link)
    with invited.registry.database.read() as tx:
        assert not users.get_user(tx, BOB).has_password


@pytest.mark.parametrize("happen", [give_other_role, give_key, make_operators_link, remove_bob])
def test_no_admin_makes_another_link_for_an_account_that_others_gave_something(
    invited: Invited, happen: Callable[[Transaction, Invited], None]
) -> None:
    with invited.registry.database.write() as tx:
        happen(tx, invited)
        before = tx.connection.execute(select(tables.sign_in_links.c.value_hash)).all()
        if happen is remove_bob:
            members.set_member(tx, project_id=invited.other.id, email=BOB, role=Role.VIEWER)
            members.set_member(tx, project_id=invited.registry.project.id, email=BOB, role=Role.VIEWER)
        with pytest.raises(InvalidValue, match="An administrator of this server can create a new link"):
            administration.renew_invitation(tx, invited.maker, email=BOB)
        assert set(tx.connection.execute(select(tables.sign_in_links.c.value_hash)).all()) <= set(before)


def test_no_admin_makes_a_link_for_an_account_that_the_operator_made(registry: Registry) -> None:
    admin = make_actor(registry.project, registry.user, role=Role.ADMIN)
    with registry.database.write() as tx:
        members.set_member(tx, project_id=registry.project.id, email=registry.user.email, role=Role.ADMIN)
        users.create_user(tx, email=BOB)
        administration.set_member(tx, admin, email=BOB, role=Role.VIEWER)
        with pytest.raises(InvalidValue):
            administration.renew_invitation(tx, admin, email=BOB)


def test_another_admin_of_the_project_replaces_the_link(invited: Invited) -> None:
    actor = make_actor(invited.registry.project, invited.other_admin, role=Role.ADMIN)
    with invited.registry.database.write() as tx:
        second = administration.renew_invitation(tx, actor, email=BOB)
        remove_maker(tx, invited)
    with pytest.raises(LinkEnded):
        use(invited.registry, invited.link)
    use(invited.registry, second.link)


def test_a_role_elsewhere_and_a_link_at_once_never_open_the_role(invited: Invited) -> None:
    database = invited.registry.database

    def give_role() -> str:
        try:
            with database.write() as tx:
                administration.set_member(tx, _admin_of_other(invited), email=BOB, role=Role.ADMIN)
        except AddressNotVerified:
            return "refused"
        return "given"

    def open_link() -> str:
        try:
            use(invited.registry, invited.link)
        except LinkEnded:
            return "ended"
        return "opened"

    with ThreadPoolExecutor(2) as pool:
        outcomes = {pool.submit(give_role), pool.submit(open_link)}
        assert sorted(outcome.result() for outcome in outcomes) in (["ended", "given"], ["opened", "refused"])


def test_an_account_that_another_project_invited_gets_a_role_only_with_a_word_that_it_is_meant(invited: Invited) -> None:
    use(invited.registry, invited.link)
    with invited.registry.database.write() as tx:
        with pytest.raises(AddressNotVerified):
            administration.set_member(tx, _admin_of_other(invited), email=BOB, role=Role.VIEWER)
        given = administration.set_member(tx, _admin_of_other(invited), email=BOB, role=Role.VIEWER, is_address_confirmed=True)
        assert given.role is Role.VIEWER
        with pytest.raises(AddressNotVerified):
            administration.set_member(tx, _admin_of_other(invited), email=BOB, role=Role.ADMIN)
        assert administration.set_member(tx, invited.maker, email=BOB, role=Role.ADMIN).role is Role.ADMIN


def test_an_account_that_took_an_address_for_itself_gets_a_role_only_with_a_word_that_it_is_meant(registry: Registry) -> None:
    with registry.database.write() as tx:
        users.set_password(tx, email=registry.user.email, password=PASSWORD)
        other = projects.create_project(tx, name="Other")
    new = sessions.sign_in(registry.database, email=registry.user.email, password=PASSWORD, limits=LIMITS, browser=Browser())
    with registry.database.read() as tx:
        signed_in = sessions.find_session(tx, new.value, limits=LIMITS)
    assert signed_in is not None
    sessions.change_address(registry.database, signed_in, present=PASSWORD, email=BOB)
    admin = make_actor(other, registry.user, role=Role.ADMIN)
    with registry.database.write() as tx:
        with pytest.raises(AddressNotVerified):
            administration.set_member(tx, admin, email=BOB, role=Role.ADMIN)
        users.set_password(tx, email=BOB, password=PASSWORD)
        assert administration.set_member(tx, admin, email=BOB, role=Role.ADMIN).role is Role.ADMIN


def test_the_operators_link_says_whose_the_account_is(invited: Invited) -> None:
    use(invited.registry, invited.link)
    with invited.registry.database.write() as tx:
        link = sign_in_links.create_link(tx, users.get_user(tx, BOB))
    use(invited.registry, link)
    with invited.registry.database.write() as tx:
        assert administration.set_member(tx, _admin_of_other(invited), email=BOB, role=Role.ADMIN).role is Role.ADMIN


def test_the_link_of_the_first_start_ends_when_an_account_is_made_with_a_password(registry: Registry) -> None:
    with registry.database.write() as tx:
        owner = users.create_user(tx, email="owner@localhost")
        link = sign_in_links.create_link(tx, owner, is_first_start=True)
        assert sign_in_links.get_link(tx, link).user == owner
        users.create_user(tx, email="ada@example.com", password=PASSWORD)
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, link)


def _admin_of_other(invited: Invited) -> Actor:
    return make_actor(invited.other, invited.other_admin, role=Role.ADMIN)
