"""Webhooks whose events are gone, because the change log was trimmed or the database restored: a reset tells of it."""

from datetime import timedelta
from pathlib import Path

from builders import make_prompt, make_registry
from hooks import Hooks
from receiving import Receiver
from wire import Clock

from promptuary.background.maintenance import trim_change_log
from promptuary.store import backup


def test_a_webhook_whose_events_were_trimmed_gets_a_reset_before_anything_later(
    hooks: Hooks, receiver: Receiver, clock: Clock
) -> None:
    webhook = hooks.add(receiver)
    hooks.create_prompts("one")
    clock.now += timedelta(days=14)
    hooks.create_prompts("two")
    trim_change_log(hooks.database, days=10)
    hooks.create_prompts("three")
    hooks.send()
    hooks.create_prompts("four")
    hooks.send()
    assert receiver.types == ["reset", "prompt.created"]
    assert receiver.requests[1].event["data"]["prompt_name"] == "four"
    assert hooks.get(webhook).failures == 0


def test_trimming_keeps_for_three_days_more_what_a_webhook_has_not_got(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    hooks.add(receiver)
    hooks.create_prompts("one")
    clock.now += timedelta(days=12)
    hooks.create_prompts("two")
    trim_change_log(hooks.database, days=10)
    hooks.send()
    assert receiver.names == ["one", "two"]


def test_trimming_what_other_projects_did_is_no_reset(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    other = make_registry(hooks.database)
    hooks.add(receiver)
    with hooks.database.write() as tx:
        make_prompt(tx, other.actor, name="elsewhere", versions=3)
    clock.now += timedelta(days=30)
    with hooks.database.write() as tx:
        make_prompt(tx, other.actor, name="later")
    assert trim_change_log(hooks.database, days=10) > 0
    hooks.create_prompts("one")
    hooks.send()
    assert receiver.types == ["prompt.created"]


def test_a_restored_database_is_a_reset(hooks: Hooks, receiver: Receiver, tmp_path: Path) -> None:
    hooks.add(receiver)
    backup.write_backup(hooks.database, tmp_path / "backup.db")
    hooks.create_prompts("one")
    backup.restore_backup(hooks.database, tmp_path / "backup.db", replace=True)
    hooks.create_prompts("two")
    hooks.send()
    hooks.create_prompts("three")
    hooks.send()
    assert receiver.types == ["reset", "prompt.created"]
