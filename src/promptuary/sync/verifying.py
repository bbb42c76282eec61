"""Verification of a folder: its files are those that were pulled, and have the variables that programs fill in.

No server is asked.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from promptuary.files import Folder, InvalidFile, read_plain_file
from promptuary.model.templates import Template
from promptuary.remote import text_of
from promptuary.sync.states import here

CONFIGURATION = "promptuary.toml"

_MAX_CONFIGURATION = 16_000_000

Declared = Mapping[str, tuple[str, ...]]


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
    if not isinstance(variables, dict) or not all(map(_is_texts, variables.values())):
        raise InvalidFile(f"{path}: [variables] must have a list of texts for each prompt.")
    return {name: tuple(texts) for name, texts in variables.items()}


def list_problems(folder: Folder, declared: Declared) -> list[Problem]:
    """Return all that is wrong, by file."""
    found = [*_unlike_lock(folder), *_wrong_variables(folder, declared)]
    return sorted(found, key=lambda problem: (problem.file, problem.sentence))


def _unlike_lock(folder: Folder) -> Iterator[Problem]:
    if folder.lock is None:
        yield Problem("prompts.lock", "", "There is no lock file. Run promptuary pull.")
        return
    if not folder.entries and not folder.found and not folder.problems:
        yield Problem("prompts.lock", "", "There are no prompts. Run promptuary pull.")
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
        elif entry and found and (found.document.version, set(found.document.labels)) != (entry.version, set(entry.labels)):
            yield Problem(file, name, "The file's version or labels differ from the lock file. Run promptuary pull.")


def _wrong_variables(folder: Folder, declared: Declared) -> Iterator[Problem]:
    for name in declared.keys() - folder.found.keys():
        yield Problem(CONFIGURATION, name, f"It declares variables of {name}, which has no file.")
    for name, found in folder.found.items():
        filled = declared.get(name, found.document.variables)
        if filled is None:
            continue
        template = Template(text_of(found.document.content), found.document.contract)
        used = (*template.variables, *template.placeholders)
        for variable in filled:
            if variable not in used:
                yield Problem(found.file, name, f"It does not have {{{{{variable}}}}}, which programs fill in.")
        for variable in used:
            if variable not in filled:
                yield Problem(found.file, name, f"It has {{{{{variable}}}}}, which is not declared.")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
