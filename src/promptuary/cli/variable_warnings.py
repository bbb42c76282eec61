"""Warnings of what looks like a variable, on standard error. They change neither what a command does nor its exit status."""

from promptuary.cli.output import say
from promptuary.files import Folder
from promptuary.model.templates import Template
from promptuary.model.variable_hints import hints_of
from promptuary.remote import text_of
from promptuary.sync import Push


def warn_of_variables_in_files(folder: Folder) -> None:
    """Warn of the prompts of a folder."""
    for _, found in sorted(folder.found.items()):
        warn_of_variables(str(folder.path / found.file), found.document.content)


def warn_of_variables_in_push(push: Push) -> None:
    """Warn of a prompt that is pushed."""
    if push.draft is not None:
        warn_of_variables(push.name, push.draft.content)


def warn_of_variables(subject: str, content: object) -> None:
    """Warn of a prompt that is published."""
    hints = hints_of(Template(text_of(content)))
    if hints:
        say(f"Warning: look at the variables of {subject}:", err=True)
        for hint in hints:
            say(f"  {hint.describe()}", err=True)
