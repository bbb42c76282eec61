"""Results of tools for which the API has no schema."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.change_requests import LLMPromptChangeRequest
from promptuary.api.posthog.move_outputs import LLMPromptLabelMove, LLMPromptMoves, LLMPromptRelease
from promptuary.api.posthog.outputs import LLMPromptLabel, LLMPromptList, LLMPromptVersionSummary
from promptuary.api.posthog.reference_outputs import LLMPromptDependent, LLMPromptUnresolved
from promptuary.api.posthog.scalars import PositiveInteger


class PromptPage(TypedDict):
    """A page of a list. `next_offset` is the `offset` of the next page, null on the last one.

    It has `unresolved` if references were resolved.
    """

    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptList]
    unresolved: NotRequired[list[LLMPromptUnresolved]]


class PromptHistory(TypedDict):
    """A page of a prompt's versions, newest first."""

    prompt_name: str
    latest_version: PositiveInteger
    versions: list[LLMPromptVersionSummary]
    has_more: bool


class ConfigDifference(TypedDict):
    """A value of the config that differs; `before` and `after` are JSON text, null if there is none."""

    path: str
    before: str | None
    after: str | None


class PromptDiff(TypedDict):
    """Differences between two versions. `text_diff` is a unified diff, empty where the texts are the same.

    `contract_change` is the effect on programs that fill in the variables: `breaking`, `compatible` or `none`.
    """

    prompt_name: str
    from_version: PositiveInteger
    to_version: PositiveInteger
    is_same: bool
    text_diff: str
    config_changes: list[ConfigDifference]
    contract_change: str
    variable_changes: list[str]


class PromptLabels(TypedDict):
    """All labels of a prompt."""

    prompt_name: str
    latest_version: PositiveInteger
    labels: list[LLMPromptLabel]


class DependentsPage(TypedDict):
    """A page of the versions that reference a prompt. `next_offset` is the `offset` of the next page, null on the last one."""

    prompt_name: str
    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptDependent]


class PlacedLabel(LLMPromptLabel):
    """A label that was set. `affected_prompts` are other prompts that serve another text since, because they reference this one."""

    affected_prompts: list[str]


class LabelHistoryPage(TypedDict):
    """A page of the moves of a label, newest first. `next_offset` is the `offset` of the next page, null on the last one."""

    prompt_name: str
    label_name: str
    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptLabelMove]


class ReleasePage(TypedDict):
    """A page of releases, newest first. `next_offset` is the `offset` of the next page, null on the last one."""

    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptRelease]


class ChangeRequestPage(TypedDict):
    """A page of change requests, newest first. `next_offset` is the `offset` of the next page, null on the last one."""

    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptChangeRequest]


class ReviewedRequest(LLMPromptChangeRequest):
    """A change request. While it is open, `preview` is what a merge would change."""

    preview: NotRequired[LLMPromptMoves]


class LabelRemoved(TypedDict):
    """A label that is gone."""

    prompt_name: str
    label_name: str
    removed: bool


class PromptArchived(TypedDict):
    """A prompt that is out of service."""

    prompt_name: str
    archived: bool
