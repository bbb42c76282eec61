"""The resource of a prompt's labels: set or move, remove, undo, read the history. Labels are read with their prompts."""

from starlette.responses import Response

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.move_inputs import (
    DryRunQuery,
    LabelRemovalQuery,
    LLMPromptLabelSet,
    LLMPromptLabelUndo,
)
from promptuary.api.posthog.move_outputs import (
    LLMPromptMoves,
    PaginatedLLMPromptLabelMoveList,
    show_label_move,
    show_moves,
)
from promptuary.api.posthog.outputs import LLMPromptLabel, show_label
from promptuary.api.posthog.paging import page_body, page_parameters, window_of
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.model.names import check_label_name
from promptuary.registry import labels, move_previews

resource = Resource("Labels")


@resource.put(
    "/name/{prompt_name}/labels/{label_name}/",
    Operation(
        id="llm_prompts_name_labels_update",
        summary="Set or move a label",
        query=DryRunQuery,
        body=LLMPromptLabelSet,
        answers={200: LLMPromptLabel | LLMPromptMoves, 201: LLMPromptLabel},
        conflicts=True,
    ),
)
def set_label(call: Call) -> Response:
    """Point a label at a version: 201 if the label is new on the prompt, otherwise 200."""
    actor = call.enter(Permission.WRITE)
    label = call.path["label_name"].strip()
    check_label_name(label)
    is_dry_run = call.query(DryRunQuery).dry_run
    body = call.body(LLMPromptLabelSet)
    expected = body.expected_version if "expected_version" in body.model_fields_set else labels.ANYWHERE
    name = call.path["prompt_name"]
    if is_dry_run:
        with call.database.write() as tx:
            moves = move_previews.preview_move(tx, actor, name=name, label=label, version=body.version, expected_version=expected)
        return call.answer(show_moves(moves, is_dry_run=True))
    with call.database.write() as tx:
        placed = labels.move_label(
            tx,
            actor,
            name=name,
            label=label,
            version=body.version,
            expected_version=expected,
            reason=body.reason,
            is_emergency=body.emergency,
        )
    return call.answer(show_label(placed.label), 201 if placed.is_new else 200)


@resource.delete(
    "/name/{prompt_name}/labels/{label_name}/",
    Operation(
        id="llm_prompts_name_labels_destroy",
        summary="Remove a label",
        query=LabelRemovalQuery,
        answers={200: LLMPromptMoves, 204: None},
        conflicts=True,
    ),
)
def remove_label(call: Call) -> Response:
    """Remove a label from a prompt."""
    actor = call.enter(Permission.WRITE)
    query = call.query(LabelRemovalQuery)
    expected = labels.ANYWHERE if query.expected_version is None else query.expected_version
    name, label = call.path["prompt_name"], call.path["label_name"]
    if query.dry_run:
        with call.database.write() as tx:
            moves = move_previews.preview_removal(tx, actor, name=name, label=label, expected_version=expected)
        return call.answer(show_moves(moves, is_dry_run=True))
    with call.database.write() as tx:
        labels.remove_label(
            tx, actor, name=name, label=label, expected_version=expected, reason=query.reason, is_emergency=query.emergency
        )
    return call.answer_nothing()


@resource.post(
    "/name/{prompt_name}/labels/{label_name}/undo/",
    Operation(
        id="llm_prompts_name_labels_undo_create",
        summary="Undo the last move of a label",
        body=LLMPromptLabelUndo,
        answers={200: LLMPromptLabel, 204: None},
        conflicts=True,
    ),
)
def undo_move(call: Call) -> Response:
    """Point a label where it pointed before its last move; 204 if it was not set then. To undo an undo is to redo."""
    actor = call.enter(Permission.WRITE)
    body = call.body(LLMPromptLabelUndo)
    with call.database.write() as tx:
        placed = labels.undo_move(
            tx,
            actor,
            name=call.path["prompt_name"],
            label=call.path["label_name"],
            expected_version=body.expected_version,
            reason=body.reason,
            is_emergency=body.emergency,
        )
    return call.answer_nothing() if placed is None else call.answer(show_label(placed.label))


@resource.get(
    "/name/{prompt_name}/labels/{label_name}/history/",
    Operation(
        id="llm_prompts_name_labels_history_list",
        summary="List the history of a label",
        extra_parameters=[*page_parameters("Moves"), TOKEN_PARAMETER],
        answers={200: PaginatedLLMPromptLabelMoveList},
    ),
)
def list_history(call: Call) -> Response:
    """List all moves of a label that a prompt has or had, newest first."""
    with call.entering(Permission.READ) as (tx, actor):
        window = window_of(call)
        history = labels.list_history(
            tx,
            actor,
            name=call.path["prompt_name"],
            label=call.path["label_name"],
            limit=window.limit,
            offset=window.offset,
        )
    return call.answer(page_body(call, window, count=history.count, results=[show_label_move(move) for move in history.moves]))
