"""References: the prompts whose texts are parts of another, as the server tells of them beside the assembled text. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A prompt whose text is a part of another, the version that was served, and the label that selected it.

    ``label`` is `None` if the reference names the version itself.
    """

    name: str
    version: int
    label: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


def read_references(rows: object) -> tuple[Reference, ...] | None:
    """Return the references of a prompt object, none if ``rows`` is `None`. Returns `None` if they are not in their form."""
    if rows is None:
        return ()
    found = [_read_reference(row) for row in rows] if isinstance(rows, list) else [None]
    known = tuple(reference for reference in found if reference is not None)
    return known if len(known) == len(found) else None


def _read_reference(row: object) -> Reference | None:
    if not isinstance(row, dict):
        return None
    name, version, label = row.get("name"), row.get("version"), row.get("label")
    if not isinstance(name, str) or not isinstance(version, int) or isinstance(version, bool):
        return None
    return Reference(name, version, label) if isinstance(label, (str, type(None))) else None
