"""What users can do with change requests, which of them wait for whom, and how many people rules can rely on."""

from builders import Registry, make_actor, make_member, make_prompt

from promptuary.model.access import Actor, Role
from promptuary.registry import change_requests, label_rules, labels, request_options
from promptuary.registry.operator import users
from promptuary.registry.request_merging import WantedPosition
from promptuary.store.engine.database import Transaction
from promptuary.store.engine.hooks import watch_statements


def _actor(tx: Transaction, registry: Registry, role: Role = Role.EDITOR) -> Actor:
    return make_actor(registry.project, make_member(tx, registry.project, role=role), role=role)


def _propose(tx: Transaction, actor: Actor, *, name: str = "greeting") -> int:
    make_prompt(tx, actor, name=name, versions=2)
    positions = [WantedPosition(name, "production", 2)]
    return change_requests.open_request(tx, actor, title=name, positions=positions).id


def test_rules_rely_on_members_whose_accounts_are_not_disabled(registry: Registry) -> None:
    with registry.database.write() as tx:
        admin = _actor(tx, registry, Role.ADMIN)
        left = make_member(tx, registry.project, role=Role.ADMIN)
        users.disable_user(tx, email=left.email)
        assert label_rules.count_people(tx, admin) == {Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 1}


def test_a_request_waits_for_those_who_can_take_its_next_step(registry: Registry) -> None:
    with registry.database.write() as tx:
        author, reviewer = registry.actor, _actor(tx, registry)
        admin, viewer = _actor(tx, registry, Role.ADMIN), _actor(tx, registry, Role.VIEWER)
        label_rules.add_rule(tx, admin, pattern="production", approvals=1)
        request_id = _propose(tx, author)

        def waits() -> list[int]:
            return [request_options.count_waiting(tx, actor) for actor in (author, reviewer, admin, viewer)]

        assert waits() == [0, 1, 1, 0]
        change_requests.approve_request(tx, reviewer, request_id=request_id, revision=1)
        assert waits() == [1, 1, 1, 0]
        [rule] = label_rules.list_rules(tx, admin)
        label_rules.remove_rule(tx, admin, rule_id=rule.id)
        labels.move_label(tx, admin, name="greeting", label="production", version=1)
        assert waits() == [1, 0, 0, 0]
        change_requests.close_request(tx, author, request_id=request_id)
        assert waits() == [0, 0, 0, 0]


def test_without_a_rule_a_request_waits_to_be_merged(registry: Registry) -> None:
    with registry.database.write() as tx:
        _propose(tx, registry.actor)
        assert request_options.count_waiting(tx, registry.actor) == 1
        [request] = request_options.list_waiting(tx, registry.actor)
        assert request_options.options_of(tx, registry.actor, request).may_merge


def test_counting_what_waits_takes_one_statement_if_nothing_is_open_and_few_however_much_is(registry: Registry) -> None:
    with registry.database.write() as tx:
        admin = _actor(tx, registry, Role.ADMIN)
        viewer = _actor(tx, registry, Role.VIEWER)
        label_rules.add_rule(tx, admin, pattern="*", approvals=1)
    said: list[str] = []
    watch_statements(registry.database, said.append)
    with registry.database.read() as tx:
        said.clear()
        request_options.count_waiting(tx, admin)
        request_options.count_waiting(tx, viewer)
        assert len(said) == 1
    with registry.database.write() as tx:
        for number in range(5):
            _propose(tx, registry.actor, name=f"prompt-{number}")
    with registry.database.read() as tx:
        said.clear()
        assert request_options.count_waiting(tx, admin) == 5
        assert len(said) <= 6
