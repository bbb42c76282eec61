"""Schemas of what callers send: queries and bodies. Fields are checked in the order in which they stand here."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from promptuary.api.posthog.fields import (
    choice,
    edit_list,
    expect_object,
    flag,
    integer,
    item_list,
    json_value,
    moment,
    refuse,
    text,
    uuid_text,
)
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import VariableType, encode_contract
from promptuary.model.edits import MAX_EDITS
from promptuary.model.listing import ORDERS, Listing
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_LABELS
from promptuary.model.text import check_text

CONTENT_CHOICES = ("full", "preview", "none")
ORDER_CHOICES = tuple(f"{sign}{name}" for name in ORDERS for sign in ("", "-"))

_NOT_NULL: dict[str, Any] = {"not": {"type": "null"}}
_CONTRACT: dict[str, Any] = {
    "type": ["object", "null"],
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "type": {"enum": [*VariableType], "default": VariableType.STRING},
            "description": {"type": "string"},
            "required": {"type": "boolean", "default": True},
            "default": {},
            "enum": {"type": "array", "minItems": 1},
            "examples": {"type": "array"},
        },
    },
}

_check_description = partial(check_text, field="version_description", max_length=MAX_DESCRIPTION, blank=True)


def _check_not_empty(value: str) -> None:
    if not value:
        refuse("blank", "This field may not be blank.")


def _trim_search(search: str) -> str:
    # White space around a search does not count, but line breaks alone are something to look for.
    return search.strip() or search.strip(" \t")


def documented_without_default(**described: object) -> Callable[[dict[str, Any]], None]:
    """Describe a field that may be left out, which means something else than any value of it."""

    def describe(schema: dict[str, Any]) -> None:
        del schema["default"]
        if "type" in described:
            schema.pop("anyOf", None)
        schema.update(described)

    return describe


class Schema(BaseModel):
    """A query or body; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Content = Annotated[str, choice(CONTENT_CHOICES), Field(json_schema_extra={"enum": [*CONTENT_CHOICES]})]
VersionNumber = Annotated[int, integer(minimum=1), Field(json_schema_extra={"minimum": 1})]
LabelName = Annotated[str, text(check_label_name), Field(json_schema_extra={"minLength": 1, "maxLength": 128})]
PromptName = Annotated[str, text(check_prompt_name), Field(json_schema_extra={"maxLength": 255, "pattern": "^[a-zA-Z0-9_-]+$"})]


Moment = Annotated[datetime, moment(), Field(json_schema_extra={"format": "date-time"})]


class ListQuery(Schema):
    """The query of a list, besides `limit` and `offset`, which are never an error."""

    content: Content = Field(default="full", description="How much of each prompt to return.")
    search: Annotated[str, AfterValidator(_trim_search), text(trim=False)] = Field(
        default="",
        description="Only prompts with this text in their name or content, ignoring case. In archived prompts, only names.",
    )
    order_by: Annotated[str, choice(ORDER_CHOICES)] = Field(
        default="-created_at",
        description="The order; `-` for descending. Default: `-created_at`; archived prompts: most recently archived first.",
        json_schema_extra=documented_without_default(enum=[*ORDER_CHOICES]),
    )
    created_by_id: Annotated[int, integer()] = Field(
        default=0, description="Only versions created by the user with this ID; 0 for all."
    )
    label: LabelName | None = Field(default=None, description="Only prompts with this label, each at the labelled version.")
    archived: Annotated[bool, flag()] = Field(default=False, description="List the archived prompts instead of the active ones.")
    resolve: Annotated[bool, flag()] = Field(
        default=False,
        description="With `content=full`, put the texts of referenced prompts in the place of their tags. Prompts whose references "
        "cannot be resolved are in `unresolved` instead of `results`.",
    )

    at: Moment | None = Field(
        default=None, description="A time of the past: list the prompts of then. A search looks in their names only."
    )

    @model_validator(mode="after")
    def _labels_of_active_prompts(self) -> Self:
        if self.archived and self.at is not None:
            refuse("invalid", "Use either archived or at, not both.")
        if self.archived and self.label is not None:
            refuse("invalid", "Use either archived or label, not both. Archived prompts have no labels.")
        return self

    @property
    def resolves(self) -> bool:
        """`True` if references are to be resolved."""
        return self.resolve and self.content == "full"

    @property
    def order(self) -> str:
        """The requested order, or the default for the list."""
        return "-archived_at" if self.archived and "order_by" not in self.model_fields_set else self.order_by

    def listing(self, *, limit: int, offset: int) -> Listing:
        """Return what to list."""
        return Listing(
            limit=limit,
            offset=offset,
            label=self.label,
            search=self.search,
            created_by_id=self.created_by_id or None,
            order_by=self.order.removeprefix("-"),
            is_descending=self.order.startswith("-"),
            is_archived=self.archived,
            with_content=self.content != "none",
        )


