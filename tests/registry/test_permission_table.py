"""Who may do what: every verb of prompts and labels, by role and by scope."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from builders import Registry, make_actor, make_prompt

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.errors import InvalidValue, MissingScope, PermissionDenied, PromptNotFound, RoleTooLow
from promptuary.model.listing import Listing
from promptuary.registry import activity, archived, labels, prompts, usage
from promptuary.store import changes
from promptuary.store.engine.database import Transaction

Verb = Callable[[Transaction, Actor], object]

READING: dict[str, Verb] = {
    "fetch": lambda tx, actor: prompts.fetch_prompt(tx, actor, "greeting"),
    "fetch by label": lambda tx, actor: prompts.fetch_prompt(tx, actor, "greeting", label="production"),
    "list": lambda tx, actor: prompts.list_prompts(tx, actor, Listing(limit=10)),
    "list archived": lambda tx, actor: prompts.list_prompts(tx, actor, Listing(limit=10, is_archived=True)),
    "resolve": lambda tx, actor: prompts.resolve_prompt(tx, actor, name="greeting", limit=10),
    "usage": lambda tx, actor: usage.get_usage(tx, actor, name="greeting", limit=10),
    "recent fetches": lambda tx, actor: usage.count_recent_fetches(tx, actor, ["x"]),
    "activity": lambda tx, actor: activity.list_activity(tx, actor, limit=10),
    "activity of a prompt": lambda tx, actor: activity.list_activity(tx, actor, name="greeting", limit=10),
    "authors": lambda tx, actor: prompts.list_authors(tx, actor, limit=10),
    "name meant": lambda tx, actor: prompts.resolve_name(tx, actor, "greeting"),
}
WRITING: dict[str, Verb] = {
    "create": lambda tx, actor: prompts.create_prompt(tx, actor, name="new-one", prompt="x"),
    "publish": lambda tx, actor: prompts.publish_version(tx, actor, name="greeting", base_version=2, prompt="x"),
    "duplicate": lambda tx, actor: prompts.duplicate_prompt(tx, actor, name="greeting", new_name="copy"),
    "archive": lambda tx, actor: prompts.archive_prompt(tx, actor, name="greeting"),
    "restore": lambda tx, actor: archived.restore_prompt(tx, actor, name="old"),
    "set label": lambda tx, actor: labels.move_label(tx, actor, name="greeting", label="staging", version=1),
    "move label": lambda tx, actor: labels.move_label(tx, actor, name="greeting", label="production", version=2),
    "remove label": lambda tx, actor: labels.remove_label(tx, actor, name="greeting", label="production"),
}
VERBS = READING | WRITING

WITHOUT_NAME = {"create", "list", "list archived", "recent fetches", "activity", "authors", "name meant"}

MAY_READ = {Scope.READ, Scope.WRITE, Scope.ALL}
MAY_WRITE = {Scope.WRITE, Scope.ALL}


@pytest.fixture
def filled(registry: Registry) -> Registry:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        make_prompt(tx, registry.actor, name="old")
        prompts.archive_prompt(tx, registry.actor, name="old")
    return registry


def expected(verb: str, role: Role, scope: Scope) -> type[PermissionDenied] | None:
    if scope not in (MAY_READ if verb in READING else MAY_WRITE):
        return MissingScope
    return RoleTooLow if verb in WRITING and role is Role.VIEWER else None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_for_those_whose_role_and_scope_allow_it(filled: Registry, verb: str) -> None:
    for role, scope in product(Role, Scope):
        actor = replace(make_actor(filled.project, filled.user, role=role), scopes=frozenset({scope}))
        assert refusal_of(filled, VERBS[verb], actor) is expected(verb, role, scope), (role, scope)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", VERBS)
def test_nobody_may_do_anything_without_a_scope_and_the_operator_may_do_everything(filled: Registry, verb: str) -> None:
    nobody = replace(make_actor(filled.project, filled.user, role=Role.ADMIN), scopes=frozenset())
    assert refusal_of(filled, VERBS[verb], nobody) is MissingScope
    assert refusal_of(filled, VERBS[verb], operator(filled.project.id)) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", sorted(WRITING))
def test_a_refused_verb_changes_nothing(filled: Registry, verb: str) -> None:
    viewer = make_actor(filled.project, filled.user, role=Role.VIEWER)
    with filled.database.write() as tx:
        before = changes.last_sequence(tx)
        with pytest.raises(RoleTooLow):
            WRITING[verb](tx, viewer)
        assert changes.last_sequence(tx) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_permission_is_checked_before_anything_about_the_prompt_is_told(filled: Registry) -> None:
    viewer = make_actor(filled.project, filled.user, role=Role.VIEWER)
    with filled.database.write() as tx:
        with pytest.raises(RoleTooLow):
            prompts.create_prompt(tx, viewer, name="not a name", prompt=None)
        with pytest.raises(RoleTooLow):
            prompts.archive_prompt(tx, viewer, name="missing")
        with pytest.raises(RoleTooLow):
            archived.restore_prompt(tx, viewer, name="missing")
        with pytest.raises(InvalidValue):
            prompts.create_prompt(tx, filled.actor, name="not a name", prompt=None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", sorted(set(VERBS) - WITHOUT_NAME))
def test_a_project_is_closed_to_actors_of_another_one(filled: Registry, verb: str) -> None:
    stranger = replace(filled.actor, project_id=filled.project.id + 1)
    error = refusal_of(filled, VERBS[verb], stranger)
    assert error is not None
    assert not issubclass(error, PermissionDenied)
    with filled.database.read() as tx:
        assert prompts.list_prompts(tx, stranger, Listing(limit=10)).count == 0
        assert prompts.list_prompts(tx, stranger, Listing(limit=10, is_archived=True)).count == 0
        assert usage.count_recent_fetches(tx, stranger, ["x"]) == {}
        assert activity.list_activity(tx, stranger, limit=10).entries == ()
        assert prompts.list_authors(tx, stranger, limit=10) == []
        with pytest.raises(PromptNotFound):
            prompts.fetch_prompt(tx, stranger, prompts.fetch_prompt(tx, filled.actor, "greeting").id)


def refusal_of(registry: Registry, verb: Verb, actor: Actor) -> type[Exception] | None:
    """Try a verb, undo it, and return how it was refused."""
    try:
        with registry.database.write() as tx:
            verb(tx, actor)
            raise Undone  # noqa: TRY301 - what undoes it
    except Undone:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
        return type(error)


class Undone(Exception):
    """Rolls a transaction back."""
