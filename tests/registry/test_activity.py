"""What people read of the change log, and what lists of prompts tell besides the prompts."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from builders import Registry, make_actor, make_key, make_member, make_prompt
from sqlalchemy import delete, event

from promptuary.model.access import Role, Scope, operator
from promptuary.model.activity import Activity, ActivityPage
from promptuary.model.errors import PromptNotFound
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import archived, change_requests, label_rules, labels, lists, prompts, usage
from promptuary.registry.activity import list_activity
from promptuary.registry.operator import keys, members, projects
from promptuary.registry.request_merging import WantedPosition
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import users


def kinds(page: ActivityPage) -> list[str]:
    return [str(entry.change.kind) for entry in page.entries]


def test_entries_tell_who_did_what_with_which_key(registry: Registry) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user).key
        make_prompt(tx, replace(registry.actor, key_id=key.id))
        make_prompt(tx, operator(registry.project.id), name="by-the-operator")
        keys.revoke_key(tx, key.id)
        [second, first] = list_activity(tx, registry.actor, limit=10).entries
    assert first.user is not None
    assert (first.user.first_name, first.user.last_name, first.user.email) == ("Test", "User", registry.user.email)
    assert (first.change.prompt_name, first.key_label, first.key_mask) == ("greeting", "test", key.mask)
    assert (second.change.prompt_name, second.user, second.key_label) == ("by-the-operator", None, None)


def test_an_entry_outlives_its_user(registry: Registry) -> None:
    with registry.database.write() as tx:
        member = make_member(tx, registry.project)
        make_prompt(tx, make_actor(registry.project, member))
        tx.connection.execute(delete(users).where(users.c.id == member.id))
        [entry] = list_activity(tx, registry.actor, limit=10).entries
    assert (entry.user, entry.change.by.user_id) == (None, member.id)


def test_activity_of_a_prompt_is_not_that_of_others_and_not_that_of_earlier_ones_of_its_name(registry: Registry) -> None:
    actor = registry.actor
    with registry.database.write() as tx:
        make_prompt(tx, actor, versions=2)
        prompts.archive_prompt(tx, actor, name="greeting")
        make_prompt(tx, actor)
        labels.move_label(tx, actor, name="greeting", label="production", version=1)
        make_prompt(tx, actor, name="other")
        active = ["label.created", "prompt.created"]
        archived = ["prompt.archived", "prompt.published", "prompt.created"]
        assert kinds(list_activity(tx, actor, name="greeting", limit=10)) == active
        assert kinds(list_activity(tx, actor, limit=10)) == ["prompt.created", *active, *archived]


def test_activity_goes_on_behind_a_restore(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        prompts.archive_prompt(tx, registry.actor, name="greeting")
        archived.restore_prompt(tx, registry.actor, name="greeting")
        found = kinds(list_activity(tx, registry.actor, name="greeting", limit=10))
    assert found == ["prompt.restored", "prompt.archived", "prompt.created"]


@pytest.mark.parametrize("name", ["missing", "a\0b"])
def test_activity_of_what_is_not_there_is_not_found(registry: Registry, name: str) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        with pytest.raises(PromptNotFound):
            list_activity(tx, registry.actor, name=name, limit=10)


def test_pages_follow_each_other_without_gaps(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=5)
        everything = list_activity(tx, registry.actor, limit=10)
        found: list[Activity] = []
        before = None
        for _ in range(3):
            page = list_activity(tx, registry.actor, before=before, limit=2)
            found += page.entries
            before = page.before
    assert (tuple(found), before, everything.before) == (everything.entries, None, None)


@pytest.mark.parametrize(("before", "count"), [(0, 0), (-5, 0), (2**200, 1), (-(2**200), 0)])
def test_any_number_can_be_asked_for(registry: Registry, before: int, count: int) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        assert len(list_activity(tx, registry.actor, before=before, limit=10).entries) == count


def test_what_is_done_to_members_rules_and_the_project_is_shown_to_admins_only(registry: Registry) -> None:
    admin = replace(registry.actor, role=Role.ADMIN)
    reading = replace(admin, scopes=frozenset({Scope.WRITE}))
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        members.set_member(tx, project_id=registry.project.id, email=registry.user.email, role=Role.ADMIN)
        projects.rotate_token(tx, registry.project.id)
        label_rules.add_rule(tx, admin, pattern="production")
        move = WantedPosition("greeting", "production", 1)
        change_requests.open_request(tx, registry.actor, title="To all", positions=[move])
        assert kinds(list_activity(tx, registry.actor, limit=10)) == ["request.opened", "prompt.created"]
        assert kinds(list_activity(tx, reading, limit=10)) == ["request.opened", "prompt.created"]
        administration = ["member.set", "project.created"]
        newest = ["request.opened", "label_rule.set", "project.token_rotated", "member.set"]
        assert kinds(list_activity(tx, admin, limit=10)) == [*newest, "prompt.created", *administration]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", [None, "greeting"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_a_page_is_read_from_an_index_in_its_order(registry: Registry, name: str | None, role: Role) -> None:
    plans: list[str] = []

    def note(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[attr-defined]
        plans.extend(str(row[-1]) for row in cursor.fetchall())  # type: ignore[attr-defined]

    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    event.listen(registry.database.engine, "before_cursor_execute", note)
    with registry.database.read() as tx:
        list_activity(tx, replace(registry.actor, role=role), name=name, before=100, limit=10)
    event.remove(registry.database.engine, "before_cursor_execute", note)
    index = "ix_changes_project_id_sequence" if name is None else "ix_changes_prompt_id_sequence"
    assert any(f"changes USING INDEX {index}" in line for line in plans)
    assert not any("TEMP B-TREE" in line or line.startswith("SCAN") for line in plans)


def count(tx: Transaction, version_id: str, *, days_ago: int, times: int, label: str = "") -> None:
    moment = tx.clock() - timedelta(days=days_ago)
    usage.record_fetches(tx, [FetchCount(moment.astimezone(UTC).date(), FetchKey(version_id, "", label), times, moment)])


def test_recent_fetches_of_prompts_are_those_of_all_their_versions_in_the_last_days(registry: Registry) -> None:
    actor = registry.actor
    with registry.database.write() as tx:
        first = make_prompt(tx, actor, name="a")
        second = prompts.publish_version(tx, actor, name="a", base_version=1, prompt="x")
        other = make_prompt(tx, actor, name="b")
        unused = make_prompt(tx, actor, name="c")
        count(tx, first.id, days_ago=6, times=1)
        count(tx, first.id, days_ago=7, times=10)
        count(tx, second.id, days_ago=0, times=100, label="production")
        count(tx, second.id, days_ago=0, times=1000)
        count(tx, other.id, days_ago=1, times=5)
        ids = [first.prompt_id, other.prompt_id, unused.prompt_id, "unknown"]
        assert usage.count_recent_fetches(tx, actor, ids) == {first.prompt_id: 1101, other.prompt_id: 5}
        assert usage.count_recent_fetches(tx, actor, []) == {}


def test_recent_fetches_of_another_project_are_not_told(registry: Registry) -> None:
    stranger = replace(registry.actor, project_id=registry.project.id + 1)
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor)
        count(tx, version.id, days_ago=0, times=1)
        assert usage.count_recent_fetches(tx, stranger, [version.prompt_id]) == {}


def test_authors_are_those_by_whom_a_list_can_be_filtered(registry: Registry) -> None:
    with registry.database.write() as tx:
        writers = [make_actor(registry.project, make_member(tx, registry.project)) for _ in range(3)]
        make_prompt(tx, writers[0], name="a")
        make_prompt(tx, writers[1], name="b")
        make_prompt(tx, writers[1], name="c")
        make_prompt(tx, writers[2], name="overwritten")
        prompts.publish_version(tx, registry.actor, name="overwritten", base_version=1, prompt="x")
        make_prompt(tx, operator(registry.project.id), name="by-the-operator")
        authors = lists.list_authors(tx, registry.actor, limit=10)
        expected = {registry.user.id, writers[0].user_id, writers[1].user_id}
        assert {author.id for author in authors} == expected
        assert [author.email for author in authors] == sorted(author.email for author in authors)
        assert lists.list_authors(tx, registry.actor, limit=2) == authors[:2]
        prompts.archive_prompt(tx, registry.actor, name="a")
        assert len(lists.list_authors(tx, registry.actor, limit=10)) == 2
