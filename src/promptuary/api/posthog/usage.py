"""The resource of a prompt's usage: how often its versions were fetched, by label, by key and by day."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.fields import day, integer
from promptuary.api.posthog.inputs import Schema, VersionNumber
from promptuary.api.posthog.outputs import UserBasic, show_author, show_timestamp, show_timestamp_or_none
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Identifier, PositiveInteger, Timestamp
from promptuary.model.access import Permission
from promptuary.model.usage import DayUsage, KeyUsage, Usage, VersionUsage
from promptuary.registry import usage

resource = Resource("Usage")

Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Fetches = Annotated[int, Field(ge=0)]
_QueryDay = Annotated[date, day(), Field(json_schema_extra={"format": "date"})]


class UsageQuery(Schema):
    """The query of a prompt's usage."""

    first: _QueryDay | None = Field(default=None, alias="from", description="The first day (UTC). Default: 29 days before `to`.")
    last: _QueryDay | None = Field(default=None, alias="to", description="The last day (UTC). Default: today.")
    version: VersionNumber | None = Field(default=None, description="Only this version.")
    limit: Annotated[int, integer(minimum=1, maximum=100), Field(json_schema_extra={"minimum": 1, "maximum": 100})] = Field(
        default=50, description="Maximum number of versions."
    )
    offset: Annotated[int, integer(minimum=0), Field(json_schema_extra={"minimum": 0})] = Field(
        default=0, description="Versions to skip, from the newest."
    )


class LLMPromptLabelUsage(TypedDict):
    """Fetches by a label; `label` is null for fetches by number and of the latest version."""

    label: str | None
    fetches: Fetches


class LLMPromptKeyUsage(TypedDict):
    """Fetches with a key; what is not known of it any more is null. `last_fetched_at` is the last fetch within the days shown."""

    id: Identifier | None
    label: str | None
    mask: str | None
    revoked_at: Timestamp | None
    user: UserBasic | None
    fetches: Fetches
    last_fetched_at: Timestamp


class LLMPromptDayUsage(TypedDict):
    """Fetches on a day."""

    day: Day
    fetches: Fetches


class LLMPromptVersionUsage(TypedDict):
    """Fetches of a version: in all, by label, by key and by day; days without any are missing. `last_fetched_at` is of all time.

    The most used labels and keys come first, at most 100; `label_count` and `key_count` say how many there are.
    """

    id: Identifier
    version: PositiveInteger
    fetches: Fetches
    last_fetched_at: Timestamp | None
    labels: list[LLMPromptLabelUsage]
    label_count: int
    keys: list[LLMPromptKeyUsage]
    key_count: int
    days: list[LLMPromptDayUsage]


class LLMPromptParentUsage(TypedDict):
    """Fetches of a prompt that had another one as a part of its text."""

    name: str
    fetches: Fetches


class LLMPromptPartUsage(TypedDict):
    """Fetches as a part of other prompts, which are in no other sum: in all, by prompt and by day. At most 100 prompts."""

    fetches: Fetches
    prompts: list[LLMPromptParentUsage]
    days: list[LLMPromptDayUsage]


LLMPromptUsage = TypedDict(
    "LLMPromptUsage",
    {
        "from": Day,
        "to": Day,
        "fetches": Fetches,
        "inside_other_prompts": LLMPromptPartUsage,
        "versions": list[LLMPromptVersionUsage],
        "has_more": bool,
    },
)
LLMPromptUsage.__doc__ = "Number of fetches of a prompt, and a page of the fetched versions, newest first."


@resource.get(
    "/name/{prompt_name}/usage/",
    Operation(
        id="llm_prompts_name_usage_retrieve",
        summary="See which versions are in use",
        query=UsageQuery,
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptUsage},
    ),
)
def show_usage(call: Call) -> Response:
    """Return how often the versions of a prompt were fetched in a range of days, by label, key and day.

    Counts are a few seconds late.
    """
    with call.entering(Permission.READ) as (tx, actor):
        query = call.query(UsageQuery)
        name = call.path["prompt_name"]
        found = usage.get_usage(
            tx, actor, name=name, first=query.first, last=query.last, version=query.version, limit=query.limit, offset=query.offset
        )
    return call.answer(_show_usage(found))


def _show_usage(found: Usage) -> LLMPromptUsage:
    return {
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "fetches": found.fetches,
        "inside_other_prompts": {
            "fetches": found.as_part.fetches,
            "prompts": [{"name": parent.name, "fetches": parent.fetches} for parent in found.as_part.parents],
            "days": [_show_day(counted) for counted in found.as_part.days],
        },
        "versions": [_show_version(version) for version in found.versions],
        "has_more": found.has_more,
    }


def _show_version(version: VersionUsage) -> LLMPromptVersionUsage:
    return {
        "id": version.version_id,
        "version": version.version,
        "fetches": version.fetches,
        "last_fetched_at": show_timestamp_or_none(version.last_fetched_at),
        "labels": [{"label": label.label, "fetches": label.fetches} for label in version.labels],
        "label_count": version.label_count,
        "keys": [show_key(key) for key in version.keys],
        "key_count": version.key_count,
        "days": [_show_day(counted) for counted in version.days],
    }


def _show_day(counted: DayUsage) -> LLMPromptDayUsage:
    return {"day": counted.day.isoformat(), "fetches": counted.fetches}


def show_key(key: KeyUsage) -> LLMPromptKeyUsage:
    """Show the fetches with a key."""
    return {
        "id": key.key_id,
        "label": key.label,
        "mask": key.mask,
        "revoked_at": show_timestamp_or_none(key.revoked_at),
        "user": show_author(key.user),
        "fetches": key.fetches,
        "last_fetched_at": show_timestamp(key.last_fetched_at),
    }
