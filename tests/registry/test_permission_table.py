"""Who may do what: every verb of prompts and labels, by role and by scope."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from builders import Registry, make_actor, make_prompt, make_registry

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.errors import InvalidValue, MissingScope, PermissionDenied, PromptNotFound, RoleTooLow
from promptuary.model.listing import Listing
from promptuary.registry import (
    activity,
    archived,
    change_requests,
    label_rules,
    labels,
    lists,
    move_previews,
    past,
    prompts,
    protection,
    releases,
    request_options,
    usage,
)
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import changes
from promptuary.store.engine.database import Database, Transaction

pytestmark = pytest.mark.parametrize("module_database", ["sqlite"], indirect=True)

Verb = Callable[[Transaction, Actor], object]

PROPOSED = [WantedPosition("greeting", "production", 2)]
READING: dict[str, Verb] = {
    "fetch": lambda tx, actor: prompts.fetch_prompt(tx, actor, "greeting"),
    "fetch by label": lambda tx, actor: prompts.fetch_prompt(tx, actor, "greeting", label="production"),
    "list": lambda tx, actor: lists.list_prompts(tx, actor, Listing(limit=10)),
    "list archived": lambda tx, actor: lists.list_prompts(tx, actor, Listing(limit=10, is_archived=True)),
    "resolve": lambda tx, actor: prompts.resolve_prompt(tx, actor, name="greeting", limit=10),
    "usage": lambda tx, actor: usage.get_usage(tx, actor, name="greeting", limit=10),
    "recent fetches": lambda tx, actor: usage.count_recent_fetches(tx, actor, ["x"]),
    "activity": lambda tx, actor: activity.list_activity(tx, actor, limit=10),
    "activity of a prompt": lambda tx, actor: activity.list_activity(tx, actor, name="greeting", limit=10),
    "authors": lambda tx, actor: lists.list_authors(tx, actor, limit=10),
    "label history": lambda tx, actor: labels.list_history(tx, actor, name="greeting", label="production", limit=10),
    "releases": lambda tx, actor: releases.list_releases(tx, actor, limit=10),
    "name meant": lambda tx, actor: prompts.resolve_name(tx, actor, "greeting"),
    "fetch of the past": lambda tx, actor: past.fetch_prompt(tx, actor, "greeting", at=tx.clock()),
    "list of the past": lambda tx, actor: past.list_prompts(tx, actor, Listing(limit=10), at=tx.clock()),
    "resolve of the past": lambda tx, actor: past.resolve_prompt(tx, actor, name="greeting", at=tx.clock(), limit=10),
    "rules": label_rules.list_rules,
    "people that rules rely on": label_rules.count_people,
    "forbidden moves": lambda tx, actor: protection.list_forbidden(tx, actor, name="greeting", positions={"production": 2}),
    "requests": lambda tx, actor: change_requests.list_requests(tx, actor, limit=10),
    "request": lambda tx, actor: change_requests.get_request(tx, actor, request_id=1),
    "comments": lambda tx, actor: change_requests.list_comments(tx, actor, request_id=1),
    "look at request": lambda tx, actor: change_requests.preview_request(tx, actor, request_id=1),
    "waiting requests": request_options.list_waiting,
}
WRITING: dict[str, Verb] = {
    "create": lambda tx, actor: prompts.create_prompt(tx, actor, name="new-one", prompt="x"),
    "publish": lambda tx, actor: prompts.publish_version(tx, actor, name="greeting", base_version=2, prompt="x"),
    "duplicate": lambda tx, actor: prompts.duplicate_prompt(tx, actor, name="greeting", new_name="copy"),
    "archive": lambda tx, actor: prompts.archive_prompt(tx, actor, name="greeting"),
    "restore": lambda tx, actor: archived.restore_prompt(tx, actor, name="old"),
    "set label": lambda tx, actor: labels.move_label(tx, actor, name="greeting", label="staging", version=1),
    "move label": lambda tx, actor: labels.move_label(tx, actor, name="greeting", label="production", version=2),
    "open request": lambda tx, actor: change_requests.open_request(tx, actor, title="x", positions=PROPOSED),
    "look at positions": lambda tx, actor: change_requests.preview_positions(tx, actor, PROPOSED),
    "remove label": lambda tx, actor: labels.remove_label(tx, actor, name="greeting", label="production"),
    "undo": lambda tx, actor: labels.undo_move(tx, actor, name="greeting", label="canary", expected_version=2),
    "promote": lambda tx, actor: releases.promote(tx, actor, source="canary", target="staging"),
    "look at promotion": lambda tx, actor: releases.promote(tx, actor, source="canary", target="staging", is_dry_run=True),
    "look at move": lambda tx, actor: move_previews.preview_move(tx, actor, name="greeting", label="canary", version=1),
    "look at removal": lambda tx, actor: move_previews.preview_removal(tx, actor, name="greeting", label="canary"),
    "look at undo": lambda tx, actor: move_previews.preview_undo(tx, actor, name="greeting", label="canary"),
    "look at archive": lambda tx, actor: move_previews.preview_archive(tx, actor, name="greeting"),
    "change request": lambda tx, actor: change_requests.change_request(tx, actor, request_id=1, title="y"),
    "refresh request": lambda tx, actor: change_requests.refresh_request(tx, actor, request_id=1),
    "close request": lambda tx, actor: change_requests.close_request(tx, actor, request_id=1),
    "comment": lambda tx, actor: change_requests.comment_on_request(tx, actor, request_id=1, text="x"),
}
RELEASING: dict[str, Verb] = {
    "take approval back": lambda tx, actor: change_requests.take_approval_back(tx, actor, request_id=1),
    "merge": lambda tx, actor: change_requests.merge_request(tx, actor, request_id=1, revision=1),
}
VERBS = READING | WRITING | RELEASING

WITHOUT_NAME = {"create", "list", "list archived", "recent fetches", "activity", "authors", "name meant"}
WITHOUT_NAME |= {
    "list of the past",
    "releases",
    "rules",
    "people that rules rely on",
    "requests",
    "waiting requests",
    "promote",
    "look at promotion",
}

MAY_READ = {Scope.READ, Scope.WRITE, Scope.RELEASE, Scope.ALL}
MAY_WRITE = {Scope.WRITE, Scope.ALL}
MAY_RELEASE = {Scope.RELEASE, Scope.ALL}


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A project with a prompt to which all can be done; what tests do to it is undone."""
    registry = make_registry(module_database)
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        for version in (1, 2):
            labels.move_label(tx, registry.actor, name="greeting", label="canary", version=version)
        positions = [WantedPosition("greeting", "production", 2)]
        change_requests.open_request(tx, registry.actor, title="Request", positions=positions)
        make_prompt(tx, registry.actor, name="old")
        prompts.archive_prompt(tx, registry.actor, name="old")
    return registry


