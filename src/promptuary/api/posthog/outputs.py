"""The schemas of responses, in the contract's key order, and the functions that fill them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.reference_outputs import (
    LLMPromptReferencedBy,
    LLMPromptResolvedReference,
    LLMPromptServedReference,
    LLMPromptUnresolved,
    show_served,
)
from promptuary.api.posthog.scalars import Identifier, PositiveInteger, Timestamp
from promptuary.model.accounts import Author
from promptuary.model.assembly import ServedReference
from promptuary.model.content import preview
from promptuary.model.prompts import Label, LabelPointer, Version

Config = dict[str, Any] | None


class UserBasic(TypedDict):
    """Public data of a user."""

    id: int
    uuid: Identifier
    distinct_id: str
    first_name: str
    last_name: str
    email: str
    is_email_verified: bool | None
    hedgehog_config: dict[str, Any] | None
    role_at_organization: str | None


class LLMPromptOutlineEntry(TypedDict):
    """A heading of a prompt."""

    level: Annotated[int, Field(ge=1, le=6)]
    text: str


class LLMPrompt(TypedDict):
    """A version of a prompt in full. It has `variables` only if they are declared."""

    id: Identifier
    name: str
    prompt: str
    config: Config
    variables: NotRequired[dict[str, Any]]
    version: PositiveInteger
    version_description: str | None
    created_by: UserBasic | None
    created_at: Timestamp
    updated_at: Timestamp
    deleted: bool
    is_latest: bool
    latest_version: PositiveInteger
    version_count: PositiveInteger
    first_version_created_at: Timestamp
    outline: list[LLMPromptOutlineEntry]
    labels: list[str]
    activity_item_id: str


class LLMPromptRestored(LLMPrompt):
    """The latest version of a restored prompt in full. It has no labels; `former_labels` are those that archiving removed."""

    former_labels: "list[LLMPromptLabelPointer]"


class LLMPromptLabelPointer(TypedDict):
    """A label of a prompt and the version it points at."""

    name: str
    version: PositiveInteger


class LLMPromptList(TypedDict):
    """A row of a list. `content` selects which of `prompt`, `config` and `prompt_preview` it has.

    It has `variables` beside `prompt` if they are declared.
    `deleted` is true and `archived_at` is there in lists of archived prompts only.
    """

    id: Identifier
    name: str
    prompt: NotRequired[str]
    config: NotRequired[Config]
    variables: NotRequired[dict[str, Any]]
    version: PositiveInteger
    version_description: str | None
    created_by: UserBasic | None
    created_at: Timestamp
    updated_at: Timestamp
    deleted: bool
    is_latest: bool
    latest_version: PositiveInteger
    version_count: PositiveInteger
    first_version_created_at: Timestamp
    outline: list[LLMPromptOutlineEntry]
    labels: list[str]
    activity_item_id: str
    prompt_preview: NotRequired[str]
    prompt_size_bytes: int
    all_labels: list[LLMPromptLabelPointer]
    archived_at: NotRequired[Timestamp]
    resolved_references: NotRequired[list[LLMPromptServedReference]]


class PaginatedLLMPromptListList(TypedDict):
    """A page of a list. It has `unresolved` if references were resolved."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[LLMPromptList]
    unresolved: NotRequired[list[LLMPromptUnresolved]]


class LLMPromptPublic(TypedDict):
    """A version as programs fetch it. It has `label` only if the request had one, `variables` only if they are declared.

    It has `resolved_references` if references were resolved, in the order in which their tags are met.
    """

    id: Identifier
    name: str
    prompt: NotRequired[str]
    prompt_preview: NotRequired[str]
    config: NotRequired[Config]
    variables: NotRequired[dict[str, Any]]
    version: PositiveInteger
    created_at: Timestamp
    updated_at: Timestamp
    deleted: bool
    is_latest: bool
    latest_version: PositiveInteger
    version_count: PositiveInteger
    first_version_created_at: Timestamp
    outline: list[LLMPromptOutlineEntry]
    label: NotRequired[str]
    resolved_references: NotRequired[list[LLMPromptServedReference]]


class LLMPromptVersionSummary(TypedDict):
    """A version in a prompt's history. `last_fetched_at` is a few seconds late."""

    id: Identifier
    version: PositiveInteger
    version_description: str | None
    created_by: UserBasic | None
    created_at: Timestamp
    is_latest: bool
    labels: list[str]
    last_fetched_at: Timestamp | None


class LLMPromptLabel(TypedDict):
    """A label of a prompt."""

    id: Identifier
    name: str
    prompt_name: str
    version: PositiveInteger
    created_by: UserBasic | None
    created_at: Timestamp
    updated_at: Timestamp


class LLMPromptResolveResponse(TypedDict):
    """A version in full, a page of the history, all labels of the prompt, and its references in both directions."""

    prompt: LLMPrompt
    versions: list[LLMPromptVersionSummary]
    has_more: bool
    labels: list[LLMPromptLabel]
    referenced_by: NotRequired[list[LLMPromptReferencedBy]]
    references: NotRequired[list[LLMPromptResolvedReference]]


class ErrorEnvelope(TypedDict):
    """An error found while the request was checked."""

    type: str
    code: str
    detail: str
    attr: str | None
    error_event_id: NotRequired[str]


