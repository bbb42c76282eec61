"""The tools: each reads its arguments, calls one verb of the registry and shows its result, as the handlers of the API do.

Their functions are in `prompts`, `labels`, `releases`, `requests` and `dependents`.
Names and arguments are those that PostHog's own MCP server has for its prompts, where it has them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from promptuary.agents import labels, outputs, prompts, releases, requests
from promptuary.agents.calls import AgentCall
from promptuary.agents.dependents import list_dependents
from promptuary.agents.inputs import (
    ArchiveArguments,
    CreateArguments,
    DependentsArguments,
    DiffArguments,
    DuplicateArguments,
    GetArguments,
    HistoryArguments,
    LabelDeleteArguments,
    LabelHistoryArguments,
    LabelSetArguments,
    LabelUndoArguments,
    ListArguments,
    Named,
    PromoteArguments,
    ReleaseListArguments,
    ReleaseUndoArguments,
    RequestActionArguments,
    RequestArguments,
    RequestCommentArguments,
    RequestListArguments,
    RequestOpenArguments,
    RequestRevisionArguments,
    RestoreArguments,
    UpdateArguments,
)
from promptuary.api.posthog.change_requests import LLMPromptChangeRequest, LLMPromptComment, LLMPromptMergedRequest
from promptuary.api.posthog.inputs import Schema
from promptuary.api.posthog.move_outputs import LLMPromptMoves
from promptuary.api.posthog.outputs import LLMPrompt, LLMPromptPublic, LLMPromptRestored


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
        schema = TypeAdapter(self.returns).json_schema(mode="serialization")
        # Of two kinds of objects, the schema says "anyOf" only, and the protocol requires the type.
        return {"type": "object", **schema}


@cache
def _input_schema(takes: type[Schema]) -> dict[str, Any]:
    schema = takes.model_json_schema()
    # What the class says of itself is for readers of the code.
    schema.pop("description", None)
    return schema


TOOLS = (
    Tool(
        "llma-prompt-list",
        "List prompts",
        "List the project's prompts, or search for prompts with all words of `search` in name or content, best matches of the "
        "name first. Each is returned at its latest version, or with `label` at the labelled one. `archived` lists archived "
        "prompts, which `llma-prompt-restore` restores; `at` those of a time of the past.",
        ListArguments,
        outputs.PromptPage,
        prompts.list_prompts,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-get",
        "Get a prompt",
        "Get the content and config of a prompt: the latest version, or the one with a given number or label. Tags such as "
        "@@@prompt:name=tone|label=production@@@ reference other prompts; their texts are put in place, and `resolved_references` "
        "lists them. Before `llma-prompt-update`, get the text with its tags: `resolve` false. `at` returns what programs got at a "
        "time of the past.",
        GetArguments,
        LLMPromptPublic,
        prompts.get_prompt,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-create",
        "Create a prompt",
        "Create a prompt with version 1. Write variables as {{name}}. Only `labels` are set: programs that fetch by another label "
        "such as `production` get a 404 until `llma-prompt-label-set` points the label at a version.",
        CreateArguments,
        LLMPrompt,
        prompts.create_prompt,
    ),
    Tool(
        "llma-prompt-update",
        "Publish a version",
        "Publish the next version of a prompt, with a new `prompt` or `edits` of the latest one, and with a new `config` or the "
        "current one. `base_version` is the version that you have read. If another version was published since, nothing is changed "
        "and you get an error: read the prompt again. Labels do not move, except those in `labels`.",
        UpdateArguments,
        LLMPrompt,
        prompts.update_prompt,
        is_destructive=True,
    ),
    Tool(
        "llma-prompt-duplicate",
        "Duplicate a prompt",
        "Create a prompt with the latest content and config of another one.",
        DuplicateArguments,
        LLMPrompt,
        prompts.duplicate_prompt,
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
        labels.list_labels,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-set",
        "Set or move a label",
        "Point a label at a version, to release it or to roll back. Programs that fetch by the label get that version immediately. "
        "`expected_version` is the version at which you last saw the label, or null if it was not set. If the label has moved "
        "since, nothing is changed and you get an error: read the labels again. `affected_prompts` are other prompts whose text "
        "changes with it, because they reference this one. `dry_run` returns what would change, and changes "
        "nothing: use it before you ask the user.",
        LabelSetArguments,
        outputs.PlacedLabel | LLMPromptMoves,
        labels.set_label,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-delete",
        "Remove a label",
        "Remove a label from a prompt. Programs that fetch by it get a 404. A label that other prompts reference is not removed. "
        "`dry_run` returns what would change, and changes nothing.",
        LabelDeleteArguments,
        outputs.LabelRemoved | LLMPromptMoves,
        labels.delete_label,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-history",
        "See the history of a label",
        "List where a label was, newest first: each move with version, kind, reason, user and time. Also of a label that is gone.",
        LabelHistoryArguments,
        outputs.LabelHistoryPage,
        labels.list_history,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-label-undo",
        "Undo the last move of a label",
        "Point a label where it pointed before its last move, to roll back; the same again is a redo. `expected_version` is the "
        "version at which you last saw the label, or null if it is not set. If the label was not set before, it is removed.",
        LabelUndoArguments,
        outputs.PlacedLabel | outputs.LabelRemoved,
        labels.undo_move,
        is_destructive=True,
    ),
    Tool(
        "llma-prompt-promote",
        "Promote prompts",
        "Point the label `to` of all prompts that have the label `from`, or of those in `names`, at the version of `from`: all of "
        "them, or none. Use `dry_run` first, which changes nothing: it returns the moves with their differences in `texts`, and "
        "`refused`. `contract_change` is `breaking` if programs that fill in variables fail after it. Then send what you have "
        "seen: `from_version` of each move in `expected`, `to_version` in `versions`. If one has moved since, nothing is changed.",
        PromoteArguments,
        LLMPromptMoves,
        releases.promote,
        is_destructive=True,
        is_idempotent=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-release-list",
        "List releases",
        "List promotions and undone releases, newest first, each with the labels that it has moved.",
        ReleaseListArguments,
        outputs.ReleasePage,
        releases.list_releases,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-release-undo",
        "Undo a release",
        "Point all labels of a release where they pointed before it: all of them, or none. Each must still be where the release "
        "put it. `dry_run` returns what would change, and changes nothing.",
        ReleaseUndoArguments,
        LLMPromptMoves,
        releases.undo_release,
        is_destructive=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-request-open",
        "Open a change request",
        "Propose moves of labels, which people review, approve and merge. Use it where a label is protected. A move has `name`, "
        "`label` and `version`, null to remove the label. With `merge_when_approved` the last approval merges it.",
        RequestOpenArguments,
        LLMPromptChangeRequest,
        requests.open_request,
    ),
    Tool(
        "llma-prompt-request-list",
        "List change requests",
        "List proposed moves of labels, newest first, with their state and approvals.",
        RequestListArguments,
        outputs.ChangeRequestPage,
        requests.list_requests,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-request-get",
        "Get a change request",
        "Get a change request with its approvals and comments. While it is open, `preview` tells what a merge would change: the "
        "moves with their differences in `texts`, and `refused`.",
        RequestArguments,
        outputs.ReviewedRequest,
        requests.get_request,
        is_reading=True,
        is_idempotent=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-request-approve",
        "Approve a change request",
        "Approve a change request as you have seen it: `revision` is that of the request. Only if the user asks for it. It takes "
        "a key with the scope `llm_prompt:release`. The last approval merges the request, if its author asked for that.",
        RequestRevisionArguments,
        LLMPromptChangeRequest,
        requests.approve_request,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-request-merge",
        "Merge a change request",
        "Move all labels of a change request, or none. `revision` is that of the request as you have seen it. Only if the user "
        "asks for it. Requires a key with the scope `llm_prompt:release`.",
        RequestRevisionArguments,
        LLMPromptMergedRequest,
        requests.merge_request,
        is_destructive=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-request-change-state",
        "Refresh or close a change request",
        "Refresh an outdated change request, so that it starts from where its labels are now and loses its approvals, or close it "
        "without a merge.",
        RequestActionArguments,
        LLMPromptChangeRequest,
        requests.change_state,
    ),
    Tool(
        "llma-prompt-request-comment",
        "Comment on a change request",
        "Write a comment on a change request.",
        RequestCommentArguments,
        LLMPromptComment,
        requests.comment_on_request,
    ),
    Tool(
        "llma-prompt-history",
        "See the history",
        "List the versions of a prompt, newest first, with timestamp, author, description, labels and time of the last fetch.",
        HistoryArguments,
        outputs.PromptHistory,
        prompts.show_history,
        is_reading=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-diff",
        "Compare versions",
        "Compare the content and config of two versions of a prompt. Default: the changes of the latest version.",
        DiffArguments,
        outputs.PromptDiff,
        prompts.diff_versions,
        is_reading=True,
        is_idempotent=True,
        is_heavy=True,
    ),
    Tool(
        "llma-prompt-archive",
        "Archive a prompt",
        "Take a prompt with all its versions and labels out of service. Programs can no longer fetch it, its name becomes free. "
        "`llma-prompt-restore` restores it, without labels. A prompt that others reference is not archived. `dry_run` "
        "returns its labels and with which keys it is fetched, and changes nothing.",
        ArchiveArguments,
        outputs.PromptArchived | LLMPromptMoves,
        prompts.archive_prompt,
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "llma-prompt-restore",
        "Restore a prompt",
        "Restore an archived prompt with all its versions. `former_labels` lists its former labels, which are not restored.",
        RestoreArguments,
        LLMPromptRestored,
        prompts.restore_prompt,
    ),
)
"""All tools, in the order in which agents see them."""
