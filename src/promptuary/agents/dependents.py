"""The tool that lists who references a prompt."""

from promptuary.agents.calls import AgentCall
from promptuary.agents.inputs import DependentsArguments
from promptuary.api.posthog.reference_outputs import show_dependent
from promptuary.model.access import Permission
from promptuary.registry import dependents


def list_dependents(call: AgentCall, arguments: DependentsArguments) -> object:
    """List the versions that reference a prompt."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        page = dependents.list_dependents(
            tx,
            actor,
            name=arguments.prompt_name,
            label=arguments.label,
            version=arguments.version,
            with_inactive=arguments.inactive,
            limit=arguments.limit,
            offset=arguments.offset,
        )
    following = arguments.offset + len(page.items)
    return {
        "prompt_name": arguments.prompt_name,
        "count": page.count,
        "next_offset": following if following < page.count and page.items else None,
        "results": [show_dependent(row) for row in page.items],
    }
