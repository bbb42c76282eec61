"""Whole projects out of a server and into one, batch by batch."""

from dataclasses import dataclass

from promptuary.model.json_text import InvalidJson
from promptuary.remote import answers
from promptuary.remote.client import Query, Remote
from promptuary.remote.errors import RemoteError
from promptuary.remote.reading import json_of

_HEAD = {"prompts": answers.count, "versions": answers.count, "is_last": answers.flag}
_RESULT = dict.fromkeys(("prompts_created", "versions_added", "versions_present", "labels_set"), answers.count)
_SKIPPED = {"name": answers.prompt_name, "detail": answers.text}
_UNRESOLVED = {
    "name": answers.prompt_name,
    "version": answers.version_number,
    "reference": answers.text,
    "code": answers.text,
}


@dataclass(frozen=True, slots=True)
class ExportBatch:
    """Lines of an export without their ends, how much the project holds in all, and whether nothing follows."""

    lines: list[bytes]
    prompts: int
    versions: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A version in use with a reference, as its tag, that cannot be resolved; ``code`` is the problem."""

    name: str
    version: int
    reference: str
    code: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import: changes, existing items, skipped prompts with reasons, and references that cannot be resolved.

    The references are those of the last batch: parts may come behind what refers to them.
    """

    prompts_created: int = 0
    versions_added: int = 0
    versions_present: int = 0
    labels_set: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    unresolved: tuple[Unresolved, ...] = ()

    def __add__(self, other: "ImportResult") -> "ImportResult":
        """Return both together; a prompt that was passed over twice counts once."""
        return ImportResult(
            self.prompts_created + other.prompts_created,
            self.versions_added + other.versions_added,
            self.versions_present + other.versions_present,
            self.labels_set + other.labels_set,
            tuple(dict([*self.skipped, *other.skipped]).items()),
            other.unresolved,
        )


def export_batch(remote: Remote, cursor: Query | None) -> ExportBatch:
    """Ask for the lines behind a cursor: ``name``, ``created_at`` and ``version``, or nothing for the beginning."""
    head, *lines = remote.get_lines("llm_prompts/export/", cursor).removesuffix(b"\n").split(b"\n")
    try:
        fields = answers.checked(json_of(head), _HEAD, "the head of an export")
    except InvalidJson:
        raise RemoteError(f"{remote.profile.host} answered with something that is not an export.") from None
    return ExportBatch(lines, fields["prompts"], fields["versions"], fields["is_last"])


def import_batch(remote: Remote, lines: list[bytes], *, on_conflict: str) -> ImportResult:
    """Send lines of an export; the server takes in all of them or none."""
    body = b"".join(line + b"\n" for line in lines)
    answer = remote.send_lines("llm_prompts/import/", body, query={"on_conflict": on_conflict})
    result = answers.checked(answer, _RESULT, "the result of an import")
    skipped = answers.checked_list(result.get("skipped"), _SKIPPED, "a skipped prompt")
    left_out = tuple((each["name"], each["detail"]) for each in skipped)
    # Servers without references have no such field.
    rows = answers.checked_list(result.get("unresolved", []), _UNRESOLVED, "an unresolved reference")
    unresolved = tuple(Unresolved(row["name"], row["version"], row["reference"], row["code"]) for row in rows)
    return ImportResult(**{field: result[field] for field in _RESULT}, skipped=left_out, unresolved=unresolved)
