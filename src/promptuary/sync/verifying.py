"""Verification of a folder: its files are those that were pulled, with their parts, and have the variables that programs fill in.

No server is asked.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promptuary.files import (
    CONFIGURATION,
    PARTS,
    Declared,
    Document,
    Folder,
    InvalidFile,
    content_sha256,
    parse_variables,
    read_plain_file,
)
from promptuary.model.json_text import dump
from promptuary.model.reference_errors import InvalidReference
from promptuary.model.references import count_references
from promptuary.model.templates import Template
from promptuary.remote import text_of
from promptuary.sync.assembling import assemble_file, check_references, is_resolved
from promptuary.sync.parts import needed_parts
from promptuary.sync.states import here
from promptuary.sync.tag_places import place_of

_MAX_CONFIGURATION = 16_000_000
_ABSENT = {"reference_not_found", "reference_version_not_found", "reference_label_not_found"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Problem of a file, in one sentence."""

    file: str
    name: str
    sentence: str


def read_declared(folder: Path) -> Declared:
    """Read the variables that programs fill in, by prompt, from ``promptuary.toml`` in the folder, if it is there."""
    path = folder / CONFIGURATION
    try:
        variables = tomllib.loads(read_plain_file(path, max_bytes=_MAX_CONFIGURATION).decode("utf-8-sig")).get("variables", {})
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidFile(f"Cannot read {path}: {error.strerror}.") from None
    except InvalidFile as error:
        raise InvalidFile(f"{path} cannot be read. {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{path} is not TOML: {error}.") from None
    try:
        return parse_variables(variables)
    except InvalidFile as error:
        raise InvalidFile(f"{path}: {error}") from None


def list_problems(folder: Folder, declared: Declared) -> list[Problem]:
    """Return all that is wrong, by file."""
    found = [*_unlike_lock(folder), *_damaged_parts(folder), *_bad_references(folder), *_wrong_variables(folder, declared)]
    return sorted(found, key=lambda problem: (problem.file, problem.sentence))


def _unlike_lock(folder: Folder) -> Iterator[Problem]:
    if folder.lock is None:
        yield Problem(folder.lock_name, "", "There is no lock file. Run promptuary pull.")
        return
    if not folder.entries and not folder.found and not folder.problems:
        yield Problem(folder.lock_name, "", "There are no prompts. Run promptuary pull.")
    for file, problem in folder.problems.items():
        yield Problem(file, "", problem)
    for name in {*folder.entries, *folder.found}:
        entry, found = folder.entries.get(name), folder.found.get(name)
        file = found.file if found else entry.file if entry else ""
        state = here(folder, name)
        if state == "deleted":
            yield Problem(file, name, "The file is in the lock file and does not exist.")
        elif state == "new":
            yield Problem(file, name, "The file is not in the lock file. Run promptuary push.")
        elif state == "edited":
            yield Problem(file, name, "The file was edited and not pushed: its content or config differs from the lock file.")
        elif entry and found and not folder.is_shared and _facts(found.document) != (entry.version, set(entry.labels)):
            yield Problem(file, name, "The file's version or labels differ from the lock file. Run promptuary pull.")


def _facts(document: Document) -> tuple[object, object]:
    return document.version, set(document.labels)


def _damaged_parts(folder: Folder) -> Iterator[Problem]:
    for reference in needed_parts(folder.entries.values()):
        document = folder.parts.get((reference.name, reference.resolved_version or 0))
        place = f"{PARTS}/{reference.name}@{reference.resolved_version}"
        if document is None:
            yield Problem(place, reference.name, "The version is in the lock file and is not there. Run promptuary pull.")
        elif content_sha256(document.content) != reference.sha256:
            yield Problem(place, reference.name, "The file differs from the lock file. Run promptuary pull.")


def _bad_references(folder: Folder) -> Iterator[Problem]:
    for name, found in folder.found.items():
        if not is_resolved(folder, found):
            continue
        try:
            check_references(folder, found)
        except InvalidReference as problem:
            references = count_references(dump(found.document.content))
            named = next((each for each in references if each.name == problem.name), None)
            place = found.file if named is None else place_of(folder, found.file, named)
            is_absent = problem.code in _ABSENT
            sentence = (
                f"It references {problem.name}, which is not in the folder. Run promptuary pull." if is_absent else str(problem)
            )
            yield Problem(place, name, sentence)


def _wrong_variables(folder: Folder, declared: Declared) -> Iterator[Problem]:
    for name in declared.keys() - folder.found.keys():
        yield Problem(CONFIGURATION, name, f"It declares variables of {name}, which has no file.")
    for name, found in folder.found.items():
        filled = declared.get(name, found.document.variables)
        if filled is None:
            continue
        try:
            whole = assemble_file(folder, found)
        except InvalidFile:
            # It is reported with its reference.
            continue
        template = Template(text_of(whole.content), whole.contract)
        used = (*template.variables, *template.placeholders)
        for variable in filled:
            if variable not in used:
                yield Problem(found.file, name, f"It does not have {{{{{variable}}}}}, which programs fill in.")
        for variable in used:
            if variable not in filled:
                yield Problem(found.file, name, f"It has {{{{{variable}}}}}, which is not declared.")
