"""Schemas of what tools take: those of the API's queries and bodies, with the names of prompts and labels beside the rest.

Unlike the API, tools refuse arguments that they do not know: a model that invents one should get an error.
"""

from dataclasses import replace
from typing import Annotated

from pydantic import ConfigDict, Field

from promptuary.api.posthog.fields import choice, edit_list, integer, item_list, text
from promptuary.api.posthog.inputs import (
    Content,
    DependentsQuery,
    FetchQuery,
    LabelName,
    ListQuery,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptEditOperation,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
    Schema,
    VersionNumber,
    documented_without_default,
)
from promptuary.api.posthog.move_inputs import Archiving, DryRunQuery, LabelRemoval, LabelSet, LabelUndo, Promotion, ReleaseUndo
from promptuary.api.posthog.request_inputs import (
    ChangeRequestComment,
    ChangeRequestCreate,
    ChangeRequestMoveInput,
    ChangeRequestRevision,
    ChangeRequestsQuery,
)
from promptuary.model.change_requests import MAX_MOVES
from promptuary.model.edits import MAX_EDITS
from promptuary.model.listing import RELEVANCE, Listing

REQUEST_ACTIONS = ("refresh", "close")

_STRICT = ConfigDict(extra="forbid", frozen=True)

PageLimit = Annotated[int, integer(minimum=1, maximum=100), Field(json_schema_extra={"minimum": 1, "maximum": 100})]
PageOffset = Annotated[int, integer(minimum=0), Field(json_schema_extra={"minimum": 0})]
_Selector = Annotated[str, text(), Field(json_schema_extra={"type": ["integer", "string"]})]


class Named(Schema):
    """The arguments of a tool that works on one prompt."""

    model_config = _STRICT

    prompt_name: Annotated[str, text()] = Field(description="The name of the prompt.")


class ListArguments(ListQuery):
    """The arguments of a list."""

    model_config = _STRICT

    content: Content = Field(default="none", description="How much of each prompt to return.")
    limit: PageLimit = Field(default=50, description="Maximum number of prompts.")
    offset: PageOffset = Field(default=0, description="Prompts to skip: `next_offset` of the previous page.")

    @property
    def search_listing(self) -> Listing:
        """The listing. A search finds words in any order; its default order begins with the best matches of the name."""
        listing = self.listing(limit=self.limit, offset=self.offset)
        if self.archived or self.at is not None or not self.search:
            return listing
        order = self.order_by.removeprefix("-") if "order_by" in self.model_fields_set else RELEVANCE
        return replace(listing, in_any_order=True, order_by=order)


class GetArguments(FetchQuery, Named):
    """The arguments of a fetch."""

    model_config = _STRICT


class CreateArguments(LLMPromptCreate):
    """The arguments of a creation."""

    model_config = _STRICT


class EditOperation(LLMPromptEditOperation):
    """Replace the only occurrence of `old` by `new`."""

    model_config = _STRICT


class UpdateArguments(PatchedLLMPromptPublish, Named):
    """The arguments of a publication."""

    model_config = _STRICT

    # A stricter kind of edits than the API's.
    edits: Annotated[list[EditOperation], edit_list()] = Field(  # type: ignore[assignment]
        default=[],
        description="Changes to the latest version, applied in order.",
        json_schema_extra=documented_without_default(minItems=1, maxItems=MAX_EDITS),
    )


class DuplicateArguments(LLMPromptDuplicate, Named):
    """The arguments of a duplication."""

    model_config = _STRICT


class RestoreArguments(LLMPromptRestore, Named):
    """The arguments of a restore."""

    model_config = _STRICT


class ArchiveArguments(Archiving, Named):
    """The arguments of an archive."""

    model_config = _STRICT


class LabelSetArguments(DryRunQuery, LabelSet, Named):
    """The arguments that let a label point at a version."""

    model_config = _STRICT

    label_name: LabelName = Field(description="The label, such as `production`.")


