"""The resource of a prompt's labels: set or move, remove. Labels are read with their prompts."""

from starlette.responses import Response

from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.inputs import LabelRemovalQuery, LLMPromptLabelSet
from promptuary.api.posthog.outputs import LLMPromptLabel, show_label
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.model.names import check_label_name
from promptuary.registry import labels

resource = Resource("Labels")


@resource.put(
    "/name/{prompt_name}/labels/{label_name}/",
    Operation(
        id="llm_prompts_name_labels_update",
        summary="Set or move a label",
        body=LLMPromptLabelSet,
        answers={200: LLMPromptLabel, 201: LLMPromptLabel},
        conflicts=True,
    ),
)
def set_label(call: Call) -> Response:
    """Point a label at a version: 201 if the label is new on the prompt, otherwise 200."""
    actor = call.enter(Permission.WRITE)
    label = call.path["label_name"].strip()
    check_label_name(label)
    body = call.body(LLMPromptLabelSet)
    expected = body.expected_version if "expected_version" in body.model_fields_set else labels.ANYWHERE
    with call.database.write() as tx:
        placed = labels.move_label(
            tx,
            actor,
            name=call.path["prompt_name"],
            label=label,
            version=body.version,
            expected_version=expected,
        )
    return call.answer(show_label(placed.label), 201 if placed.is_new else 200)


@resource.delete(
    "/name/{prompt_name}/labels/{label_name}/",
    Operation(
        id="llm_prompts_name_labels_destroy", summary="Remove a label", query=LabelRemovalQuery, answers={204: None}, conflicts=True
    ),
)
def remove_label(call: Call) -> Response:
    """Remove a label from a prompt."""
    actor = call.enter(Permission.WRITE)
    query = call.query(LabelRemovalQuery)
    expected = labels.ANYWHERE if query.expected_version is None else query.expected_version
    with call.database.write() as tx:
        labels.remove_label(tx, actor, name=call.path["prompt_name"], label=call.path["label_name"], expected_version=expected)
    return call.answer_nothing()
