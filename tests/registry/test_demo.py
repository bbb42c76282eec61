from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from builders import Registry

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.errors import NotEmpty
from promptuary.model.label_history import MoveKind
from promptuary.model.listing import Listing
from promptuary.registry import demo, label_rules, labels, releases, request_options, usage
from promptuary.registry.demo import Seeded
from promptuary.registry.lists import list_prompts
from promptuary.store import integrity_checks, members
from promptuary.store.engine.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Demo:
    """A database in which the demo is, and what was made there."""

    database: Database
    seeded: Seeded

    @property
    def actor(self) -> Actor:
        return operator(self.seeded.project.id)


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Demo:
    """The demo alone in a database, made once for all tests that only read it."""
    with module_database.write() as tx:
        return Demo(module_database, demo.seed(tx))


def _log(tx: Transaction) -> list[tuple[str, datetime]]:
    rows = tx.connection.exec_driver_sql("SELECT kind, at FROM changes WHERE prompt_name IS NOT NULL ORDER BY sequence")
    return [(row[0], datetime.fromisoformat(str(row[1]))) for row in rows]


def test_the_demo_fills_an_empty_database_with_prompts_that_refer_to_each_other_and_their_histories(filled: Demo) -> None:
    with filled.database.read() as tx:
        problems = integrity_checks.list_problems(tx)
    assert (filled.seeded.prompt_count, filled.seeded.version_count, problems) == (15, 51, [])


def test_the_demo_stands_beside_other_projects(registry: Registry) -> None:
    with registry.database.write() as tx:
        assert demo.seed(tx).project.id != registry.project.id


def test_the_demo_tells_its_histories_in_the_order_in_which_they_happened(filled: Demo) -> None:
    with filled.database.read() as tx:
        moments = [moment for _, moment in _log(tx)]
    assert moments == sorted(moments)
    assert len(set(moments)) > 45


def test_labels_of_the_demo_were_moved_as_well_as_created(filled: Demo) -> None:
    with filled.database.read() as tx:
        kinds = {kind for kind, _ in _log(tx)}
    assert kinds == {"prompt.created", "prompt.published", "label.created", "label.moved"}


def test_production_of_the_demo_has_a_timeline_with_reasons_a_rollback_and_a_release(filled: Demo) -> None:
    with filled.database.read() as tx:
        history = labels.list_history(tx, filled.actor, name="support-reply", label="production", limit=10)
        (release,) = releases.list_releases(tx, filled.actor, limit=10).items
    assert [move.to_version for move in history.moves] == [8, 6, 4, 6, 4, 2]
    assert [move.cause.kind for move in history.moves][:3] == [MoveKind.PROMOTION, MoveKind.DIRECT, MoveKind.UNDO]
    assert all(move.cause.reason for move in history.moves)
    assert [name for name, _ in release.moves] == ["support-reply", "travel-agent-system"]


def test_a_label_of_the_demo_is_protected_and_a_change_request_waits_for_the_author(filled: Demo) -> None:
    project = filled.seeded.project
    with filled.database.read() as tx:
        [author, reviewer] = members.list_members(tx, project.id, limit=10)
        actor = Actor(project.id, Role.ADMIN, frozenset({Scope.ALL}), author.user_id)
        [rule] = label_rules.list_rules(tx, actor)
        [waiting] = request_options.list_waiting(tx, actor)
        assert request_options.list_waiting(tx, replace(actor, user_id=reviewer.user_id)) == []
    assert (rule.pattern, rule.approvals) == ("canary", 1)
    assert [(move.name, move.label, move.from_version, move.to_version) for move in waiting.moves] == [
        ("onboarding-email", "canary", 3, 4)
    ]


def test_the_demo_is_made_once(filled: Demo) -> None:
    with pytest.raises(NotEmpty, match="There is a project 'Demo' already"), filled.database.write() as tx:
        demo.seed(tx)


def test_programs_seem_to_have_fetched_the_demo_until_today(filled: Demo) -> None:
    with filled.database.read() as tx:
        shown = usage.get_usage(tx, filled.actor, name="support-reply", limit=10)
        assert len(shown.versions) > 2
        assert len({day.day for version in shown.versions for day in version.days}) >= 29
        assert {key.label for version in shown.versions for key in version.keys} == {"Demo key"}
        assert all(version.last_fetched_at and version.last_fetched_at <= tx.clock() for version in shown.versions)
        listed = list_prompts(tx, filled.actor, Listing(limit=100))
        recent = usage.count_recent_fetches(tx, filled.actor, [version.prompt_id for version in listed.items])
    assert len(set(recent.values())) > 8
