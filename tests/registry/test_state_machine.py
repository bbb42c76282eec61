"""Random verbs in random order: the registry and a plain dictionary always say the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar

from builders import make_registry
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test
from plain_registry import PlainPrompt, PlainRegistry, PlainVersion, Refused, view_of

from promptuary.model.edits import Edit
from promptuary.model.errors import RegistryError
from promptuary.model.listing import ARCHIVED_ORDERS, ORDERS, Listing, Page
from promptuary.model.prompts import Version
from promptuary.registry import archived, labels, lists, prompts
from promptuary.registry.prompts import UNCHANGED
from promptuary.store import changes, integrity_checks
from promptuary.store.engine.database import Database

# Few names and few pieces of text, so that they meet often.
NAME_LIST = ["a", "Welcome_mail-1", "straSSe"]
NAMES = st.sampled_from(NAME_LIST)
LABELS = st.sampled_from(["production", "v1.0"])
PIECES = st.sampled_from(["# Straße\n", "HELLO ", "hello ", '"', "%", "_", "\0", "\n", "🙂", "\\", "{{name}}", "1", "null", " "])
TEXTS = st.lists(PIECES, max_size=4).map("".join)
DESCRIPTIONS = st.sampled_from([None, "First words", "Ünder way"])
NUMBERS = st.integers(1, 3)


def objects(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(["b", "a", "Ä"]), values, max_size=2)


VALUES = TEXTS | st.recursive(st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=2) | objects(inner))
CONFIGS = st.none() | objects(st.integers() | st.none())


Result = TypeVar("Result")


def outcome(call: Callable[[], Result]) -> Result | Refused:
    """Return what a verb returns, or the kind of its refusal."""
    try:
        return call()
    except RegistryError as error:
        return type(error)


class RegistryMachine(RuleBasedStateMachine):
    """Works in a fresh project; all examples share one database."""

    version_ids: Bundle[str] = Bundle("version_ids")

    def __init__(self, database: Database) -> None:
        super().__init__()
        registry = make_registry(database)
        self.database = database
        self.actor = registry.actor
        self.plain = PlainRegistry()
        with database.read() as tx:
            self.start = changes.last_sequence(tx)

    def write(self, verb: Callable[..., Result], **arguments: Any) -> Result | Refused:
        def call() -> Result:
            with self.database.write() as tx:
                return verb(tx, self.actor, **arguments)

        return outcome(call)

    def read(self, verb: Callable[..., Result], *arguments: Any, **named: Any) -> Result | Refused:
        with self.database.read() as tx:
            return outcome(lambda: verb(tx, self.actor, *arguments, **named))

    def written(self, version: Version | Refused, value: object, config: object, description: str | None) -> PlainVersion:
        assert isinstance(version, Version)
        return PlainVersion(version.id, version.prompt_id, version.created_at, value, config, description)

    @initialize(target=version_ids)
    def begin(self) -> Any:
        created = [self.create(name, "# Straße\nHELLO {{name}}", {"a": 1}, None) for name in NAME_LIST]
        return multiple(*created, *(self.publish(name, 0, ([1, "%"], None), UNCHANGED, "Second") for name in NAME_LIST[1:]))

    @rule(target=version_ids, name=NAMES, value=VALUES, config=CONFIGS, description=DESCRIPTIONS)
    def create(self, name: str, value: object, config: object, description: str | None) -> Any:
        answer = self.write(prompts.create_prompt, name=name, prompt=value, config=config, description=description)
        if refused := self.plain.refuses_create(name):
            assert answer is refused
            return multiple()
        self.plain.create(name, self.written(answer, value, config, description))
        return self.same(answer, name)

    @rule(
        target=version_ids,
        name=NAMES,
        ahead=st.sampled_from([0, 0, 0, 1]),
        change=st.one_of(VALUES.map(lambda value: (value, None)), st.builds(Edit, PIECES, PIECES).map(lambda edit: (None, edit))),
        config=CONFIGS | st.just(UNCHANGED),
        description=DESCRIPTIONS,
    )
    def publish(self, name: str, ahead: int, change: tuple[object, Edit | None], config: object, description: str | None) -> Any:
        value, edit = change
        latest = len(self.plain.prompts[name].versions) if name in self.plain.prompts else 1
        base = latest + ahead
        answer = self.write(
            prompts.publish_version,
            name=name,
            base_version=base,
            prompt=value,
            edits=[edit] if edit else [],
            config=config,
            description=description,
        )
        if refused := self.plain.refuses_publish(name, base, edit):
            assert answer is refused
            return multiple()
        value = self.plain.edited(name, edit) if edit else value
        self.plain.publish(name, self.written(answer, value, self.plain.next_config(name, config), description))
        return self.same(answer, name)

    @rule(target=version_ids, name=NAMES, new_name=NAMES | st.sampled_from(["copy-1", "copy-2"]))
    def duplicate(self, name: str, new_name: str) -> Any:
        answer = self.write(prompts.duplicate_prompt, name=name, new_name=new_name)
        if refused := self.plain.refuses_duplicate(name, new_name):
            assert answer is refused
            return multiple()
        assert isinstance(answer, Version)
        self.plain.duplicate(name, new_name, answer)
        return self.same(answer, new_name)

    @rule(target=version_ids, name=NAMES, successor=st.none() | VALUES)
    def archive(self, name: str, successor: object) -> Any:
        refused = self.plain.refuses_archive(name)
        latest = None if refused else self.plain.prompts[name].versions[-1].id
        assert self.write(prompts.archive_prompt, name=name) is refused
        if latest:
            self.plain.archive(name, self.archived_at(latest))
        return multiple() if successor is None else self.create(name, successor, None, None)

    def archived_at(self, version_id: str) -> datetime:
        page = self.read(lists.list_prompts, Listing(limit=1000, is_archived=True))
        assert isinstance(page, Page)
        [moment] = [version.archived_at for version in page.items if version.id == version_id]
        assert moment is not None
        return moment

    @rule(name=NAMES, chosen=st.none() | st.none() | version_ids)
    def restore(self, name: str, chosen: str | None) -> None:
        answer = self.write(archived.restore_prompt, name=name, version_id=chosen)
        restored = self.plain.restore(name, chosen)
        if not isinstance(restored, PlainPrompt):
            assert answer is restored
            return
        assert isinstance(answer, archived.Restored)
        self.same(answer.version, name)
        assert {label.name: label.version for label in answer.former_labels} == restored.former_labels

    @rule(
        listing=st.builds(
            Listing,
            limit=st.integers(1, 5),
            offset=st.sampled_from([0, 0, 1, 3]),
            search=st.just("") | PIECES | st.sampled_from(["STRASSE", "ß", "A", "mail", "_", "-1"]),
            order_by=st.sampled_from(sorted(ARCHIVED_ORDERS)),
            is_descending=st.booleans(),
            is_archived=st.just(value=True),
        )
    )
    def list_archived(self, listing: Listing) -> None:
        self.list_prompts_alike(listing)

    @rule(name=NAMES, label=LABELS, version=NUMBERS)
    def move_label(self, name: str, label: str, version: int) -> None:
        is_new = name in self.plain.prompts and label not in self.plain.prompts[name].labels
        answer = self.write(labels.move_label, name=name, label=label, version=version)
        if refused := self.plain.move_label(name, label, version):
            assert answer is refused
            return
        assert isinstance(answer, labels.PlacedLabel)
        placed = answer.label
        assert (placed.name, placed.prompt_name, placed.version, answer.is_new) == (label, name, version, is_new)

    @rule(name=NAMES, label=LABELS)
    def remove_label(self, name: str, label: str) -> None:
        assert self.write(labels.remove_label, name=name, label=label) is self.plain.remove_label(name, label)

    @rule(segment=NAMES | version_ids, version=st.none() | NUMBERS)
    def fetch_version(self, segment: str, version: int | None) -> None:
        answer = self.read(prompts.fetch_prompt, segment, version=version)
        assert shown(answer) == self.plain.fetch(segment, version=version, label=None)

    @rule(segment=NAMES | version_ids, label=LABELS)
    def fetch_labelled(self, segment: str, label: str) -> None:
        answer = self.read(prompts.fetch_prompt, segment, label=label)
        assert shown(answer) == self.plain.fetch(segment, version=None, label=label)

    @rule(
        name=NAMES,
        version=st.none() | NUMBERS,
        limit=st.integers(1, 3),
        page=st.builds(dict, offset=st.integers(0, 3)) | st.builds(dict, before_version=NUMBERS),
    )
    def resolve(self, name: str, version: int | None, limit: int, page: dict[str, int]) -> None:
        answer = self.read(prompts.resolve_prompt, name=name, version=version, limit=limit, **page)
        expected = self.plain.fetch(name, version=version, label=None)
        if not isinstance(expected, dict):
            assert answer is expected
            return
        assert isinstance(answer, prompts.History)
        newest_first = range(len(self.plain.prompts[name].versions), 0, -1)
        below = [number for number in newest_first if number < page.get("before_version", 2000)][page.get("offset", 0) :]
        assert shown(answer.selected) == expected
        assert [line.version for line in answer.versions] == below[:limit]
        assert answer.has_more == (len(below) > limit)
        assert {label.name: label.version for label in answer.labels} == self.plain.prompts[name].labels

    @rule(
        listing=st.builds(
            Listing,
            limit=st.integers(1, 5),
            offset=st.sampled_from([0, 0, 1, 3]),
            label=st.none() | LABELS,
            search=st.just("") | PIECES | st.sampled_from(["STRASSE", "ß", "A", "mail", ", "]),
            order_by=st.sampled_from(sorted(ORDERS)),
            is_descending=st.booleans(),
        )
    )
    def list_prompts(self, listing: Listing) -> None:
        self.list_prompts_alike(listing)

    def list_prompts_alike(self, listing: Listing) -> None:
        page = self.read(lists.list_prompts, listing)
        assert isinstance(page, Page)
        assert (page.count, [view_of(version) for version in page.items]) == self.plain.list(listing)

    def same(self, version: Version | Refused, name: str) -> str:
        """Compare what a verb returned with the plain registry's latest version, and return its id."""
        assert isinstance(version, Version)
        assert view_of(version) == self.plain.prompts[name].view(version.version)
        return version.id

    def teardown(self) -> None:
        with self.database.read() as tx:
            told = changes.list_changes(tx, after=self.start, limit=10_000, project_id=self.actor.project_id)
            assert [(str(change.kind), change.prompt_name) for change in told] == self.plain.changes


def shown(answer: Version | Refused) -> dict[str, object] | Refused:
    return view_of(answer) if isinstance(answer, Version) else answer


def test_random_verbs_do_the_same_as_in_a_plain_dictionary(database_url: str) -> None:
    # A second lasts three moments, so that times tie now and then.
    moments = (datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=number // 3) for number in count())
    database = Database.open(database_url, clock=moments.__next__)
    run_state_machine_as_test(
        partial(RegistryMachine, database),  # type: ignore[arg-type]  # a factory is as good as a class
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=40,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with database.read() as tx:
        assert integrity_checks.list_problems(tx) == []
    database.close()
