"""Whole projects out and in, batch by batch, as lines of JSON (``application/x-ndjson``)."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER, lines_body
from promptuary.api.posthog.bodies import LINES
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.fields import choice, refuse, text
from promptuary.api.posthog.inputs import Schema, VersionNumber
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.model.errors import InvalidValue
from promptuary.model.transfer import read_timestamp
from promptuary.registry import exports, imports

resource = Resource("Export and import")

_ON_CONFLICT = ("fail", "skip")


def _timestamp(value: object) -> object:
    try:
        return read_timestamp(value, "created_at")
    except InvalidValue as error:
        refuse("invalid", str(error))


Count = Annotated[int, Field(ge=0)]


class ExportQuery(Schema):
    """Position at which an export continues; all three or none."""

    name: Annotated[str, text(trim=False)] | None = Field(default=None, description="The name of the prompt at which to continue.")
    created_at: (
        Annotated[
            datetime,
            BeforeValidator(_timestamp),
            Field(json_schema_extra={"pattern": "^20[0-9]{2}-0[1-9]-[0-2][1-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}Z$"}),
        ]
        | None
    ) = Field(default=None, description="The timestamp of its first version, with microseconds, as in its line.")
    version: VersionNumber | None = Field(default=None, description="The first of its versions to export.")

    @model_validator(mode="after")
    def _whole_cursor(self) -> Self:
        if len({self.name is None, self.created_at is None, self.version is None}) > 1:
            refuse("invalid", "Use name, created_at and version together.")
        return self

    @property
    def cursor(self) -> exports.Cursor | None:
        """The place that is meant, `None` for the beginning."""
        if self.name is None or self.created_at is None or self.version is None:
            return None
        return exports.Cursor(self.name, self.created_at, self.version)


class ImportQuery(Schema):
    """Action for prompts that cannot be imported."""

    on_conflict: Annotated[str, choice(_ON_CONFLICT), Field(json_schema_extra={"enum": [*_ON_CONFLICT]})] = Field(
        default="fail",
        description="If a prompt already exists with another history: `fail` rejects the whole batch, `skip` skips the prompt.",
    )


class ImportSkipped(TypedDict):
    """A prompt that was passed over, and why."""

    name: str
    detail: str


class ImportUnresolved(TypedDict):
    """A tag of a version in use whose reference cannot be resolved; `code` says why."""

    name: str
    version: int
    reference: str
    code: str


class ImportResult(TypedDict):
    """Result of a batch: changes, items that existed already, and references of the project that cannot be resolved, at most 100.

    Parts may come in a later batch, so `unresolved` of the last batch counts.
    """

    prompts_created: Count
    versions_added: Count
    versions_present: Count
    labels_set: Count
    skipped: list[ImportSkipped]
    unresolved: list[ImportUnresolved]


@resource.get(
    "/export/",
    Operation(
        id="llm_prompts_export_retrieve",
        summary="Export a project",
        query=ExportQuery,
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: None},
        text_answer=LINES,
    ),
)
def export_project(call: Call) -> Response:
    """Return lines of JSON: all prompts, archived ones too, with all versions, labels, authors and timestamps. For admins.

    The first line tells what the project holds and whether the batch is the last; else the next one begins behind its last version.
    """
    with call.entering(Permission.EXPORT) as (tx, actor):
        query = call.query(ExportQuery)
        lines = exports.export_batch(tx, actor, query.cursor)
    return call.answer_lines(lines)


@resource.post(
    "/import/",
    Operation(
        id="llm_prompts_import_create",
        summary="Import into a project",
        query=ImportQuery,
        described_body=lines_body("Lines of prompts, versions and labels, as in an export: at most 8 MiB and 5000 lines."),
        answers={200: ImportResult},
        conflicts=True,
    ),
)
def import_lines(call: Call) -> Response:
    """Take in lines of an export in one transaction, as they were elsewhere. What is there already stays. For admins."""
    actor = call.enter(Permission.IMPORT)
    query = call.query(ImportQuery)
    lines = call.lines()
    with call.database.write() as tx:
        imported = imports.import_batch(tx, actor, lines, skips_conflicts=query.on_conflict == "skip")
    return call.answer(_show(imported))


def _show(imported: imports.Imported) -> ImportResult:
    return ImportResult(
        prompts_created=imported.prompts_created,
        versions_added=imported.versions_added,
        versions_present=imported.versions_present,
        labels_set=imported.labels_set,
        skipped=[ImportSkipped(name=conflict.name, detail=str(conflict)) for conflict in imported.skipped],
        unresolved=[
            ImportUnresolved(name=each.name, version=each.version, reference=each.tag, code=each.code)
            for each in imported.unresolved
        ],
    )
