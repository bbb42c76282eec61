"""``promptuary verify``: whether a folder of prompts can be shipped, for continuous integration."""

from dataclasses import asdict

import typer

from promptuary.cli.hidden_warnings import warn_of_files
from promptuary.cli.output import AsJson, say, show_json
from promptuary.cli.variable_warnings import warn_of_variables_in_files
from promptuary.cli.workspaces import EnvName, FolderPath, open_workspace
from promptuary.model.text import counted
from promptuary.sync import list_problems


def verify(folder_path: FolderPath = None, env: EnvName = None, as_json: AsJson = False) -> None:
    """Check, without a server, that files match the lock file and have the declared variables."""
    workspace = open_workspace(folder_path, env)
    folder = workspace.read()
    problems = list_problems(folder, workspace.read_declared())
    if as_json:
        show_json({"prompts": len(folder.found), "problems": [asdict(problem) for problem in problems]})
    for problem in problems if not as_json else ():
        say(f"{folder.path / problem.file}: {problem.sentence}", err=True)
    warn_of_files(folder)
    warn_of_variables_in_files(folder)
    if problems:
        raise typer.Exit(1)
    if not as_json:
        say(f"{counted(len(folder.found), 'prompt')}: all files match the lock file.")
