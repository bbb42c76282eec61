"""Reports of a plan: breaking changes for programs first, then each prompt with its difference."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from promptuary.cli.differences import list_caller_changes, show_difference
from promptuary.cli.formats import Format, annotation, fenced, in_markdown
from promptuary.cli.output import printable, show_json, show_line
from promptuary.cli.workspaces import Workspace
from promptuary.differences import compare_configs, compare_texts, unified_diff
from promptuary.files import Folder
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.text import counted
from promptuary.sync import Change, Draft, FileLines, Step, is_same, readable

_BREAKING = f"{ChangeLevel.BREAKING.value}: "
_MAX_DIFF = 20_000
_MAX_DIFFS = 50_000
_MAX_LISTED = 200
_VERBS = {
    Step.CREATE: ("to create", "created"),
    Step.PUBLISH: ("to publish", "published"),
    Step.MERGE: ("to merge", "merged"),
    Step.LABEL: ("to label", "labelled"),
    Step.ARCHIVE: ("to archive", "archived"),
    Step.CONFLICT: ("in conflict", "in conflict"),
    Step.BEHIND: ("behind the server", "behind the server"),
    Step.HELD: ("held", "held"),
    Step.DELETED: ("deleted", "deleted"),
    Step.WAITING: ("waiting", "waiting"),
}
_LEVELS = {Step.CONFLICT: "error"}


class PlanReport:
    """Report of a plan for an environment."""

    def __init__(self, workspace: Workspace, folder: Folder, planned: Sequence[Change]) -> None:
        self._folder = folder
        self._planned = planned
        self._label = workspace.label
        self._place = workspace.environment.name if workspace.environment else ""

    @property
    def has_changes(self) -> bool:
        """`True` if the server would be changed."""
        return any(change.step.is_change for change in self._planned)

    @property
    def has_conflicts(self) -> bool:
        """`True` if something has to be decided."""
        return any(change.step is Step.CONFLICT for change in self._planned)

    def show(self, output: Format) -> None:
        """Print the report."""
        shown = {Format.TEXT: self._text, Format.JSON: self._json, Format.GITHUB: self._github, Format.MARKDOWN: self._markdown}
        shown[output]()

    @cached_property
    def _breaking(self) -> Mapping[str, list[str]]:
        found = {change.name: _breaking_of(change) for change in self._planned if change.step.is_change}
        return {name: phrases for name, phrases in found.items() if phrases}

    @property
    def _ordered(self) -> list[Change]:
        """The steps: conflicts and breaking ones first."""
        return sorted(self._planned, key=lambda change: (change.step is not Step.CONFLICT, change.name not in self._breaking))

    @property
    def _title(self) -> str:
        counts = {step: sum(change.step is step for change in self._planned) for step in Step}
        parts = [f"{number} {_VERBS[step][0]}" for step, number in counts.items() if number]
        where = f" for {self._place}" if self._place else ""
        nothing = f"{counted(len(self._folder.found), 'prompt')}, nothing to do"
        return f"Plan{where}: {', '.join(parts) or nothing}."

    def _text(self) -> None:
        show_line(self._title)
        for name, phrases in self._breaking.items():
            show_line(f"Breaking: {name} {', '.join(phrases)}.")
        for change in self._ordered:
            show_line("")
            show_line(sentence_of(change))
            if _has_difference(change):
                show_difference(change.old, _new_of(change), title=f"{change.name}: {_sides(change)}")

    def _json(self) -> None:
        show_json(
            {
                "environment": self._place or None,
                "label": self._label,
                "has_changes": self.has_changes,
                "has_conflicts": self.has_conflicts,
                "changes": [{**record_of(change), "breaking": self._breaking.get(change.name, [])} for change in self._ordered],
            }
        )

    def _github(self) -> None:
        for change in self._ordered:
            path = self._folder.path / change.file
            line = _first_line(path, change)
            title = f"Plan for {self._place}" if self._place else "Plan"
            show_line(annotation(_LEVELS.get(change.step, "notice"), path, line, sentence_of(change), title=title))
            for phrase in self._breaking.get(change.name, []):
                show_line(annotation("warning", path, line, f"{change.name} breaks programs: {phrase}", title="Breaking change"))
        show_line(self._title)

    def _markdown(self) -> None:
        show_line("\n".join(self._markdown_lines()))

    def _markdown_lines(self) -> Iterator[str]:
        yield f"### {in_markdown(self._title)}"
        if self._breaking:
            yield ""
            yield "**Breaking changes for programs**"
            yield ""
        for name, phrases in self._breaking.items():
            yield f"* `{name}` {in_markdown(', '.join(phrases))}"
        room = _MAX_DIFFS
        for change in self._ordered[:_MAX_LISTED]:
            yield ""
            yield f"**{change.step}** `{change.name}`{in_markdown(_rest(change))}"
            if _has_difference(change) and room > 0:
                diff = _unified(change, min(room, _MAX_DIFF))
                room -= len(diff)
                yield ""
                yield f"<details><summary>{_sides(change)}</summary>\n\n{fenced(diff, 'diff')}\n\n</details>"
        if len(self._ordered) > _MAX_LISTED:
            yield f"\n... and {len(self._ordered) - _MAX_LISTED} more."


def sentence_of(change: Change, *, is_done: bool = False) -> str:
    """Return a step as a line: the step, the prompt, its version and label, and the reason."""
    return printable(f"{change.step:<8}  {change.name}{_rest(change, is_done=is_done)}")


def record_of(change: Change) -> dict[str, object]:
    """Return a step for programs."""
    return {
        "name": change.name,
        "file": change.file,
        "action": change.step.value,
        "version": change.version,
        "label": change.label if change.step.is_change else None,
        "label_version": change.label_version,
        "detail": change.detail,
    }


def _rest(change: Change, *, is_done: bool = False) -> str:
    version = ""
    if change.step in {Step.PUBLISH, Step.MERGE} and not is_done and change.version is not None:
        version = f" (version {change.version + 1})"
    elif change.version is not None and change.step.is_change:
        version = f" (version {change.version})"
    details = [change.detail]
    if change.label is not None and change.step.is_change:
        was = "" if change.label_version is None else f", now at version {change.label_version}"
        details.insert(0, f"labelled {change.label}{'' if is_done else was}")
    detail = "; ".join(filter(None, details))
    return f"{version}{f': {detail}' if detail else ''}"


def _breaking_of(change: Change) -> list[str]:
    found = list_caller_changes(change.old, _new_of(change))
    return [phrase.removeprefix(_BREAKING) for phrase in found if phrase.startswith(_BREAKING)]


def _new_of(change: Change) -> Draft | None:
    return None if change.step is Step.ARCHIVE else change.draft


def _has_difference(change: Change) -> bool:
    old, new = change.old, _new_of(change)
    return change.step.is_change and change.step is not Step.ARCHIVE and (old is None or new is None or old.parts != new.parts)


def _sides(change: Change) -> str:
    if change.old is None:
        return "new" if change.label is None or change.step is Step.CREATE else f"nothing has {change.label} now"
    number = change.version if change.label is None else change.label_version
    return f"version {number} and {'the merge' if change.step is Step.MERGE else 'the file'}"


def _unified(change: Change, room: int) -> str:
    old, new = change.old, _new_of(change)
    lines = [unified_diff(readable(old.content) if old else "", readable(new.content) if new else "", max_characters=room)]
    for each in compare_configs(old.config if old else None, new.config if new else None):
        lines += [f"{sign} config {each.path}: {value}" for sign, value in (("-", each.old), ("+", each.new)) if value is not None]
    lines += list_caller_changes(old, new)
    return "\n".join(filter(None, lines))[: 2 * room]


def _first_line(path: Path, change: Change) -> int:
    """Return the line of the file where the first difference is."""
    if not path.is_file():
        return 1
    lines = FileLines(path)
    old, new = change.old, _new_of(change)
    if new is None or not isinstance(new.content, str) or (old is not None and is_same(old.content, new.content)):
        return lines.of_key("config") if old and new and old.config != new.config else lines.body
    hunks = compare_texts(readable(old.content) if old else "", new.content)
    changed = (row.new_number for hunk in hunks for row in hunk.rows if row.kind == "added" and row.new_number is not None)
    return lines.body + next(changed, 1) - 1
