"""The prompts of a project on another server: what is there, and the verbs.

The API shows every prompt as text. The size in lists shows if the text is a string or the JSON of another value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from promptuary_client import ANY_VERSION, KEEP, Promptuary, Version

from promptuary.model.content import encode_prompt
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump, parse
from promptuary.model.references import Reference
from promptuary.remote import answers, prompt_answers
from promptuary.remote.client import Page, Query, Remote
from promptuary.remote.errors import RemoteError

_QUOTES = 2
_HISTORY = 100
_MAX_DEPENDENTS = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """A version as a list shows it, with its content as the value it is."""

    name: str
    version: int
    latest_version: int
    content: object
    config: dict[str, object] | None
    description: str | None
    labels: dict[str, int]
    """All labels of the prompt and the versions they point at."""
    contract: dict[str, object] | None = None
    """The declared variables."""

    @property
    def own_labels(self) -> list[str]:
        """The labels that point at this version, sorted."""
        return sorted(label for label, version in self.labels.items() if version == self.version)


@dataclass(frozen=True, slots=True)
class ServerReference:
    """A reference of a version, and the version that it means now, or the code of the problem."""

    name: str
    label: str | None
    version: int | None
    resolved_version: int | None
    problem: str | None

    @property
    def reference(self) -> Reference:
        """The reference as its tag has it."""
        return Reference(self.name, self.version, self.label)


class RemotePrompts:
    """The verbs on prompts, over HTTP."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def list_rows(self, *, label: str | None = None) -> Iterator[Row]:
        """Go through all active prompts by name, at their latest version, or those with a label, at the labelled one."""
        return map(_row, self._pages(label=label, content="full"))

    def list_plain(
        self, *, search: str | None = None, label: str | None = None, is_archived: bool = False, at: datetime | None = None
    ) -> list[dict[str, Any]]:
        """List prompts as `iterate_plain` does."""
        return list(self.iterate_plain(search=search, label=label, is_archived=is_archived, at=at))

    def iterate_plain(
        self, *, search: str | None = None, label: str | None = None, is_archived: bool = False, at: datetime | None = None
    ) -> Iterator[dict[str, Any]]:
        """Go through prompts as the API shows them, without their contents: those of now, or of a time of the past."""
        rows = self._pages(search=search, label=label, is_archived=is_archived, at=at, content="none")
        return (answers.checked(row, prompt_answers.ROW, "a prompt") for row in rows)

    def count(self) -> int:
        """Count the active prompts."""
        return self.remote.call(Promptuary.list_prompts, content="none", limit=1).count

    def find_row(self, name: str, *, label: str | None = None) -> Row | None:
        """Find the latest version of the prompt with this name, or the labelled one."""
        rows = self._pages(search=name, label=label, content="full")
        return next((_row(each) for each in rows if each["name"] == name), None)

    def fetch(self, name: str, *, version: int | None = None, label: str | None = None, resolve: bool = True) -> dict[str, Any]:
        """Fetch a version as programs do."""
        raw = {} if resolve else {"resolve": "false"}
        answer = self.remote.get(prompt_path(name), {"version": version, "label": label, **raw})
        return _of(name, answers.checked(answer, prompt_answers.FETCHED, "a prompt"))

    def fetch_whole(
        self, name: str, *, version: int | None = None, label: str | None = None, at: datetime | None = None
    ) -> dict[str, Any]:
        """Fetch what programs get, or what they got at a time of the past, with the texts of its parts."""
        then = None if at is None else at.isoformat()
        answer = self.remote.get(prompt_path(name), {"version": version, "label": label, "at": then})
        return _of(name, answers.checked(answer, prompt_answers.WHOLE, "a prompt"))

    def fetch_assembled(self, name: str, version: int) -> dict[str, Any]:
        """Fetch the text of a version with its parts, their variables, and the references, as programs do."""
        answer = self.remote.get(prompt_path(name), {"version": version})
        found = _of(name, answers.checked(answer, {**prompt_answers.FETCHED, "prompt": answers.prompt_text}, "a prompt"))
        return {field: found[field] for field in ("prompt", "variables", "resolved_references") if field in found}

    def list_dependents(
        self, name: str, *, label: str | None = None, version: int | None = None, inactive: bool = False
    ) -> list[dict[str, Any]]:
        """List the versions of other prompts that refer to a prompt, directly."""
        query: Query = {"label": label, "version": version, "inactive": "true" if inactive else None}

        def read(limit: int, offset: int) -> Page:
            page = self.remote.get(f"{prompt_path(name)}dependents/", {**query, "limit": limit, "offset": offset})
            found = page if isinstance(page, dict) else {}
            rows = answers.checked_list(found.get("results"), prompt_answers.DEPENDENT, "a dependent")
            return Page([{"key": _key_of_dependent(row), "row": row} for row in rows], is_last=found.get("next") is None)

        return [each["row"] for each in islice(self.remote.rows(read, "key"), _MAX_DEPENDENTS)]

    def resolve(
        self, name: str, *, version: int | None = None, before_version: int | None = None, at: datetime | None = None
    ) -> dict[str, Any]:
        """Read a version in full, a page of the history, newest first, and all labels: those of now, or of a time of the past."""
        page = self.remote.call(Promptuary.history, name, version=version, before_version=before_version, at=at, limit=_HISTORY)
        answer = answers.checked(dict(page.raw), {"has_more": answers.flag}, "a prompt with its history")
        answers.checked_list(answer.get("versions"), prompt_answers.SUMMARY, "a line of a history")
        answers.checked_list(answer.get("labels"), answers.LABEL, "a label")
        # Servers without references have no such field.
        rows = answers.checked_list(answer.get("references", []), prompt_answers.REFERENCE, "a reference")
        answer["references"] = tuple(_reference(row) for row in rows)
        found = _of(name, answers.checked(answer.get("prompt"), prompt_answers.VERSION, "a version"))
        if version is not None and found["version"] != version:
            raise RemoteError(f"The server was asked for version {version} of {name} and answered with {found['version']}.")
        return answer

    def create(
        self,
        name: str,
        content: object,
        *,
        config: dict[str, object] | None = None,
        description: str | None = None,
        contract: dict[str, object] | None = None,
        labels: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Create a prompt with version 1, at which ``labels`` point at once."""
        created = self.remote.call(
            Promptuary.create, name, content, config=config, variables=contract, labels=labels, description=description
        )
        return _version_of(name, created)

    def publish(
        self,
        name: str,
        base_version: int,
        changes: Mapping[str, Any],
        *,
        description: str | None = None,
        labels: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Publish the next version, at which ``labels`` point at once. Raises `Conflict`.

        ``changes`` has some of ``prompt``, ``config`` and ``variables``.
        """
        published = self.remote.call(
            Promptuary.publish,
            name,
            changes.get("prompt", KEEP),
            base_version=base_version,
            config=changes.get("config", KEEP),
            variables=changes.get("variables", KEEP),
            labels=labels,
            description=description,
        )
        return _version_of(name, published)

    def set_label(
        self,
        name: str,
        label: str,
        version: int,
        *,
        expected_version: int | None,
        reason: str | None = None,
        is_emergency: bool = False,
    ) -> None:
        """Let a label point at a version. Raises `Conflict` unless it points at the expected one, `None` for not set yet."""
        self.remote.call(
            Promptuary.move_label,
            name,
            label,
            version=version,
            expected_version=expected_version,
            reason=reason,
            emergency=is_emergency,
        )

    def remove_label(
        self, name: str, label: str, *, expected_version: int | None, reason: str | None = None, is_emergency: bool = False
    ) -> None:
        """Remove a label. Raises `Conflict` unless it points at the expected version, `Missing` where it is not set."""
        expected = ANY_VERSION if expected_version is None else expected_version
        self.remote.call(Promptuary.remove_label, name, label, expected_version=expected, reason=reason, emergency=is_emergency)

    def archive(self, name: str, *, reason: str | None = None) -> None:
        """Take a prompt out of service."""
        self.remote.call(Promptuary.archive, name, reason=reason)

    def restore(self, name: str) -> dict[str, Any]:
        """Bring an archived prompt back."""
        restored = self.remote.call(Promptuary.restore, name)
        return _of(name, answers.checked(dict(restored.latest.raw), prompt_answers.RESTORED, "a restored prompt"))

    def _pages(
        self,
        *,
        content: str,
        search: str | None = None,
        label: str | None = None,
        is_archived: bool = False,
        at: datetime | None = None,
    ) -> Iterator[dict[str, Any]]:
        def read(limit: int, offset: int) -> Page:
            page = self.remote.call(
                Promptuary.list_prompts,
                search=search,
                label=label,
                at=at,
                archived=is_archived,
                content=content,
                order_by="name",
                limit=limit,
                offset=offset,
            )
            return Page([row.raw for row in page.prompts], is_last=not page.has_more)

        # Several archived prompts may have had one name.
        return self.remote.rows(read, "id" if is_archived else "name")


def content_of(text: str, size: int) -> object:
    """Return the value of a content from its text and the size of its compact JSON.

    A string's JSON is at least two quotes longer than its text; the JSON of any other value is at most as long as its text.
    """
    if size >= len(text.encode()) + _QUOTES:
        return text
    try:
        return parse(text)
    except InvalidJson as error:
        raise RemoteError(f"The server sent a prompt that is neither text nor JSON: {error}.") from None


def text_of(content: object) -> str:
    """Return the text as which the API shows a content."""
    return content if isinstance(content, str) else dump(content)


def _row(value: object) -> Row:
    row = answers.checked(value, prompt_answers.FULL_ROW, "a prompt")
    content = content_of(row["prompt"], row["prompt_size_bytes"])
    try:
        encode_prompt(content)
    except InvalidValue as reason:
        raise RemoteError(f"The server answered with prompt '{row['name']}' that is invalid: {reason}") from None
    return Row(
        name=row["name"],
        version=row["version"],
        latest_version=row["latest_version"],
        content=content,
        config=row["config"],
        description=row["version_description"],
        labels={label["name"]: label["version"] for label in row["all_labels"]},
        contract=row.get("variables"),
    )


def _reference(row: dict[str, Any]) -> ServerReference:
    return ServerReference(row["name"], row["label"], row["version"], row["resolved_version"], row["problem"])


def _key_of_dependent(row: dict[str, Any]) -> str:
    # A version may refer to a prompt several times, each time with another selector.
    selector = row["reference"]
    return dump([row["name"], row["version"], selector.get("label"), selector.get("version")])


def _version_of(name: str, version: Version) -> dict[str, Any]:
    return _of(name, answers.checked(dict(version.raw), prompt_answers.VERSION, "a version"))


def _of(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    # A version's id also names its prompt.
    if answer["name"] != name.strip() and answer.get("id") != name:
        raise RemoteError(f"The server was asked for prompt '{name}' and answered with '{answer['name']}'.")
    return answer


def prompt_path(name: str) -> str:
    """Return the path of a prompt. Raises `RemoteError` for a name that no path can have."""
    return f"llm_prompts/name/{_part(name)}/"


def label_path(name: str, label: str) -> str:
    """Return the path of a label of a prompt. Raises `RemoteError` for names that no path can have."""
    return f"{prompt_path(name)}labels/{_part(label)}/"


def _part(name: str) -> str:
    if name in {"", ".", ".."} or "/" in name:
        raise RemoteError(f"'{name}' is not a valid name.")
    return quote(name, safe="")