class FetchQuery(Schema):
    """The query of a fetch."""

    version: VersionNumber | None = Field(default=None, description="The version to fetch. Default: the latest.")
    label: LabelName | None = Field(default=None, description="Fetch the version that this label points at.")
    content: Content = Field(default="full", description="How much of the prompt to return.")
    resolve: Annotated[bool, flag()] = Field(
        default=True,
        description="Put the texts of referenced prompts in the place of their tags. False: return the text with its tags.",
    )

    at: Moment | None = Field(
        default=None, description="A time of the past: return what a program would have got then, with the references of then."
    )

    @property
    def resolves(self) -> bool:
        """`True` if references are to be resolved."""
        return self.resolve and self.content == "full"

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        if self.version is not None and self.label is not None:
            refuse("invalid", "Use either version or label, not both.")
        if self.version is not None and self.at is not None:
            refuse("invalid", "Use either version or at, not both. A version never changes.")
        return self


class DependentsQuery(Schema):
    """The query of a prompt's dependents, besides `limit` and `offset`, which are never an error."""

    label: LabelName | None = Field(default=None, description="Only versions that follow this label.")
    version: VersionNumber | None = Field(default=None, description="Only versions that pin this version.")
    inactive: Annotated[bool, flag()] = Field(
        default=False, description="Also list old versions without labels, which are not in use."
    )

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        if self.version is not None and self.label is not None:
            refuse("invalid", "Use either version or label, not both.")
        return self


class ResolveQuery(Schema):
    """The query of a version with its history."""

    version: VersionNumber | None = Field(default=None, description="The version to return in full.")
    version_id: Annotated[str, uuid_text(), Field(json_schema_extra={"format": "uuid"})] | None = Field(
        default=None, description="The ID of the version to return in full; with `version`, both must match."
    )
    limit: Annotated[int, integer(minimum=1, maximum=100), Field(json_schema_extra={"minimum": 1, "maximum": 100})] = Field(
        default=50, description="Maximum number of versions in the history."
    )
    offset: Annotated[int, integer(minimum=0), Field(json_schema_extra={"minimum": 0})] | None = Field(
        default=None, description="Versions to skip, from the newest."
    )
    before_version: VersionNumber | None = Field(default=None, description="Only versions below this number.")
    at: Moment | None = Field(default=None, description="A time of the past: return the history and the labels of then.")

    @model_validator(mode="after")
    def _one_cursor(self) -> Self:
        if self.offset is not None and self.before_version is not None:
            refuse("invalid", "Use either offset or before_version, not both.")
        return self


class Body(Schema):
    """A request's body: a JSON object or a form."""

    @model_validator(mode="before")
    @classmethod
    def _object(cls, value: object) -> dict[str, Any]:
        return expect_object(value)


