import pytest
from builders import Registry, make_prompt

from promptuary.model.access import operator
from promptuary.model.errors import NameTaken, PromptNotFound, VersionConflict
from promptuary.registry import labels, prompts


def test_a_created_prompt_is_its_own_first_and_latest_version(registry: Registry) -> None:
    with registry.database.write() as tx:
        created = make_prompt(tx, registry.actor, prompt="# Title\0")
    with registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, registry.actor, "greeting") == created
    assert (created.version, created.is_latest, created.text) == (1, True, "# Title\0")


def test_a_published_version_is_returned_as_it_is_read(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        labels.move_label(tx, registry.actor, name="greeting", label="beta", version=2)
        published = prompts.publish_version(
            tx, registry.actor, name="greeting", base_version=2, prompt="# Straße\0", config={"b": [1]}, description="Third"
        )
    with registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, registry.actor, "greeting") == published
    assert (published.latest_version, published.labels) == (3, ())
    assert [(label.name, label.version) for label in published.prompt_labels] == [("beta", 2), ("production", 1)]


def test_a_copy_is_returned_as_it_is_read(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=2)
        copy = prompts.duplicate_prompt(tx, registry.actor, name="greeting", new_name="copy")
    with registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, registry.actor, "copy") == copy
    assert (copy.version, copy.prompt_labels, copy.created_by is None) == (1, (), False)


def test_what_the_operator_publishes_has_no_author(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        published = prompts.publish_version(tx, operator(registry.project.id), name="greeting", base_version=1, prompt="Hi!")
    with registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, registry.actor, "greeting") == published
    assert published.created_by is None


def test_a_name_is_given_once_at_a_time(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    with pytest.raises(NameTaken), registry.database.write() as tx:
        make_prompt(tx, registry.actor)


def test_publishing_on_an_outdated_version_conflicts(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=3)
    with pytest.raises(VersionConflict) as conflict, registry.database.write() as tx:
        prompts.publish_version(tx, registry.actor, name="greeting", base_version=2, prompt="x")
    assert conflict.value.current_version == 3


def test_a_name_with_nul_is_just_a_name_that_no_prompt_has(registry: Registry) -> None:
    with registry.database.read() as tx, pytest.raises(PromptNotFound):
        prompts.fetch_prompt(tx, registry.actor, "greeting\0")
