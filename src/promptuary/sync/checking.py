"""Checks of a folder as it is reviewed: is each file a prompt that a server accepts? Needs no server, no key and no lock file.

References are resolved within the folder, at the texts of its files. A server has the last word: it knows labels and old versions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from promptuary.files import CONFIGURATION, Declared, Document, Folder, FoundFile
from promptuary.model.assembly import Absence, Part, Target, Targets
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import contract_of, list_doubts
from promptuary.model.errors import InvalidValue
from promptuary.model.hidden_characters import code_of, name_of
from promptuary.model.hidden_places import locate_hidden, passages_of
from promptuary.model.json_text import dump
from promptuary.model.prompts import MAX_DESCRIPTION
from promptuary.model.reference_checks import Ancestry, check_number, check_served
from promptuary.model.reference_errors import InvalidReference, UnresolvedReference
from promptuary.model.references import MAX_DEPTH, Reference, count_references
from promptuary.model.templates import Template
from promptuary.model.text import check_text
from promptuary.model.variable_hints import hints_of
from promptuary.remote import text_of
from promptuary.sync.assembling import AssembledFile, assemble
from promptuary.sync.parts import part_of
from promptuary.sync.tag_places import FileLines

_MAX_PLACES = 20
_ABSENT = {"reference_not_found", "reference_version_not_found", "reference_label_not_found"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Finding in a file, in one sentence. A warning does not fail a check."""

    file: str
    line: int
    sentence: str
    name: str = ""
    is_warning: bool = False


def list_findings(folder: Folder, declared: Declared) -> list[Finding]:
    """Return all problems and warnings of a folder, by file and line."""
    found = [Finding(file, folder.problem_lines.get(file, 1), sentence) for file, sentence in folder.problems.items()]
    for name in declared.keys() - folder.found.keys():
        found += [Finding(CONFIGURATION, 1, f"It declares variables of {name}, which has no file.", name)]
    for each in folder.found.values():
        found += _Check(folder, each, declared).findings()
    return sorted(found, key=lambda finding: (finding.file, finding.line, finding.sentence))


class _Check:
    """Check of one file."""

    def __init__(self, folder: Folder, found: FoundFile, declared: Declared) -> None:
        self._folder = folder
        self._found = found
        self._document = found.document
        self._filled = declared.get(found.document.name, found.document.variables)
        self._lines = FileLines(Path(folder.path, found.file))

    def findings(self) -> Iterator[Finding]:
        """Yield the problems, and then the warnings."""
        yield from self._sizes()
        try:
            whole = self._assembled()
        except InvalidReference as problem:
            yield self._reference_problem(problem)
            whole = None
        except UnresolvedReference as error:
            yield self._finding(1, str(error))
            whole = None
        if whole is not None:
            yield from self._variables(whole)
        yield from self._hints(whole)
        yield from self._hidden()

    def _sizes(self) -> Iterator[Finding]:
        document = self._document
        checks: dict[str | None, Callable[[], object]] = {
            None: lambda: encode_prompt(document.content),
            "config": lambda: encode_config(document.config),
            "description": lambda: check_text(
                document.description or "", field="description", max_length=MAX_DESCRIPTION, blank=True
            ),
        }
        for key, check in checks.items():
            try:
                check()
            except InvalidValue as refusal:
                line = self._lines.body if key is None else self._lines.of_key(key)
                yield self._finding(line, f"{key}: {refusal}" if key else str(refusal))

    def _assembled(self) -> AssembledFile:
        """Return the file with its parts. Raises `InvalidReference`, `UnresolvedReference`."""
        document = self._document
        stored = dump(document.content)
        if not count_references(stored):
            return AssembledFile(document.content, document.contract)
        check_number(stored)
        targets = find_file_targets(self._folder, document)
        check_served(stored, targets, Ancestry(document.name, {}), depth=MAX_DEPTH)
        return assemble(document, targets)

    def _reference_problem(self, problem: InvalidReference) -> Finding:
        references = count_references(dump(self._document.content))
        named = next((each for each in references if each.name == problem.name), None)
        line = self._lines.body if named is None else self._lines.of_tag(named)
        is_absent = problem.code in _ABSENT
        sentence = f"It references {problem.name}, which is not in the folder." if is_absent else str(problem)
        return self._finding(line, sentence)

    def _variables(self, whole: AssembledFile) -> Iterator[Finding]:
        if self._filled is None:
            return
        template = Template(text_of(whole.content), whole.contract)
        used = (*template.variables, *template.placeholders)
        for variable in self._filled:
            if variable not in used:
                line = self._lines.of_key("variables")
                yield self._finding(line, f"It does not have {{{{{variable}}}}}, which programs fill in.")
        for variable in used:
            if variable not in self._filled:
                line = self._lines.of_variable(variable)
                yield self._finding(line, f"It has {{{{{variable}}}}}, which is not declared.")

    def _hints(self, whole: AssembledFile | None) -> Iterator[Finding]:
        contract = contract_of(self._document.contract)
        template = Template(text_of(self._document.content), contract)
        for hint in hints_of(template):
            for place in islice(hint.places, _MAX_PLACES):
                yield self._finding(self._lines.of_text(place), f"{hint.kind}: {place}", is_warning=True)
        if whole is not None:
            # Its parts may use what a file declares.
            doubted = Template(text_of(whole.content), contract)
            for doubt in islice(list_doubts(doubted, contract), _MAX_PLACES):
                yield self._finding(self._lines.of_key("variables"), doubt, is_warning=True)

    def _hidden(self) -> Iterator[Finding]:
        places = list(islice(self._lines.hidden(), _MAX_PLACES))
        for line, column, character in places:
            sentence = f"Hidden character in column {column}: {code_of(character)} {name_of(character)}."
            yield self._finding(line, sentence, is_warning=True)
        if not places:
            # JSON and YAML have escapes for them.
            for place in islice(locate_hidden(passages_of(self._document.content, self._document.config)), _MAX_PLACES):
                yield self._finding(1, f"Hidden character in {place.describe()}.", is_warning=True)

    def _finding(self, line: int, sentence: str, *, is_warning: bool = False) -> Finding:
        return Finding(self._found.file, line, sentence, self._document.name, is_warning)


def find_file_targets(folder: Folder, document: Document) -> Targets:
    """Return the meaning of the references of a document, and of those of its parts, in the files of the folder."""
    targets: dict[Reference, Target] = {}
    pending = list(count_references(dump(document.content)))
    for reference in pending:
        if reference not in targets:
            targets[reference] = target = _target(folder, reference)
            pending += target.references if isinstance(target, Part) else ()
    return targets


def _target(folder: Folder, reference: Reference) -> Target:
    exact = folder.parts.get((reference.name, reference.version or 0))
    found = folder.found.get(reference.name)
    if exact is None and found is not None:
        return part_of(found.document)
    others = (document for (name, _), document in sorted(folder.parts.items()) if name == reference.name)
    document = exact or next(others, None)
    return Absence.PROMPT if document is None else part_of(document)