class LabelNamed(Named):
    """The arguments of a tool that works on one label of a prompt."""

    label_name: Annotated[str, text()] = Field(description="The label.")


class LabelDeleteArguments(LabelRemoval, LabelNamed):
    """The arguments that remove a label."""

    model_config = _STRICT

    expected_version: VersionNumber | None = Field(
        default=None, description="The version that the label currently points at. If it points at another one, nothing is removed."
    )


class LabelUndoArguments(LabelUndo, LabelNamed):
    """The arguments that take the last move of a label back."""

    model_config = _STRICT


class LabelHistoryArguments(LabelNamed):
    """The arguments of the history of a label."""

    limit: PageLimit = Field(default=20, description="Maximum number of moves.")
    offset: PageOffset = Field(default=0, description="Moves to skip: `next_offset` of the previous page.")


class PromoteArguments(Promotion):
    """The arguments of a promotion."""

    model_config = _STRICT


class ReleaseListArguments(Schema):
    """The arguments of a list of releases."""

    model_config = _STRICT

    limit: PageLimit = Field(default=20, description="Maximum number of releases.")
    offset: PageOffset = Field(default=0, description="Releases to skip: `next_offset` of the previous page.")


class ReleaseUndoArguments(ReleaseUndo):
    """The arguments that take a release back."""

    model_config = _STRICT

    release_id: Annotated[str, text()] = Field(description="The `release` of a promotion, or the `id` of a listed release.")


class RequestMove(ChangeRequestMoveInput):
    """A proposed move of a label."""

    model_config = _STRICT


class RequestOpenArguments(ChangeRequestCreate):
    """The arguments that open a change request."""

    model_config = _STRICT

    moves: Annotated[list[RequestMove], item_list(maximum=MAX_MOVES)] = Field(  # type: ignore[assignment]
        description="The moves, of one prompt or several.", json_schema_extra={"minItems": 1, "maxItems": MAX_MOVES}
    )


class RequestListArguments(ChangeRequestsQuery):
    """The arguments of a list of change requests."""

    model_config = _STRICT

    limit: PageLimit = Field(default=20, description="Maximum number of change requests.")
    offset: PageOffset = Field(default=0, description="Change requests to skip: `next_offset` of the previous page.")


class RequestArguments(Schema):
    """The arguments of a tool that works on one change request."""

    model_config = _STRICT

    request_id: VersionNumber = Field(description="The `id` of the change request.")


class RequestRevisionArguments(ChangeRequestRevision, RequestArguments):
    """The arguments of a tool that works on a change request as the caller has seen it."""

    model_config = _STRICT


class RequestActionArguments(RequestArguments):
    """The arguments that refresh or close a change request."""

    action: Annotated[str, choice(REQUEST_ACTIONS), Field(json_schema_extra={"enum": [*REQUEST_ACTIONS]})] = Field(
        description="`refresh` lets an outdated request start from where its labels are now; `close` ends it without a merge."
    )


class RequestCommentArguments(ChangeRequestComment, RequestArguments):
    """The arguments of a comment."""

    model_config = _STRICT


class HistoryArguments(Named):
    """The arguments of a history."""

    limit: PageLimit = Field(default=20, description="Maximum number of versions.")
    before_version: VersionNumber | None = Field(
        default=None, description="Only versions below this number: the last one of the previous page."
    )


class DependentsArguments(DependentsQuery, Named):
    """The arguments of a list of dependents."""

    model_config = _STRICT

    limit: PageLimit = Field(default=50, description="Maximum number of versions.")
    offset: PageOffset = Field(default=0, description="Versions to skip: `next_offset` of the previous page.")


class DiffArguments(Named):
    """The arguments of a comparison."""

    from_version: _Selector | None = Field(
        default=None, description="The older version: a number or a label. Default: the one before `to_version`."
    )
    to_version: _Selector | None = Field(default=None, description="The newer version: a number or a label. Default: the latest.")
