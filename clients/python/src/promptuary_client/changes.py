"""Changes: entries of the server's change log with the prompts that they concern, and changes of what a client serves. No I/O."""

from dataclasses import dataclass, field

from promptuary_client.prompts import Content, Prompt, PromptKey
from promptuary_client.references import Reference

RESET = "reset"
"""Kind of a `Change` in place of those that are no longer in the log."""

REFRESHED = "refreshed"
"""Kind of a `ChangeEvent` without an entry of the change log."""


@dataclass(frozen=True)
class Change:
    """Entry of the server's change log. Fields that do not apply to its ``kind`` are `None`.

    ``kind`` is for example "prompt.published" or "label.moved", and ``name`` that of the prompt. ``version`` is the version that
    was published or that the label points at now. ``affected_prompts`` have another text since, because they refer to the prompt.
    ``actor`` is the e-mail address of the user, and ``cursor`` the position in the log. "reset" stands for changes that are no
    longer in the log: what was derived from the log has to be made again.
    """

    kind: str
    name: str | None
    version: int | None = None
    label: str | None = None
    from_version: int | None = None
    to_version: int | None = None
    affected_prompts: frozenset[str] = frozenset()
    actor: str | None = None
    created_at: str | None = None
    cursor: str | None = None

    @property
    def is_of_label(self) -> bool:
        """True if only a label has changed."""
        return self.kind.startswith("label.") and self.label is not None

    def concerns(self, key: PromptKey, known: Content | None = None) -> bool:
        """Return `True` if this change may change the content of a key. ``known`` is that which the client has."""
        if key.name == self.name:
            return self._concerns_own(key)
        if not key.resolve:
            return False
        # Old versions without a label are not among the affected ones, but may be known with their parts.
        parts = () if known is None else known.references
        return key.name in self.affected_prompts or any(each.name == self.name and self._concerns_own(_key(each)) for each in parts)

    def _concerns_own(self, key: PromptKey) -> bool:
        if self.is_of_label:
            return key.label == self.label
        if self.kind == "prompt.published":
            return key.version is None and key.label is None
        # The copy is reported as a prompt that was created.
        return self.kind != "prompt.duplicated"

    def comes_after(self, key: PromptKey, content: Content) -> bool:
        """Return `True` if a content is older than this change."""
        if key.name != self.name:
            is_old = self.is_of_label and self.from_version is not None
            return is_old and Reference(str(self.name), self.from_version or 0, self.label) in content.references
        if key.version is not None or content.version is None:
            return False
        if self.is_of_label:
            return content.version == self.from_version
        return self.kind == "prompt.published" and self.version is not None and content.version < self.version


@dataclass(frozen=True)
class ChangeEvent:
    """Argument of ``on_change``: a fetch of ``key`` returns other content than before.

    ``prompt`` is the new content, and ``previous_version`` the version that was served before, `None` if that was a fallback. The
    versions are equal if only a part of the prompt has changed. ``change`` is the entry of the change log, if it came with
    the stream of changes.
    """

    key: PromptKey
    prompt: Prompt = field(repr=False)
    previous_version: int | None
    change: Change | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """The kind of the ``change``, such as "label.moved", or "refreshed" without one."""
        return REFRESHED if self.change is None else self.change.kind

    @property
    def name(self) -> str:
        """The name of the prompt."""
        return self.key.name

    @property
    def label(self) -> str | None:
        """The label that is fetched, `None` for a version and for the latest one."""
        return self.key.label

    @property
    def version(self) -> int | None:
        """The version that is served now."""
        return self.prompt.version


def _key(reference: Reference) -> PromptKey:
    return PromptKey(reference.name, None if reference.label else reference.version, reference.label)
