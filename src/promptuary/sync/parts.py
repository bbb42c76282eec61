"""Versions of a server that others refer to: what references mean there, and what a folder keeps of them."""

from collections.abc import Iterable, Iterator, Mapping

from promptuary.files import Document, Folder, LockedReference, LockEntry, PartKey, content_sha256
from promptuary.model.assembly import Absence, Part, Target, Targets
from promptuary.model.contracts import encode_contract
from promptuary.model.json_text import dump
from promptuary.model.references import Reference, count_references
from promptuary.remote import Missing, RemotePrompts, ServerReference


class ServerParts:
    """Reads the versions that references mean on a server; each version, and each label, once."""

    def __init__(self, prompts: RemotePrompts) -> None:
        self._prompts = prompts
        self._documents: dict[PartKey, tuple[Document, tuple[ServerReference, ...]] | None] = {}
        self._labels: dict[str, Mapping[str, int] | None] = {}

    def references_of(self, name: str, version: int, content: object) -> tuple[LockedReference, ...]:
        """Return the references of a version and of its parts, in the order in which tags are met; none if the server has none."""
        if not count_references(dump(content)):
            return ()
        found: dict[Reference, LockedReference] = {}
        self._collect(name, version, found)
        return tuple(found.values())

    def assume(self, name: str, label: str, version: int) -> None:
        """Let a label point at a version, as it would after a move."""
        self._version_of(Reference(name, label=label))
        self._labels[name] = {**(self._labels[name] or {}), label: version}

    def document(self, name: str, version: int) -> Document | None:
        """Return a version that is a part of others, `None` if the server does not have it."""
        read = self._read(name, version)
        return None if read is None else read[0]

    def part(self, name: str, version: int | None) -> Target:
        """Return a version as a part of an assembled text."""
        document = None if version is None else self.document(name, version)
        return Absence.VERSION if document is None else part_of(document)

    def pulled_targets(self, entry: LockEntry) -> Targets:
        """Return the parts of a pulled version, as they were when it was pulled."""
        return {each.reference: self.part(each.name, each.resolved_version) for each in entry.references}

    def current_targets(self, content: object) -> Targets:
        """Return the parts of a content, at the versions that its references mean now."""
        found: dict[Reference, Target] = {}
        pending = list(count_references(dump(content)))
        for reference in pending:
            if reference not in found:
                found[reference] = target = self.part(reference.name, self._version_of(reference))
                pending += target.references if isinstance(target, Part) else ()
        return found

    def _collect(self, name: str, version: int, found: dict[Reference, LockedReference]) -> None:
        read = self._read(name, version)
        for each in read[1] if read else ():
            if each.reference in found:
                continue
            document = None if each.resolved_version is None else self.document(each.name, each.resolved_version)
            resolved = None if document is None else each.resolved_version
            sha256 = None if document is None else content_sha256(document.content)
            found[each.reference] = LockedReference(each.name, each.label, each.version, resolved, sha256)
            if resolved is not None:
                self._collect(each.name, resolved, found)

    def _read(self, name: str, version: int) -> tuple[Document, tuple[ServerReference, ...]] | None:
        key = name, version
        if key not in self._documents:
            try:
                answer = self._prompts.resolve(name, version=version)
            except Missing:
                self._documents[key] = None
                return None
            row = answer["prompt"]
            self._labels.setdefault(name, {label["name"]: label["version"] for label in answer["labels"]})
            document = Document(name, row["prompt"], version=version, contract=row.get("variables"))
            self._documents[key] = document, answer.get("references", ())
        return self._documents[key]

    def _version_of(self, reference: Reference) -> int | None:
        if reference.label is None:
            return reference.version
        if reference.name not in self._labels:
            try:
                labels = self._prompts.resolve(reference.name)["labels"]
                self._labels[reference.name] = {label["name"]: label["version"] for label in labels}
            except Missing:
                self._labels[reference.name] = None
        return (self._labels[reference.name] or {}).get(reference.label)


def part_of(document: Document) -> Part:
    """Return a document as a part of an assembled text."""
    stored = encode_contract(document.contract)
    return Part(document.name, document.version or 1, f"{document.name}@{document.version}", dump(document.content), stored)


def needed_parts(entries: Iterable[LockEntry]) -> Iterator[LockedReference]:
    """Yield the references of entries whose versions are none of the entries; each version once."""
    entries = list(entries)
    own = {(entry.name, entry.version) for entry in entries}
    for reference in (each for entry in entries for each in entry.references):
        key = reference.name, reference.resolved_version or 0
        if reference.resolved_version is not None and key not in own:
            own.add(key)
            yield reference


def keep_parts(folder: Folder, entries: Iterable[LockEntry], server: ServerParts) -> dict[PartKey, Document]:
    """Return the versions to keep beside the files of entries: those of the folder that are intact, and others of the server."""
    kept: dict[PartKey, Document] = {}
    for reference in needed_parts(entries):
        key = reference.name, reference.resolved_version or 0
        found = folder.parts.get(key)
        if found is None or content_sha256(found.content) != reference.sha256:
            found = server.document(*key)
        if found is not None:
            kept[key] = found
    return kept