def expected(verb: str, role: Role, scope: Scope) -> type[PermissionDenied] | None:
    if scope not in (MAY_READ if verb in READING else MAY_RELEASE if verb in RELEASING else MAY_WRITE):
        return MissingScope
    return RoleTooLow if verb not in READING and role is Role.VIEWER else None


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_for_those_whose_role_and_scope_allow_it(filled: Registry, verb: str) -> None:
    for role, scope in product(Role, Scope):
        actor = replace(make_actor(filled.project, filled.user, role=role), scopes=frozenset({scope}))
        assert refusal_of(filled, VERBS[verb], actor) is expected(verb, role, scope), (role, scope)


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_may_do_anything_without_a_scope_and_the_operator_may_do_everything(filled: Registry, verb: str) -> None:
    nobody = replace(make_actor(filled.project, filled.user, role=Role.ADMIN), scopes=frozenset())
    assert refusal_of(filled, VERBS[verb], nobody) is MissingScope
    assert refusal_of(filled, VERBS[verb], operator(filled.project.id)) is None


@pytest.mark.parametrize("verb", sorted(WRITING))
def test_a_refused_verb_changes_nothing(filled: Registry, verb: str) -> None:
    viewer = make_actor(filled.project, filled.user, role=Role.VIEWER)
    with filled.database.write() as tx:
        before = changes.last_sequence(tx)
        with pytest.raises(RoleTooLow):
            WRITING[verb](tx, viewer)
        assert changes.last_sequence(tx) == before


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


@pytest.mark.parametrize("verb", sorted(set(VERBS) - WITHOUT_NAME))
def test_a_project_is_closed_to_actors_of_another_one(filled: Registry, verb: str) -> None:
    stranger = replace(filled.actor, project_id=filled.project.id + 1)
    error = refusal_of(filled, VERBS[verb], stranger)
    assert error is not None
    assert not issubclass(error, PermissionDenied)
    with filled.database.read() as tx:
        assert lists.list_prompts(tx, stranger, Listing(limit=10)).count == 0
        assert lists.list_prompts(tx, stranger, Listing(limit=10, is_archived=True)).count == 0
        assert usage.count_recent_fetches(tx, stranger, ["x"]) == {}
        assert activity.list_activity(tx, stranger, limit=10).entries == ()
        assert lists.list_authors(tx, stranger, limit=10) == []
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
