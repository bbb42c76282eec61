"""Merging of a proposal with the version that another user published meanwhile."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from promptuary.differences import Decide, merge_configs, merge_contracts
from promptuary.differences.configs import show_path
from promptuary.model.chats import readable_entries
from promptuary.model.contracts import encode_contract
from promptuary.model.json_text import dump_indented, find_repeated_key
from promptuary.model.prompts import Version
from promptuary.web.forms import Form
from promptuary.web.prompts.conflicts import Conflict, Piece, decide_lines, value_conflict
from promptuary.web.prompts.edit_form import Proposal, proposal_of
from promptuary.web.prompts.merging_messages import merge_messages
from promptuary.web.prompts.visible_text import PageBudget

JsonObject = dict[str, object]

MAX_CONFLICTS = 100
"""Maximum places of a text, or of a config, at which one chooses; where more differ, one chooses between the whole ones."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Result of a merge. ``proposal`` is based on the other version; `None` while something is to be decided."""

    parts: list[Piece]
    proposal: Proposal | None
    budget: PageBudget = field(default_factory=PageBudget)


def reconcile(base: Version, latest: Version, proposal: Proposal, *, choices: Form) -> Reconciled:
    """Bring a proposal that began from ``base`` together with ``latest``. ``choices`` may hold what was decided.

    Chat messages are brought together message by message, everything else line by line. Decisions are taken only for the version
    they were made for, which the field ``theirs`` tells. Raises `InvalidValue` for a config or messages that are none.
    """
    decided = choices if choices.get("theirs") == str(latest.version) else Form({})
    before, theirs = proposal_of(base), proposal_of(latest)
    parts, text = _reconcile_prompt(before, theirs, proposal, decided)
    configs = _Three("config", merge_configs, base.config, latest.config, proposal.config_object)
    config = _reconcile_objects(configs, decided, parts)
    contracts = _Three("variables", merge_contracts, *(_object(each) for each in (before, theirs, proposal)))
    variables = _reconcile_objects(contracts, decided, parts)
    if any(isinstance(part, Conflict) and part.is_open for part in parts):
        return Reconciled(parts, None)
    merged = replace(proposal, text=text, config=config, variables=variables, base_version=latest.version)
    return Reconciled(parts, merged if merged.is_json else merged.faithful(proposal, theirs))


def _reconcile_prompt(base: Proposal, latest: Proposal, proposal: Proposal, choices: Form) -> tuple[list[Piece], str]:
    prompts = [each.prompt for each in (base, latest, proposal)]
    if all(readable_entries(prompt) is not None for prompt in prompts):
        parts, messages = merge_messages(*prompts, choices=choices)  # type: ignore[arg-type]  # they are chats
        text = dump_indented(messages)
    else:
        stretches = list(decide_lines(base.text, latest.text, proposal.text, key="text", choices=choices))
        parts, text = [part for part, _ in stretches], "".join(text for _, text in stretches)
    reason = _why_whole(parts, proposal, latest, text, choices)
    if not reason:
        return parts, text
    conflict = _whole(base.text, latest.text, proposal.text, title="text", reason=reason, choices=choices)
    return [conflict], conflict.choices.get(conflict.chosen, "")


def _why_whole(parts: Sequence[Piece], proposal: Proposal, latest: Proposal, text: str, choices: Form) -> str:
    """Return the reason to choose between the whole texts, empty if there is none."""
    if _count_conflicts(parts) > MAX_CONFLICTS:
        return _too_many("text")
    if not proposal.is_json:
        return ""
    # The choices of lines that led to the choice of the whole are not in the form that has it.
    if choices.get(_key_of_whole("text")):
        return "The merged JSON would have a key twice"
    repeated = find_repeated_key(text) if text not in {latest.text, proposal.text} else None
    return "" if repeated is None else f"The merged JSON would have the key {show_path((repeated,))} twice"


def _too_many(title: str) -> str:
    return f"Both of you changed the {title} in more than {MAX_CONFLICTS} places"


def _count_conflicts(parts: Sequence[Piece]) -> int:
    return sum(isinstance(part, Conflict) for part in parts)


def _key_of_whole(title: str) -> str:
    return f"whole-{title}"


def _whole(base: str, theirs: str, yours: str, *, title: str, reason: str, choices: Form) -> Conflict:
    key = _key_of_whole(title)
    return Conflict(key, f"{reason}, so choose between the two", base, {"theirs": theirs, "yours": yours}, choices.get(key))


@dataclass(frozen=True, slots=True)
class _Three:
    """Three versions of an object, the word for it in titles and in the keys of choices, and the function that merges them."""

    noun: str
    merge: Callable[[JsonObject | None, JsonObject | None, JsonObject | None, Decide], JsonObject | None]
    base: JsonObject | None
    theirs: JsonObject | None
    yours: JsonObject | None


def _object(proposal: Proposal) -> JsonObject | None:
    stored = encode_contract(proposal.contract_value)
    return None if stored is None else json.loads(stored)


def _reconcile_objects(three: _Three, choices: Form, parts: list[Piece]) -> str:
    def decide(path: str, *values: object) -> object:
        if len(conflicts) > MAX_CONFLICTS:
            # There will be one choice for the whole.
            return values[2]
        place = f"{path} in the {three.noun}" if path else f"the {three.noun}"
        title = f"Both of you changed {place}"
        conflict = value_conflict(values, key=f"{three.noun}-{path}", title=title, choices=choices)
        conflicts.append(conflict)
        return values[1] if conflict.chosen == "theirs" else values[2]

    conflicts: list[Conflict] = []
    merged = three.merge(three.base, three.theirs, three.yours, decide)
    if len(conflicts) > MAX_CONFLICTS:
        whole = ("" if each is None else dump_indented(each) for each in (three.base, three.theirs, three.yours))
        conflict = _whole(*whole, title=three.noun, reason=_too_many(three.noun), choices=choices)
        parts.append(conflict)
        return conflict.choices.get(conflict.chosen, "")
    parts += conflicts
    return "" if merged is None else dump_indented(merged)
