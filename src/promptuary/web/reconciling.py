"""Bringing a proposal together with the version that somebody else published meanwhile."""

from dataclasses import dataclass, replace

from promptuary.differences import merge_configs
from promptuary.model.json_text import dump_indented
from promptuary.model.messages import messages_of
from promptuary.model.prompts import Version
from promptuary.web.conflicts import Conflict, Piece, decide_lines, value_conflict
from promptuary.web.forms import Form
from promptuary.web.proposals import Proposal, proposal_of
from promptuary.web.reconciling_messages import merge_messages


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of two changes. ``proposal`` goes on top of the other one's version; `None` while something is to be decided."""

    parts: list[Piece]
    proposal: Proposal | None


def reconcile(base: Version, latest: Version, proposal: Proposal, *, choices: Form) -> Reconciled:
    """Bring a proposal that began from ``base`` together with ``latest``. ``choices`` may hold what was decided.

    Chat messages are brought together message by message, everything else line by line. Decisions are taken only for the version
    they were made for, which the field ``theirs`` tells. Raises `InvalidValue` for a config or messages that are none.
    """
    decided = choices if choices.get("theirs") == str(latest.version) else Form({})
    parts, text = _reconcile_prompt(proposal_of(base), proposal_of(latest), proposal, decided)
    config = _reconcile_config(base, latest, proposal, decided, parts)
    if any(isinstance(part, Conflict) and part.is_open for part in parts):
        return Reconciled(parts, None)
    merged = replace(proposal, text=text, config=config, base_version=latest.version)
    return Reconciled(parts, merged if merged.is_json else merged.faithful(proposal, proposal_of(latest)))


def _reconcile_prompt(base: Proposal, latest: Proposal, proposal: Proposal, choices: Form) -> tuple[list[Piece], str]:
    prompts = [each.prompt for each in (base, latest, proposal)]
    if all(messages_of(prompt) is not None for prompt in prompts):
        parts, messages = merge_messages(*prompts, choices=choices)  # type: ignore[arg-type]  # they are lists of messages
        return parts, dump_indented(messages)
    stretches = list(decide_lines(base.text, latest.text, proposal.text, key="text", choices=choices))
    return [part for part, _ in stretches], "".join(text for _, text in stretches)


def _reconcile_config(base: Version, latest: Version, proposal: Proposal, choices: Form, parts: list[Piece]) -> str:
    def decide(path: str, *values: object) -> object:
        title = f"Both of you changed {path} in the config"
        conflict = value_conflict(values, key=f"config-{path}", title=title, choices=choices)
        parts.append(conflict)
        return values[1] if conflict.chosen == "theirs" else values[2]

    merged = merge_configs(base.config, latest.config, proposal.config_object, decide)
    return "" if merged is None else dump_indented(merged)
