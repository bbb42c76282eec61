"""The tools that work on the labels of a prompt."""

from promptuary.agents.calls import AgentCall
from promptuary.agents.inputs import LabelDeleteArguments, LabelHistoryArguments, LabelSetArguments, LabelUndoArguments, Named
from promptuary.api.posthog.move_outputs import show_label_move, show_moves
from promptuary.api.posthog.outputs import show_label
from promptuary.model.access import Permission
from promptuary.registry import labels, move_previews, prompts


def list_labels(call: AgentCall, arguments: Named) -> object:
    """List the labels of a prompt."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        history = prompts.resolve_prompt(tx, actor, name=arguments.prompt_name, limit=1)
    return {
        "prompt_name": history.selected.name,
        "latest_version": history.selected.version,
        "labels": [show_label(label) for label in history.labels],
    }


def _expected_of(arguments: LabelSetArguments | LabelDeleteArguments) -> labels.ExpectedVersion:
    """Return where the agent has seen the label; null is a place, too, and only what is missing stands for anywhere."""
    return arguments.expected_version if "expected_version" in arguments.model_fields_set else labels.ANYWHERE


def set_label(call: AgentCall, arguments: LabelSetArguments) -> object:
    """Point a label at a version, or look at what that would change."""
    actor = call.enter(Permission.WRITE)
    name, label, version = arguments.prompt_name, arguments.label_name, arguments.version
    expected = _expected_of(arguments)
    with call.database.write() as tx:
        if arguments.dry_run:
            moves = move_previews.preview_move(tx, actor, name=name, label=label, version=version, expected_version=expected)
            return show_moves(moves, is_dry_run=True)
        placed = labels.move_label(
            tx, actor, name=name, label=label, version=version, expected_version=expected, reason=arguments.reason
        )
    return _show_placed(placed)


def delete_label(call: AgentCall, arguments: LabelDeleteArguments) -> object:
    """Remove a label, or look at what that would change."""
    actor = call.enter(Permission.WRITE)
    name, label = arguments.prompt_name, arguments.label_name
    expected = _expected_of(arguments)
    with call.database.write() as tx:
        if arguments.dry_run:
            moves = move_previews.preview_removal(tx, actor, name=name, label=label, expected_version=expected)
            return show_moves(moves, is_dry_run=True)
        labels.remove_label(tx, actor, name=name, label=label, expected_version=expected, reason=arguments.reason)
    return _show_removed(name, label)


def undo_move(call: AgentCall, arguments: LabelUndoArguments) -> object:
    """Take the last move of a label back."""
    actor = call.enter(Permission.WRITE)
    name, label = arguments.prompt_name, arguments.label_name
    with call.database.write() as tx:
        placed = labels.undo_move(
            tx, actor, name=name, label=label, expected_version=arguments.expected_version, reason=arguments.reason
        )
    return _show_removed(name, label) if placed is None else _show_placed(placed)


def list_history(call: AgentCall, arguments: LabelHistoryArguments) -> object:
    """List the moves of a label."""
    actor = call.enter(Permission.READ)
    name, label, offset = arguments.prompt_name, arguments.label_name, arguments.offset
    with call.database.read() as tx:
        history = labels.list_history(tx, actor, name=name, label=label, limit=arguments.limit, offset=offset)
    following = offset + len(history.moves)
    return {
        "prompt_name": name,
        "label_name": label,
        "count": history.count,
        "next_offset": following if following < history.count and history.moves else None,
        "results": [show_label_move(move) for move in history.moves],
    }


def _show_placed(placed: labels.PlacedLabel) -> object:
    return {**show_label(placed.label), "affected_prompts": list(placed.affected_prompts)}


def _show_removed(name: str, label: str) -> object:
    return {"prompt_name": name, "label_name": label, "removed": True}
