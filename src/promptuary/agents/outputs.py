"""Results of tools for which the API has no schema."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.outputs import LLMPromptLabel, LLMPromptList, LLMPromptVersionSummary, PositiveInteger


class PromptPage(TypedDict):
    """A page of a list. `next_offset` is the `offset` of the next page, null on the last one."""

    count: Annotated[int, Field(ge=0)]
    next_offset: int | None
    results: list[LLMPromptList]


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


class LabelRemoved(TypedDict):
    """A label that is gone."""

    prompt_name: str
    label_name: str
    removed: bool


class PromptArchived(TypedDict):
    """A prompt that is out of service."""

    prompt_name: str
    archived: bool
