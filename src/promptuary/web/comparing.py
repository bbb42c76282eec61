"""Two versions of a prompt beside each other."""

from dataclasses import dataclass

from starlette.responses import Response

from promptuary.differences import ConfigChange, Hunk, compare_configs, compare_texts
from promptuary.model.access import Actor, Permission
from promptuary.model.messages import chat_text, messages_of
from promptuary.model.prompts import Version
from promptuary.registry import prompts
from promptuary.registry.prompts import History
from promptuary.store.database import Transaction
from promptuary.web.numbers import number_of
from promptuary.web.proposals import Proposal, proposal_of
from promptuary.web.visits import Visit

CHOICES = 200
"""Newest versions that are offered; where there are more, the number of any can be typed."""


def show_comparison(visit: Visit) -> Response:
    """Compare two versions, each chosen by number or label; the latest with the one before unless chosen."""
    actor = visit.enter(Permission.READ)
    with visit.database.read() as tx:
        history = prompts.resolve_prompt(tx, actor, name=visit.path["name"], limit=CHOICES)
        latest = history.selected
        old_choice = visit.query.get("from") or str(max(1, latest.version - 1))
        new_choice = visit.query.get("to") or str(latest.version)
        old, new = (_chosen(tx, actor, latest.name, choice) for choice in (old_choice, new_choice))
    return visit.page(
        "prompts/compare.html",
        version=latest,
        old=old,
        new=new,
        old_choice=old_choice,
        new_choice=new_choice,
        choices_limit=CHOICES,
        choices=_choices(history, old_choice, new_choice),
        view=visit.query.get("view", ""),
        comparison=None if latest.version == 1 else compare_versions(old, new),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions: in the text, and in the config key by key."""

    hunks: list[Hunk]
    config: list[ConfigChange]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.hunks and not self.config


def compare_versions(old: Version, new: Version) -> Comparison:
    """Compare two versions."""
    return compare_proposal(old, proposal_of(new))


def compare_proposal(old: Version, proposal: Proposal) -> Comparison:
    """Compare a version with what would be published. Raises `InvalidValue` where that cannot be."""
    return Comparison(
        hunks=compare_texts(*_texts(proposal_of(old), proposal)),
        config=compare_configs(old.config, proposal.config_object),
    )


def _texts(old: Proposal, new: Proposal) -> tuple[str, str]:
    """Return what to compare: of two lists of messages what they say, unless they differ in something else."""
    messages = [messages_of(each.prompt) if each.is_json else None for each in (old, new)]
    if messages[0] is None or messages[1] is None:
        return old.text, new.text
    said = chat_text(messages[0]), chat_text(messages[1])
    return said if said[0] != said[1] or old.prompt == new.prompt else (old.text, new.text)


def _chosen(tx: Transaction, actor: Actor, name: str, choice: str) -> Version:
    number = number_of(choice)
    return prompts.fetch_prompt(tx, actor, name, version=number, label=None if number else choice)


def _choices(history: History, *chosen: str) -> list[tuple[str, str]]:
    labels = [(label.name, f"{label.name} (v{label.version})") for label in history.labels]
    versions = [(str(version.version), _told(version)) for version in history.versions]
    known = {key for key, _ in [*labels, *versions]}
    return [*labels, *versions, *((choice, f"v{choice}") for choice in chosen if choice not in known)]


def _told(version: Version) -> str:
    return f"v{version.version}: {version.description}" if version.description else f"v{version.version}"