class ErrorDetail(TypedDict):
    """An error found while the request was carried out."""

    detail: str
    attr: NotRequired[str]
    edit_index: NotRequired[int]
    current_version: NotRequired[int | None]
    reference_name: NotRequired[str]
    referencing_prompts: NotRequired[list[str]]
    refused: NotRequired[list[dict[str, Any]]]
    change_requests_url: NotRequired[str]


def show_author(author: Author | None) -> UserBasic | None:
    """Show who created something."""
    if author is None:
        return None
    return {
        "id": author.id,
        "uuid": author.uuid,
        "distinct_id": author.uuid,
        "first_name": author.first_name,
        "last_name": author.last_name,
        "email": author.email,
        # Addresses are stated by the creator of the account and not verified.
        "is_email_verified": None,
        "hedgehog_config": None,
        "role_at_organization": author.role_at_organization,
    }


def show_prompt(version: Version) -> dict[str, object]:
    """Show a version in full; the shape is `LLMPrompt`."""
    return {"id": version.id, "name": version.name, **_full_content(version), **_facts(version)}


def show_restored(version: Version, former_labels: Iterable[LabelPointer]) -> dict[str, object]:
    """Show a restored prompt; the shape is `LLMPromptRestored`."""
    return {**show_prompt(version), "former_labels": _show_pointers(former_labels)}


def show_row(version: Version, content: str, served: Iterable[ServedReference] | None = None) -> dict[str, object]:
    """Show a row of a list with as much of the prompt as ``content`` says; the shape is `LLMPromptList`.

    ``served`` are the references that were resolved, if so.
    """
    return {
        "id": version.id,
        "name": version.name,
        **(_full_content(version) if content == "full" else {}),
        **_facts(version),
        **(_preview(version) if content == "preview" else {}),
        "prompt_size_bytes": version.size_bytes,
        "all_labels": _show_pointers(version.prompt_labels),
        **({} if version.archived_at is None else {"archived_at": show_timestamp(version.archived_at)}),
        **({} if served is None else {"resolved_references": show_served(served)}),
    }


def show_public(
    version: Version, content: str, label: str | None, served: Iterable[ServedReference] | None = None
) -> dict[str, object]:
    """Show a version as programs fetch it; the shape is `LLMPromptPublic`.

    ``served`` are the references that were resolved, if so.
    """
    facts = _facts(version)
    return {
        "id": version.id,
        "name": version.name,
        **(_full_content(version) if content == "full" else {}),
        **(_preview(version) if content == "preview" else {}),
        **{name: facts[name] for name in _PUBLIC_FACTS},
        # Clients reject a label that is null, so it is there only when it was asked for.
        **({} if label is None else {"label": label}),
        **({} if served is None else {"resolved_references": show_served(served)}),
    }


def show_summary(version: Version, last_fetched_at: datetime | None) -> LLMPromptVersionSummary:
    """Show a line of a prompt's history."""
    return {
        "id": version.id,
        "version": version.version,
        "version_description": version.description,
        "created_by": show_author(version.created_by),
        "created_at": show_timestamp(version.created_at),
        "is_latest": version.is_latest,
        "labels": list(version.labels),
        "last_fetched_at": show_timestamp_or_none(last_fetched_at),
    }


def show_label(label: Label) -> LLMPromptLabel:
    """Show a label."""
    return {
        "id": label.id,
        "name": label.name,
        "prompt_name": label.prompt_name,
        "version": label.version,
        "created_by": show_author(label.created_by),
        "created_at": show_timestamp(label.created_at),
        "updated_at": show_timestamp(label.updated_at),
    }


def show_timestamp(moment: datetime) -> str:
    """Return a timestamp in ISO 8601, in UTC with ``Z``, with microseconds if they are not 0."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def show_timestamp_or_none(moment: datetime | None) -> str | None:
    """Show a moment that may be missing."""
    return None if moment is None else show_timestamp(moment)


_PUBLIC_FACTS = (
    "version",
    "created_at",
    "updated_at",
    "deleted",
    "is_latest",
    "latest_version",
    "version_count",
    "first_version_created_at",
    "outline",
)


def _full_content(version: Version) -> dict[str, object]:
    content: dict[str, object] = {"prompt": version.text, "config": version.config}
    if version.variables_json is not None:
        content["variables"] = json.loads(version.variables_json)
    return content


def _preview(version: Version) -> dict[str, object]:
    return {"prompt_preview": preview(version.text)}


def _show_pointers(pointers: Iterable[LabelPointer]) -> list[dict[str, object]]:
    return [{"name": label.name, "version": label.version} for label in pointers]


def _facts(version: Version) -> dict[str, object]:
    created_at = show_timestamp(version.created_at)
    return {
        "version": version.version,
        "version_description": version.description,
        "created_by": show_author(version.created_by),
        "created_at": created_at,
        # A version never changes after it was created.
        "updated_at": created_at,
        "deleted": version.archived_at is not None,
        "is_latest": version.is_latest,
        "latest_version": version.latest_version,
        "version_count": version.latest_version,
        "first_version_created_at": show_timestamp(version.first_version_created_at),
        "outline": [{"level": heading.level, "text": heading.text} for heading in version.outline],
        "labels": list(version.labels),
        "activity_item_id": version.activity_item_id,
    }
