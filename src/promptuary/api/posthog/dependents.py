"""The resource of a prompt's dependents: the versions of other prompts that reference it."""

from starlette.responses import Response

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.inputs import DependentsQuery
from promptuary.api.posthog.paging import PAGE_PARAMETERS, page_body, window_of
from promptuary.api.posthog.reference_outputs import PaginatedLLMPromptDependentList, show_dependent
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.registry import dependents

resource = Resource("References")


@resource.get(
    "/name/{prompt_name}/dependents/",
    Operation(
        id="llm_prompts_name_dependents_list",
        summary="List dependents",
        query=DependentsQuery,
        extra_parameters=[*PAGE_PARAMETERS, TOKEN_PARAMETER],
        answers={200: PaginatedLLMPromptDependentList},
    ),
)
def list_dependents(call: Call) -> Response:
    """List the versions of other prompts that reference a prompt and are in use, by name, newest first."""
    with call.entering(Permission.READ) as (tx, actor):
        query = call.query(DependentsQuery)
        window = window_of(call)
        page = dependents.list_dependents(
            tx,
            actor,
            name=call.path["prompt_name"],
            label=query.label,
            version=query.version,
            with_inactive=query.inactive,
            limit=window.limit,
            offset=window.offset,
        )
    return call.answer(page_body(call, window, count=page.count, results=[show_dependent(row) for row in page.items]))
