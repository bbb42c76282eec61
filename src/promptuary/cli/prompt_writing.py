"""The commands of ``promptuary prompt`` that publish: create, publish, edit.

A content that comes from a file, standard input or an editor ends before its last line break, which editors and ``echo`` add. Files
of Windows say the same as others, as those do that are pulled and pushed: a byte order mark is none of the content, and CRLF is LF.
"""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.hidden_warnings import passages_of_changes, read_base, warn_of_added
from promptuary.cli.inputs import read_bytes, read_object
from promptuary.cli.output import AsJson, say, show_json
from promptuary.cli.prompts import app
from promptuary.cli.reference_warnings import warn_of_conflicts
from promptuary.cli.remote import ProfileName, reached_prompts, require_labelling
from promptuary.cli.variable_warnings import warn_of_variables
from promptuary.cli.version_choices import PromptName
from promptuary.files import InvalidFile, decoded, in_line_feeds, write_file
from promptuary.model.contracts import encode_contract
from promptuary.model.hidden_places import passages_of
from promptuary.model.json_text import InvalidJson, dump_indented, find_surrogate, parse
from promptuary.model.names import check_prompt_name
from promptuary.remote import Conflict, Missing, RemoteError, RemotePrompts, Row

SourceFile = Annotated[
    Path | None, typer.Option("--file", help="The file with the content; - is standard input.", dir_okay=False, allow_dash=True)
]
IsJson = Annotated[bool, typer.Option("--as-json", help="Read the content as JSON, not as text.")]
Config = Annotated[
    str | None, typer.Option("--config", help="The config, a JSON object; @FILE reads it from a file, null clears it.")
]
Variables = Annotated[
    str | None,
    typer.Option("--variables", help="The declared variables, a JSON object; @FILE reads it from a file, null removes them."),
]
AcceptsEmpty = Annotated[bool, typer.Option("--yes", "-y", help="Allow empty content.")]
Note = Annotated[str | None, typer.Option("--note", help="Description of the change, shown in the history.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="A label that points at the new version at once. Repeatable.")]

_CRLF = "\r\n"


@app.command("create")
def create(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    name: PromptName,
    file: SourceFile = None,
    is_json: IsJson = False,
    config: Config = None,
    variables: Variables = None,
    note: Note = None,
    labels: Labels = None,
    yes: AcceptsEmpty = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create a prompt, with its content from a file or standard input."""
    content = _value(in_line_feeds(_read_content(file, is_agreed=yes)), is_json=is_json)
    settings, contract = _read_config(config), _read_contract(variables)
    with reached_prompts(profile) as prompts:
        require_labelling(prompts, labels)
        created = prompts.create(name, content, config=settings, description=note, contract=contract, labels=labels or ())
        whole = warn_of_conflicts(prompts, name, content, contract)
    _show_result(created, "is created", labels or (), as_json=as_json)
    warn_of_added(name, (), passages_of(content, settings))
    warn_of_variables(name, whole, contract)


@app.command("publish")
def publish(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    name: PromptName,
    base_version: Annotated[
        int, typer.Option(help="The version that the change is based on; fails unless it is still the latest.", min=1)
    ],
    file: SourceFile = None,
    is_json: IsJson = False,
    config: Config = None,
    variables: Variables = None,
    note: Note = None,
    labels: Labels = None,
    yes: AcceptsEmpty = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish the next version. The content is read from a file or standard input; --config or --variables alone keep it."""
    changes: dict[str, object] = {}
    if file is not None or (config is None and variables is None):
        text = _read_content(file, is_agreed=yes)
        changes["prompt"] = _value(text, is_json=is_json)
    if config is not None:
        changes["config"] = _read_config(config)
    if variables is not None:
        changes["variables"] = _read_contract(variables)
    with reached_prompts(profile) as prompts:
        require_labelling(prompts, labels)
        if isinstance(changes.get("prompt"), str) and not is_json and not _has_crlf(prompts, name, base_version, text):
            changes["prompt"] = in_line_feeds(text)
        base = read_base(prompts, name, base_version, changes)
        published = _publish(prompts, name, base_version, changes, note, labels or ())
        whole = warn_of_conflicts(prompts, name, published["prompt"], published.get("variables"))
    _show_result(published, "is published", labels or (), as_json=as_json)
    warn_of_added(name, base, passages_of_changes(changes))
    warn_of_variables(name, whole, published.get("variables"))


@app.command("edit")
def edit(
    name: PromptName,
    note: Note = None,
    yes: AcceptsEmpty = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Edit a prompt's latest version in $VISUAL or $EDITOR and publish it. If that fails, the draft is kept in a file."""
    check_prompt_name(name)
    with reached_prompts(profile) as prompts:
        row = prompts.find_row(name)
        if row is None:
            raise RemoteError(f"No prompt is named '{name}'. promptuary prompt list shows all names.")
        draft = _write_draft(prompts.remote.profile.project, row)
        _run_editor(draft)
        data = draft.read_bytes()
        text = _without_last_break(decoded(data, "draft"))
        if data == _draft_of(row) or text == _editable(row):
            draft.unlink()
            say("Nothing was changed." if not as_json else "null")
            return
        try:
            _require_content(text, is_agreed=yes)
            content = _value(text, is_json=not isinstance(row.content, str))
            published = _publish(prompts, name, row.version, {"prompt": content}, note)
            whole = warn_of_conflicts(prompts, name, content, row.contract)
        except (RemoteError, InvalidFile) as refusal:
            kept = f"The draft, made from version {row.version}, is kept in {draft}."
            raise RemoteError(f"{refusal} {kept}") from None
    draft.unlink()
    _show_result(published, "is published", as_json=as_json)
    warn_of_added(name, passages_of(row.content, None), passages_of(content, None))
    warn_of_variables(name, whole, row.contract)


def _publish(
    prompts: RemotePrompts,
    name: str,
    base_version: int,
    changes: dict[str, object],
    note: str | None,
    labels: Sequence[str] = (),
) -> dict[str, object]:
    try:
        return prompts.publish(name, base_version, changes, description=note, labels=labels)
    except Conflict as conflict:
        current = conflict.current_version
        raise RemoteError(
            f"Version {current} of {name} was published meanwhile, and yours is made from {base_version}. "
            f"See promptuary prompt diff {name} {base_version} {current}, then publish with --base-version {current}."
        ) from None


def _show_result(version: dict[str, object], what: str, labels: Sequence[str] = (), *, as_json: bool) -> None:
    if as_json:
        show_json(version)
        return
    pointing = f" {' and '.join(labels)} point{'' if len(labels) > 1 else 's'} at it." if labels else ""
    say(f"Version {version['version']} of {version['name']} {what}.{pointing}")


def _has_crlf(prompts: RemotePrompts, name: str, version: int, text: str) -> bool:
    """Return `True` if a text has CRLF because the version that it was made from has."""
    if _CRLF not in text:
        return False
    try:
        return _CRLF in prompts.resolve(name, version=version)["prompt"]["prompt"]
    except Missing:
        return False


def _read_content(file: Path | None, *, is_agreed: bool) -> str:
    text = _without_last_break(decoded(read_bytes(file), "content"))
    _require_content(text, is_agreed=is_agreed)
    return text


def _require_content(text: str, *, is_agreed: bool) -> None:
    # An empty pipe is mostly the end of a command that failed.
    if not text and not is_agreed:
        raise InvalidFile("The content is empty, so nothing is published. To publish an empty one, add --yes.")


def _without_last_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r") if text.endswith(_CRLF) else text.removesuffix("\n")


def _value(text: str, *, is_json: bool) -> object:
    if not is_json:
        return text
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The content is not JSON: {error}.") from None
    if find_surrogate(value) is not None:
        raise InvalidFile("The content has half of a surrogate pair.")
    return value


def _read_config(config: str | None) -> dict[str, object] | None:
    return read_object(config, "config", "is")


def _read_contract(variables: str | None) -> dict[str, object] | None:
    contract = read_object(variables, "variables", "are")
    encode_contract(contract)
    return contract


def _editable(row: Row) -> str:
    return row.content if isinstance(row.content, str) else dump_indented(row.content)


def _write_draft(project: str, row: Row) -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    suffix = "md" if isinstance(row.content, str) else "json"
    stem = f"{row.name[:100]}-{project}-{row.version}"
    folder = Path(base) / "promptuary" / "drafts"
    # A draft that was kept is never overwritten.
    number = next(number for number in range(1, 10_000) if not (folder / f"{stem}-{number}.{suffix}").exists())
    path = folder / f"{stem}-{number}.{suffix}"
    write_file(path, _draft_of(row))
    return path


def _draft_of(row: Row) -> bytes:
    return f"{_editable(row)}\n".encode()


def _run_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        path.unlink()
        raise typer.BadParameter("No editor is configured. Set VISUAL or EDITOR.")
    try:
        status = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode  # noqa: S603 - the user's own choice
    except (OSError, ValueError) as error:
        path.unlink()
        raise InvalidFile(f"The editor '{editor}' does not start: {error}.") from None
    if status:
        raise InvalidFile(f"The editor ended with status {status}, so nothing is published. The draft is kept in {path}.")
