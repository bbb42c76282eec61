"""In which order the lines of an export come, and what must be together."""

from promptuary.model.errors import InvalidLine
from promptuary.model.prompts import MAX_LABELS
from promptuary.model.transfer import LabelLine, Line, PromptLine, VersionLine


class Order:
    """Follows lines one by one and refuses the first that does not belong where it is.

    Prompts are ordered by name and then by their first moment, versions by number, labels by name. A whole file has all versions of
    each prompt; a batch of it may begin in the middle of one.
    """

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole
        self._prompt: PromptLine | None = None
        self._is_name_active = False
        self._last_version = 0
        self._labels: list[str] = []

    def take(self, line: Line, number: int) -> None:
        """Advance by one line. Raises `InvalidLine`."""
        if isinstance(line, PromptLine):
            self._begin(line, number)
        elif self._prompt is None:
            raise InvalidLine(number, "it belongs to no prompt")
        elif isinstance(line, VersionLine):
            self._take_version(self._prompt, line, number)
        else:
            self._take_label(self._prompt, line, number)

    def finish(self, number: int) -> None:
        """End at the line of this number, which is none of a prompt's. Raises `InvalidLine`."""
        if self._is_whole and self._prompt is not None and not self._last_version:
            raise InvalidLine(number, f"the versions of prompt '{self._prompt.name}' are missing before it")

    def _begin(self, line: PromptLine, number: int) -> None:
        self.finish(number)
        if self._prompt is not None and line.identity <= self._prompt.identity:
            raise InvalidLine(number, "prompts are not in order, or it is there twice")
        is_other = self._prompt is None or line.name != self._prompt.name
        self._is_name_active = self._is_name_active and not is_other
        if self._is_name_active and line.archived_at is None:
            raise InvalidLine(number, f"two active prompts are named '{line.name}'")
        self._is_name_active = self._is_name_active or line.archived_at is None
        self._prompt, self._last_version, self._labels = line, 0, []

    def _take_version(self, prompt: PromptLine, line: VersionLine, number: int) -> None:
        if self._labels:
            raise InvalidLine(number, "versions come before labels")
        if (self._last_version or self._is_whole) and line.version != self._last_version + 1:
            raise InvalidLine(number, f"version {self._last_version + 1} is expected, not {line.version}")
        if line.version == 1 and line.created_at != prompt.created_at:
            raise InvalidLine(number, "version 1 is created together with its prompt")
        self._last_version = line.version

    def _take_label(self, prompt: PromptLine, line: LabelLine, number: int) -> None:
        if prompt.archived_at is not None:
            raise InvalidLine(number, "archived prompts have no labels")
        if self._is_whole and line.version > self._last_version:
            raise InvalidLine(number, f"there is no version {line.version}")
        if self._labels and line.name <= self._labels[-1]:
            raise InvalidLine(number, "labels are not in order, or it is there twice")
        if len(self._labels) >= MAX_LABELS:
            raise InvalidLine(number, f"a prompt has at most {MAX_LABELS} labels")
        self._labels.append(line.name)
