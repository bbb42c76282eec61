"""An upgrade turns the accounts that imports once made for authors into recorded authors."""

from builders import Registry, make_actor, make_key, make_prompt, make_user
from sqlalchemy import select, update

from promptuary.model.access import Role
from promptuary.model.accounts import recorded_author
from promptuary.model.changes.payloads import UserChanged, UserFacts
from promptuary.registry import administration, labels, prompts
from promptuary.registry.operator import members, users
from promptuary.store import changes, integrity_checks, recorded_authors, schema, tables
from promptuary.store import labels as stored_labels


def test_accounts_of_imported_authors_become_recorded_authors_and_all_others_stay(registry: Registry) -> None:
    with registry.database.write() as tx:
        former, disabled, idle = (make_user(tx) for _ in range(3))
        for user, name in ((former, "theirs"), (disabled, "own")):
            actor = make_actor(registry.project, user)
            make_prompt(tx, actor, name=name, versions=2)
            labels.move_label(tx, actor, name=name, label="production", version=1)
        make_key(tx, disabled)
        wanted = tables.users.c.id.in_([former.id, disabled.id, idle.id])
        tx.connection.execute(update(tables.users).where(wanted).values(is_active=False))
        recorded_authors.record_former_accounts(tx)
    with registry.database.write() as tx:
        recorded = recorded_author(former.email, "Test", "User")
        for name, author in (("theirs", recorded), ("own", users.get_user(tx, disabled.email))):
            versions = [prompts.fetch_prompt(tx, registry.actor, name, version=number) for number in (1, 2)]
            [label] = stored_labels.list_labels(tx, versions[0].prompt_id)
            found = [label.created_by, *(version.created_by for version in versions)]
            assert [(each.id, each.email) for each in found if each] == [(author.id, author.email)] * 3
        assert {user.id for user in users.list_users(tx, limit=10)} == {registry.user.id, disabled.id, idle.id}
        [*_, last] = changes.list_changes(tx, limit=100)
        assert last.payload == UserChanged(UserFacts(former.id, former.email), None)
        assert integrity_checks.list_problems(tx) == []
        members.set_member(tx, project_id=registry.project.id, email=registry.user.email, role=Role.ADMIN)
        admin = make_actor(registry.project, registry.user, role=Role.ADMIN)
        assert administration.invite_member(tx, admin, email=former.email, role=Role.VIEWER).member.email == former.email


def test_an_upgrade_from_the_revision_before_records_authors(registry: Registry) -> None:
    with registry.database.write() as tx:
        former = make_user(tx)
        make_prompt(tx, make_actor(registry.project, former), name="theirs")
        tx.connection.execute(update(tables.users).where(tables.users.c.id == former.id).values(is_active=False))
    schema.downgrade(registry.database, target="0007")
    assert schema.upgrade(registry.database) is True
    with registry.database.read() as tx:
        found = prompts.fetch_prompt(tx, registry.actor, "theirs")
        assert found.created_by == recorded_author(former.email, "Test", "User")
        assert tx.connection.execute(select(tables.users.c.id).where(tables.users.c.id == former.id)).all() == []
