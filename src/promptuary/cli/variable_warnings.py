"""Warnings of what looks like a variable, on standard error. They change neither what a command does nor its exit status."""

from itertools import islice

from promptuary.cli.output import say
from promptuary.files import Folder
from promptuary.model.contracts import contract_of, list_doubts
from promptuary.model.templates import Template
from promptuary.model.variable_hints import hints_of
from promptuary.remote import text_of
from promptuary.sync import Push

_MAX_DOUBTS = 20


def warn_of_variables_in_files(folder: Folder) -> None:
    """Warn of the prompts of a folder."""
    for _, found in sorted(folder.found.items()):
        warn_of_variables(str(folder.path / found.file), found.document.content, found.document.contract)


def warn_of_variables_in_push(push: Push) -> None:
    """Warn of a prompt that is pushed."""
    if push.draft is not None:
        warn_of_variables(push.name, push.draft.content, push.draft.contract)


def warn_of_variables(subject: str, content: object, declared: object = None) -> None:
    """Warn of a prompt that is published; ``declared`` is its contract."""
    contract = contract_of(declared)
    template = Template(text_of(content), contract)
    doubts = [*(hint.describe() for hint in hints_of(template)), *islice(list_doubts(template, contract), _MAX_DOUBTS)]
    if doubts:
        say(f"Warning: look at the variables of {subject}:", err=True)
        for doubt in doubts:
            say(f"  {doubt}", err=True)
