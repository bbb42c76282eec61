"""``promptuary check``: each file is a prompt that a server accepts, for reviews, editors and hooks of Git."""

from collections.abc import Sequence
from pathlib import Path

import typer

from promptuary.cli.formats import CheckFormat, ChosenCheckFormat, annotation, is_github
from promptuary.cli.output import AsJson, say, show_json, show_line
from promptuary.cli.workspaces import EnvName, FolderPath, Workspace, open_workspace
from promptuary.files import CONFIGURATION, Folder, InvalidFile
from promptuary.model.text import counted
from promptuary.sync import Finding, list_findings

_README = "readme"


def check(
    folder_path: FolderPath = None,
    env: EnvName = None,
    output: ChosenCheckFormat = None,
    as_json: AsJson = False,
) -> None:
    """Check, without a server and without the lock file, that each file is a valid prompt. Edits need not be pushed."""
    workspace = open_workspace(folder_path, env, needs_environment=False)
    folder = workspace.read()
    findings = [*list_findings(folder, workspace.read_declared()), *_left_out(folder)]
    problems = [each for each in findings if not each.is_warning]
    chosen = CheckFormat.JSON if as_json else output or (CheckFormat.GITHUB if is_github() else CheckFormat.TEXT)
    if chosen is not CheckFormat.JSON:
        _show(workspace, findings, is_annotated=chosen is CheckFormat.GITHUB)
    _require_prompts(folder)
    if chosen is CheckFormat.JSON:
        show_json(_report(workspace, folder, findings))
    elif not problems:
        say(f"{counted(len(folder.found), 'prompt')}: all files are valid.")
    if problems:
        raise typer.Exit(1)


def _require_prompts(folder: Folder) -> None:
    """Raise `InvalidFile` for a folder in which nothing can be checked, as the commands that publish it do."""
    if not folder.path.exists():
        raise InvalidFile(f"There is no folder {folder.path}. Name the folder of prompts, or run promptuary pull.")
    if not folder.found and not folder.entries and not folder.problems:
        raise InvalidFile(f"{folder.path} has no prompts. Run promptuary pull.")


def _show(workspace: Workspace, findings: Sequence[Finding], *, is_annotated: bool) -> None:
    for each in findings:
        path = _path_of(workspace, each)
        if is_annotated:
            show_line(annotation("warning" if each.is_warning else "error", path, each.line, each.sentence))
        else:
            say(f"{path}:{each.line}: {'Warning: ' if each.is_warning else ''}{each.sentence}", err=True)


def _report(workspace: Workspace, folder: Folder, findings: Sequence[Finding]) -> dict[str, object]:
    report: dict[str, list[object]] = {"problems": [], "warnings": []}
    for each in findings:
        shown = {"file": _path_of(workspace, each).as_posix(), "line": each.line, "name": each.name, "sentence": each.sentence}
        report["warnings" if each.is_warning else "problems"].append(shown)
    return {"prompts": len(folder.found), **report}


def _left_out(folder: Folder) -> list[Finding]:
    """Return a warning for each file that is not a prompt, and is no introduction to the folder."""
    return [
        Finding(file, 1, f"The file is left out: {reason[0].lower()}{reason[1:]}", is_warning=True)
        for file, reason in folder.ignored.items()
        if not file.lower().startswith(_README)
    ]


def _path_of(workspace: Workspace, finding: Finding) -> Path:
    path = workspace.path / finding.file
    is_at_root = finding.file == CONFIGURATION and not path.exists()
    return workspace.configuration if is_at_root and workspace.configuration else path
