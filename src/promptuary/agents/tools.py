"""The tools: each reads its arguments, calls one verb of the registry and shows its result, as the handlers of the API do.

Names and arguments are those that PostHog's own MCP server has for its prompts, where it has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from pydantic import TypeAdapter

from promptuary.agents import outputs
from promptuary.agents.calls import AgentCall
from promptuary.agents.comparing import compare
from promptuary.agents.dependents import list_dependents
from promptuary.agents.inputs import (
    CreateArguments,
    DependentsArguments,
    DiffArguments,
    DuplicateArguments,
    GetArguments,
    HistoryArguments,
    LabelDeleteArguments,
    LabelSetArguments,
    ListArguments,
    Named,
    RestoreArguments,
    UpdateArguments,
)
from promptuary.api.posthog.inputs import Schema
from promptuary.api.posthog.outputs import (
    LLMPrompt,
    LLMPromptPublic,
    LLMPromptRestored,
    show_label,
    show_prompt,
    show_public,
    show_restored,
    show_row,
    show_summary,
)
from promptuary.api.posthog.reference_outputs import show_unresolved
from promptuary.model.access import Actor, Permission
from promptuary.model.edits import Edit
from promptuary.model.prompts import Version
from promptuary.registry import archived, labels, prompts
from promptuary.registry.assembling import AssembledPage, AssembledVersion, assemble_all, assemble_version, unassembled
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what it takes and returns, what it does to the registry, and the function that does it.

    One that ``is_destructive`` changes what programs get, or takes something away; nothing ever deletes a version. One that
    ``is_heavy`` compares texts; few of these run at once.
    """

    name: str
    title: str
    description: str
    takes: type[Schema]
    returns: Any
    run: Callable[[AgentCall, Any], object]
    is_reading: bool = False
    is_destructive: bool = False
    is_idempotent: bool = False
    is_heavy: bool = False

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return _input_schema(self.takes)

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of the result."""
        return TypeAdapter(self.returns).json_schema(mode="serialization")


@cache
def _input_schema(takes: type[Schema]) -> dict[str, Any]:
    schema = takes.model_json_schema()
    # What the class says of itself is for readers of the code.
    schema.pop("description", None)
    return schema


def _list(call: AgentCall, arguments: ListArguments) -> object:
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        page = prompts.list_prompts(tx, actor, arguments.search_listing)
        shown = _fitting(page.items) if arguments.content == "full" else page.items
        found = assemble_all(tx, actor, shown) if arguments.resolves else AssembledPage(unassembled(shown), [])
    if arguments.content == "full" and not arguments.archived:
        call.services.usage.count_versions(actor, found.versions, arguments.label)
    following = arguments.offset + len(shown)
    unresolved = {"unresolved": [show_unresolved(*each) for each in found.unresolved]} if arguments.resolves else {}
    return {
        "count": page.count,
        "next_offset": following if following < page.count and shown else None,
        "results": [show_row(each.version, arguments.content, each.served) for each in found.versions],
        **unresolved,
    }


def _fitting(versions: Sequence[Version]) -> Sequence[Version]:
    """Return as many versions as one message should hold, at least one."""
    sizes = accumulate(version.size_bytes for version in versions)
    return versions[: max(1, sum(size <= _MAX_PAGE_BYTES for size in sizes))]


def _get(call: AgentCall, arguments: GetArguments) -> object:
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, arguments.prompt_name, version=arguments.version, label=arguments.label)
        fetched = assemble_version(tx, actor, version) if arguments.resolves else AssembledVersion(version)
    call.services.usage.count_versions(actor, [fetched], arguments.label)
    return show_public(fetched.version, arguments.content, arguments.label, fetched.served)


def _create(call: AgentCall, arguments: CreateArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        created = prompts.create_prompt(
            tx,
            actor,
            name=arguments.name,
            prompt=arguments.prompt,
            config=arguments.config,
            description=arguments.version_description,
            variables=arguments.variables,
        )
    return show_prompt(created)


def _update(call: AgentCall, arguments: UpdateArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        published = prompts.publish_version(
            tx,
            actor,
            name=arguments.prompt_name,
            base_version=arguments.base_version,
            prompt=arguments.prompt,
            edits=[Edit(edit.old, edit.new) for edit in arguments.edits],
            config=arguments.config if "config" in arguments.model_fields_set else prompts.UNCHANGED,
            description=arguments.version_description,
            variables=arguments.variables if "variables" in arguments.model_fields_set else prompts.UNCHANGED,
        )
    return show_prompt(published)


def _duplicate(call: AgentCall, arguments: DuplicateArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        copy = prompts.duplicate_prompt(tx, actor, name=arguments.prompt_name, new_name=arguments.new_name)
    return show_prompt(copy)


def _list_labels(call: AgentCall, arguments: Named) -> object:
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        history = prompts.resolve_prompt(tx, actor, name=arguments.prompt_name, limit=1)
    return {
        "prompt_name": history.selected.name,
        "latest_version": history.selected.version,
        "labels": [show_label(label) for label in history.labels],
    }


def _set_label(call: AgentCall, arguments: LabelSetArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        placed = labels.move_label(
            tx,
            actor,
            name=arguments.prompt_name,
            label=arguments.label_name,
            version=arguments.version,
            expected_version=_expected(arguments),
        )
    return {**show_label(placed.label), "affected_prompts": list(placed.affected_prompts)}


def _expected(arguments: LabelSetArguments) -> labels.ExpectedVersion:
    return arguments.expected_version if "expected_version" in arguments.model_fields_set else labels.ANYWHERE


def _delete_label(call: AgentCall, arguments: LabelDeleteArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        expected = labels.ANYWHERE if arguments.expected_version is None else arguments.expected_version
        labels.remove_label(tx, actor, name=arguments.prompt_name, label=arguments.label_name, expected_version=expected)
    return {"prompt_name": arguments.prompt_name, "label_name": arguments.label_name, "removed": True}


def _show_history(call: AgentCall, arguments: HistoryArguments) -> object:
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        history = prompts.resolve_prompt(
            tx, actor, name=arguments.prompt_name, limit=arguments.limit, before_version=arguments.before_version
        )
    return {
        "prompt_name": history.selected.name,
        "latest_version": history.selected.version,
        "versions": [show_summary(version, history.last_fetches.get(version.id)) for version in history.versions],
        "has_more": history.has_more,
    }


def _diff(call: AgentCall, arguments: DiffArguments) -> object:
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        newer = _chosen(tx, actor, arguments.prompt_name, arguments.to_version)
        before = str(max(1, newer.version - 1))
        older = _chosen(tx, actor, arguments.prompt_name, arguments.from_version or before)
    return compare(older, newer)


def _archive(call: AgentCall, arguments: Named) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        prompts.archive_prompt(tx, actor, name=arguments.prompt_name)
    return {"prompt_name": arguments.prompt_name, "archived": True}


def _restore(call: AgentCall, arguments: RestoreArguments) -> object:
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        restored = archived.restore_prompt(tx, actor, name=arguments.prompt_name, version_id=arguments.id)
    return show_restored(restored.version, restored.former_labels)


def _chosen(tx: Transaction, actor: Actor, name: str, choice: str | None) -> Version:
    """Return the version that a number or a label means, the latest for `None`."""
    number = int(choice) if choice and choice.isascii() and choice.isdigit() and len(choice) <= _MAX_DIGITS else None
    return prompts.fetch_prompt(tx, actor, name, version=number, label=None if number else choice)


_MAX_DIGITS = 9
_MAX_PAGE_BYTES = 1_000_000

TOOLS = (
    Tool(
        "llma-prompt-list",
        "List prompts",
        "List the project's prompts, or search for prompts with all words of `search` in name or content, best matches of the "
        "name first. Each is returned at its latest version, or with `label` at the labelled one. `archived` lists archived "
        "prompts, which `llma-prompt-restore` restores.",
        ListArguments,
        outputs.PromptPage,
        _list,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-get",
        "Get a prompt",
        "Get the content and config of a prompt: the latest version, or the one with a given number or label. Tags such as "
        "@@@prompt:name=tone|label=production@@@ reference other prompts; their texts are put in place, and `resolved_references` "
        "lists them. Before `llma-prompt-update`, get the text with its tags: `resolve` false.",
        GetArguments,
        LLMPromptPublic,
        _get,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-create",
        "Create a prompt",
        "Create a prompt with version 1. Write variables as {{name}}. No label is set: programs that fetch by a label such as "
        "`production` get a 404 until `llma-prompt-label-set` points the label at a version.",
        CreateArguments,
        LLMPrompt,
        _create,
    ),
    Tool(
        "llma-prompt-update",
        "Publish a version",
        "Publish the next version of a prompt, with a new `prompt` or `edits` of the latest one, and with a new `config` or the "
        "current one. `base_version` is the version that you have read. If another version was published since, nothing is changed "
        "and you get an error: read the prompt again. Labels do not move.",
        UpdateArguments,
        LLMPrompt,
        _update,
    ),
    Tool(
        "llma-prompt-duplicate",
        "Duplicate a prompt",
        "Create a prompt with the latest content and config of another one.",
        DuplicateArguments,
        LLMPrompt,
        _duplicate,
    ),
    Tool(
        "llma-prompt-dependents",
        "List dependents",
        "List the versions of other prompts that reference a prompt and are in use: their texts change when a label of the prompt "
        "moves, and keep it from being archived.",
        DependentsArguments,
        outputs.DependentsPage,
        list_dependents,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-list",
        "List labels",
        "List the labels of a prompt and the versions they point at.",
        Named,
        outputs.PromptLabels,
        _list_labels,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-set",
        "Set or move a label",
        "Point a label at a version, to release it or to roll back. Programs that fetch by the label get that version immediately. "
        "`expected_version` is the version at which you last saw the label, or null if it was not set. If the label has moved "
        "since, nothing is changed and you get an error: read the labels again. `affected_prompts` are other prompts whose text "
        "changes with it, because they reference this one.",
        LabelSetArguments,
        outputs.PlacedLabel,
        _set_label,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-delete",
        "Remove a label",
        "Remove a label from a prompt. Programs that fetch by it get a 404. A label that other prompts reference is not removed.",
        LabelDeleteArguments,
        outputs.LabelRemoved,
        _delete_label,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-history",
        "See the history",
        "List the versions of a prompt, newest first, with timestamp, author, description, labels and time of the last fetch.",
        HistoryArguments,
        outputs.PromptHistory,
        _show_history,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-diff",
        "Compare versions",
        "Compare the content and config of two versions of a prompt. Default: the changes of the latest version.",
        DiffArguments,
        outputs.PromptDiff,
        _diff,
        is_reading=True,
        is_idempotent=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-archive",
        "Archive a prompt",
        "Take a prompt with all its versions and labels out of service. Programs can no longer fetch it, its name becomes free. "
        "`llma-prompt-restore` restores it, without labels. A prompt that others reference is not archived.",
        Named,
        outputs.PromptArchived,
        _archive,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-restore",
        "Restore a prompt",
        "Restore an archived prompt with all its versions. `former_labels` lists its former labels, which are not restored.",
        RestoreArguments,
        LLMPromptRestored,
        _restore,
    ),
)
"""All tools, in the order in which agents see them."""