class LLMPromptCreate(Body):
    """A new prompt."""

    name: PromptName = Field(description="Unique among the project's active prompts.")
    prompt: Annotated[Any, json_value(encode_prompt)] = Field(
        description="The prompt: a string or any other JSON value except null.", json_schema_extra=_NOT_NULL
    )
    config: Annotated[Any, json_value(encode_config)] = Field(
        default=None,
        description="Settings of the prompt, such as model and temperature.",
        json_schema_extra={"type": ["object", "null"]},
    )
    version_description: Annotated[str | None, text(_check_description, nullable=True)] = Field(
        default=None, description="A note on this version.", json_schema_extra={"maxLength": MAX_DESCRIPTION}
    )
    variables: Annotated[Any, json_value(encode_contract)] = Field(
        default=None,
        description="The variables that programs fill in, by name. With it, only these names are variables.",
        json_schema_extra=documented_without_default(**_CONTRACT),
    )
    labels: Annotated[list[LabelName], item_list(maximum=MAX_LABELS)] = Field(
        default=[],
        description="Labels that point at this version at once.",
        json_schema_extra=documented_without_default(maxItems=MAX_LABELS),
    )


class LLMPromptEditOperation(Body):
    """Replace the only occurrence of `old` by `new`."""

    old: Annotated[str, text(_check_not_empty, trim=False)] = Field(
        description="Text to replace; it must occur exactly once.", json_schema_extra={"minLength": 1}
    )
    new: Annotated[str, text(trim=False)] = Field(description="The replacement; empty deletes the text.")


class PatchedLLMPromptPublish(Body):
    """The next version of a prompt: `prompt` or `edits`, `config`, `variables`, or several of them."""

    prompt: Annotated[Any, json_value(encode_prompt)] = Field(
        default=None, description="The new prompt.", json_schema_extra=documented_without_default(**_NOT_NULL)
    )
    edits: Annotated[list[LLMPromptEditOperation], edit_list()] = Field(
        default=[],
        description="Changes to the latest version, applied in order.",
        json_schema_extra=documented_without_default(minItems=1, maxItems=MAX_EDITS),
    )
    config: Annotated[Any, json_value(encode_config)] = Field(
        default=None,
        description="The new settings; null removes them. Omit the field to keep the current ones.",
        json_schema_extra=documented_without_default(type=["object", "null"]),
    )
    base_version: VersionNumber = Field(description="The version that this one is based on. It must be the latest.")
    version_description: Annotated[str, text(_check_description)] = Field(
        default="", description="A note on this version.", json_schema_extra={"maxLength": MAX_DESCRIPTION}
    )
    variables: Annotated[Any, json_value(encode_contract)] = Field(
        default=None,
        description="The variables that programs fill in, by name; null removes them. Omit the field to keep the current ones.",
        json_schema_extra=documented_without_default(**_CONTRACT),
    )
    labels: Annotated[list[LabelName], item_list(maximum=MAX_LABELS)] = Field(
        default=[],
        description="Labels that point at this version at once.",
        json_schema_extra=documented_without_default(maxItems=MAX_LABELS),
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = self.model_fields_set
        if {"prompt", "edits"} <= given:
            refuse("invalid", "Provide either 'prompt' or 'edits', not both.")
        if not {"prompt", "edits", "config", "variables"} & given:
            refuse("invalid", "Either 'prompt', 'edits' or 'config' is required.")
        return self


class LLMPromptDuplicate(Body):
    """The name of a copy."""

    new_name: Annotated[str, text(partial(check_prompt_name, field="new_name"))] = Field(
        description="The name of the new prompt.",
        json_schema_extra={"maxLength": 255, "pattern": "^[a-zA-Z0-9_-]+$"},
    )


class LLMPromptRestore(Body):
    """The archived prompt to restore, if several had the name."""

    id: Annotated[str, uuid_text(), Field(json_schema_extra={"format": "uuid"})] | None = Field(
        default=None, description="The ID of one of its versions, as returned by the list of archived prompts."
    )
