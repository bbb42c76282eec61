"""The commands of ``promptuary prompt`` that publish: create, publish, edit.

A content that comes from a file, standard input or an editor ends before its last line break, which editors and ``echo`` add.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.far import ProfileName, reached_prompts
from promptuary.cli.prompts import PromptName, app
from promptuary.cli.showing import AsJson, say, show_json
from promptuary.files import InvalidFile, write_file
from promptuary.model.json_text import InvalidJson, dump_indented, parse
from promptuary.model.names import check_prompt_name
from promptuary.remote import Conflict, RemotePrompts, RemoteRefusal, Row

SourceFile = Annotated[
    Path | None, typer.Option("--file", help="The file with the content; - is standard input.", dir_okay=False, allow_dash=True)
]
IsJson = Annotated[bool, typer.Option("--as-json", help="The content is a value of JSON, not a text.")]
Config = Annotated[str | None, typer.Option("--config", help="The config, an object of JSON; @FILE reads it, null clears it.")]
Note = Annotated[str | None, typer.Option("--note", help="What changed, as history shows it.")]


@app.command("create")
def create(
    name: PromptName,
    file: SourceFile = None,
    is_json: IsJson = False,
    config: Config = None,
    note: Note = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create a prompt, with its content from a file or standard input."""
    content = _value(_read_content(file), is_json=is_json)
    settings = _read_config(config)
    with reached_prompts(profile) as prompts:
        created = prompts.create(name, content, config=settings, description=note)
    _tell(created, "is created", as_json=as_json)


@app.command("publish")
def publish(
    name: PromptName,
    base_version: Annotated[
        int, typer.Option(help="The version this was made from; refused unless it is still the latest.", min=1)
    ],
    file: SourceFile = None,
    is_json: IsJson = False,
    config: Config = None,
    note: Note = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish the next version. The content is from a file or standard input; with --config alone it stays as it is."""
    changes: dict[str, object] = {}
    if file is not None or config is None:
        changes["prompt"] = _value(_read_content(file), is_json=is_json)
    if config is not None:
        changes["config"] = _read_config(config)
    with reached_prompts(profile) as prompts:
        published = _publish(prompts, name, base_version, changes, note)
    _tell(published, "is published", as_json=as_json)


@app.command("edit")
def edit(
    name: PromptName,
    note: Note = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Edit a prompt's latest version in $VISUAL or $EDITOR and publish it. If that fails, the draft is kept in a file."""
    check_prompt_name(name)
    with reached_prompts(profile) as prompts:
        row = prompts.find_row(name)
        if row is None:
            raise RemoteRefusal(f"No prompt is named '{name}'.")
        draft = _write_draft(prompts.remote.profile.project, row)
        _run_editor(draft)
        text = _without_last_break(_decoded(draft.read_bytes()))
        if text == _editable(row):
            draft.unlink()
            say("Nothing was changed." if not as_json else "null")
            return
        try:
            content = _value(text, is_json=not isinstance(row.content, str))
            published = _publish(prompts, name, row.version, {"prompt": content}, note)
        except (RemoteRefusal, InvalidFile) as refusal:
            kept = f"The draft, made from version {row.version}, is kept in {draft}."
            raise RemoteRefusal(f"{refusal} {kept}") from None
    draft.unlink()
    _tell(published, "is published", as_json=as_json)


def _publish(
    prompts: RemotePrompts, name: str, base_version: int, changes: dict[str, object], note: str | None
) -> dict[str, object]:
    try:
        return prompts.publish(name, base_version, changes, description=note)
    except Conflict as conflict:
        current = conflict.current_version
        raise RemoteRefusal(
            f"Version {current} of {name} was published meanwhile, and yours is made from {base_version}. "
            f"See promptuary prompt diff {name} {base_version} {current}, then publish with --base-version {current}."
        ) from None


def _tell(version: dict[str, object], what: str, *, as_json: bool) -> None:
    if as_json:
        show_json(version)
    else:
        say(f"Version {version['version']} of {version['name']} {what}.")


def _read_content(file: Path | None) -> str:
    try:
        data = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"Cannot read {file}: {error.strerror}.") from None
    return _without_last_break(_decoded(data))


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidFile("The content is not UTF-8 text.") from None


def _without_last_break(text: str) -> str:
    return text.removesuffix("\n")


def _value(text: str, *, is_json: bool) -> object:
    if not is_json:
        return text
    try:
        return parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The content is not JSON: {error}.") from None


def _read_config(config: str | None) -> dict[str, object] | None:
    if config is None:
        return None
    text = _read_content(Path(config[1:])) if config.startswith("@") else config
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The config is not JSON: {error}.") from None
    if value is not None and not isinstance(value, dict):
        raise InvalidFile("The config must be an object of JSON, or null.")
    return value


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
    write_file(path, f"{_editable(row)}\n".encode())
    return path


def _run_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        path.unlink()
        raise typer.BadParameter("No editor is known. Set VISUAL or EDITOR.")
    try:
        status = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode  # noqa: S603 - the user's own choice
    except (OSError, ValueError) as error:
        path.unlink()
        raise InvalidFile(f"The editor '{editor}' does not start: {error}.") from None
    if status:
        raise InvalidFile(f"The editor ended with status {status}, so nothing is published. The draft is kept in {path}.")
