"""Facts of an answer that shows a prompt, for a cache in front of the application that made it."""

from dataclasses import dataclass

from promptuary.model.usage import FetchKey


@dataclass(frozen=True, slots=True)
class Answered:
    """The version that an answer shows, and all that the answer depends on."""

    project_id: int
    names: frozenset[str]
    """The names of the prompts whose changes make the answer out of date."""
    version_id: str
    label: str
    """The label that the version was asked for by, empty for none."""
    part_ids: tuple[str, ...] = ()
    """The versions whose texts are parts of the one that the answer shows."""

    def fetch_key(self, key_id: str) -> FetchKey:
        """Return the key by which fetches of the answer with an API key are counted."""
        return FetchKey(self.version_id, key_id, self.label, self.part_ids)
