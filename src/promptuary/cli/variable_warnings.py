"""Warnings of what looks like a variable, on standard error. They change neither what a command does nor its exit status."""

from itertools import islice

from promptuary.cli.output import say
from promptuary.files import Folder, InvalidFile
from promptuary.model.contracts import contract_of, list_doubts
from promptuary.model.json_text import dump
from promptuary.model.references import count_references
from promptuary.model.templates import Template
from promptuary.model.variable_hints import hints_of
from promptuary.remote import text_of
from promptuary.sync import Push
from promptuary.sync.assembling import assemble_file

_MAX_DOUBTS = 20


def warn_of_variables_in_files(folder: Folder) -> None:
    """Warn of the prompts of a folder."""
    for _, found in sorted(folder.found.items()):
        try:
            content = assemble_file(folder, found).content
        except InvalidFile:
            # The problem of its reference is reported, and what its parts use is not known.
            continue
        warn_of_variables(str(folder.path / found.file), content, found.document.contract)


def warn_of_variables_in_push(push: Push) -> None:
    """Warn of a prompt that is pushed."""
    if push.draft is not None:
        is_whole = not count_references(dump(push.draft.content))
        warn_of_variables(push.name, push.draft.content, push.draft.contract, is_whole=is_whole)


def warn_of_variables(subject: str, content: object, declared: object = None, *, is_whole: bool = True) -> None:
    """Warn of a prompt; ``declared`` is its contract. A content without its parts, which may use variables, is not whole."""
    contract = contract_of(declared)
    template = Template(text_of(content), contract)
    doubts = [*(hint.describe() for hint in hints_of(template))]
    if is_whole:
        doubts += islice(list_doubts(template, contract), _MAX_DOUBTS)
    if doubts:
        say(f"Warning: look at the variables of {subject}:", err=True)
        for doubt in doubts:
            say(f"  {doubt}", err=True)
