"""Schemas of what callers send to move labels, alone or together, and to look at what a move would change."""

from typing import Annotated

from pydantic import Field

from promptuary.api.posthog.fields import flag, integer, item_list, positions, text
from promptuary.api.posthog.inputs import Body, LabelName, PromptName, Schema, VersionNumber, documented_without_default
from promptuary.model.label_history import checked_reason
from promptuary.registry.releases import MAX_PROMPTS

Reason = Annotated[str | None, text(checked_reason, nullable=True)]
Emergency = Annotated[
    bool,
    flag(),
    Field(description="Bypass the rules that protect labels. Requires an admin, a key with llm_prompt:release, and a reason."),
]


class DryRunQuery(Schema):
    """The query of a change that can be looked at first."""

    dry_run: Annotated[bool, flag()] = Field(default=False, description="Change nothing, and return what would change.")


class Archiving(DryRunQuery):
    """The query of an archive."""

    reason: Reason = Field(
        default=None, description="Why, for the history of its labels.", json_schema_extra=documented_without_default(type="string")
    )


class ArchiveQuery(Archiving):
    """The query of an archive."""

    emergency: Emergency = False


class LabelRemoval(Schema):
    """The expected state of a label that is removed."""

    expected_version: VersionNumber | None = Field(
        default=None,
        description=(
            "The version that the label currently points at. If it points at another one, the response is 409 and nothing is "
            "changed. Omit it to remove the label in any case."
        ),
    )
    reason: Reason = Field(
        default=None, description="Why, for the history of the label.", json_schema_extra=documented_without_default(type="string")
    )
    dry_run: Annotated[bool, flag()] = Field(default=False, description="Change nothing, and return what would change.")


class LabelRemovalQuery(LabelRemoval):
    """The query of the removal of a label."""

    emergency: Emergency = False


class LabelSet(Body):
    """The version to which a label is set."""

    version: VersionNumber = Field(description="The version to point the label at.")
    expected_version: Annotated[int | None, integer(minimum=1, nullable=True)] = Field(
        default=None,
        description=(
            "The version that the label currently points at, or null if it is not set. If it points at another one, the response "
            "is 409 and nothing is changed. Omit it to move the label in any case."
        ),
        json_schema_extra=documented_without_default(type=["integer", "null"], minimum=1),
    )
    reason: Reason = Field(default=None, description="Why, for the history of the label.")


class LLMPromptLabelSet(LabelSet):
    """The version to which a label is set, or is set in an emergency."""

    emergency: Emergency = False


Position = Annotated[int | None, integer(minimum=1, nullable=True)]


class LabelUndo(Body):
    """The move of a label that is taken back."""

    expected_version: Position = Field(
        description="The version that the label points at now, or null if it is not set. If it is another, the response is 409."
    )
    reason: Reason = Field(default=None, description="Why, for the history of the label.")


class LLMPromptLabelUndo(LabelUndo):
    """The move of a label that is taken back, or is taken back in an emergency."""

    emergency: Emergency = False


class Promotion(Body):
    """The labels of a promotion: `to` gets what `from` points at."""

    source: LabelName = Field(alias="from", description="The label whose versions are released.")
    target: LabelName = Field(alias="to", description="The label that is moved.")
    names: Annotated[list[PromptName] | None, item_list(maximum=MAX_PROMPTS, nullable=True)] = Field(
        default=None,
        description="Only these prompts; each must have `from`. Default: all that have it.",
        json_schema_extra=documented_without_default(type="array", items={"type": "string"}, maxItems=MAX_PROMPTS),
    )
    dry_run: Annotated[bool, flag()] = Field(default=False, description="Change nothing, and return what would change.")
    reason: Reason = Field(default=None, description="Why, for the history of the labels.")
    expected: Annotated[dict[str, Position], positions()] = Field(
        default={},
        description="Where `to` points now, by names of prompts; null: it is not set. If one is elsewhere, the response is 409.",
        json_schema_extra=documented_without_default(),
    )
    versions: Annotated[dict[str, Position], positions()] = Field(
        default={},
        description="Where `from` points now, by names of prompts. If one is elsewhere, the response is 409.",
        json_schema_extra=documented_without_default(),
    )


class LLMPromptPromote(Promotion):
    """The labels of a promotion: `to` gets what `from` points at."""

    emergency: Emergency = False


class ReleaseUndo(Body):
    """The undo of a release."""

    reason: Reason = Field(default=None, description="Why, for the history of the labels.")
    dry_run: Annotated[bool, flag()] = Field(default=False, description="Change nothing, and return what would change.")


class LLMPromptReleaseUndo(ReleaseUndo):
    """The undo of a release."""

    emergency: Emergency = False
