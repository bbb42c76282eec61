"""Conflicts of two changes: ranges that are merged, and ranges for which the user has to choose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptuary.differences import ChunkKind, merge_texts
from promptuary.differences.configs import Missing
from promptuary.model.json_text import dump_indented
from promptuary.web.forms import Form


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that both changed. ``key`` names the field of the form by which it is decided. ``role`` is as in `Part`."""

    key: str
    title: str
    base: str
    choices: Mapping[str, str]
    chosen: str
    role: str = ""

    @property
    def is_open(self) -> bool:
        """`True` if no choice is made yet."""
        return self.chosen not in self.choices


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch that is decided; ``origin`` tells who changed it. ``role`` is that of a chat message that begins with it.

    ``rest`` is what the message has beside its role and text.
    """

    text: str
    origin: ChunkKind
    role: str = ""
    rest: str = ""


Piece = Conflict | Part


def decide_lines(base: str, theirs: str, yours: str, *, key: str, choices: Form) -> Iterator[tuple[Piece, str]]:
    """Bring three texts together line by line; yield each stretch with the text to take, empty while no choice is made."""
    line_end = "\r\n" if "\r\n" in base else "\n"
    for number, chunk in enumerate(merge_texts(base, theirs, yours)):
        if chunk.merged is not None:
            yield Part(chunk.merged, chunk.kind), chunk.merged
            continue
        # The last line of a text often has no end of its own.
        between = line_end if chunk.theirs and chunk.yours and not chunk.theirs.endswith("\n") else ""
        offered = {"theirs": chunk.theirs, "yours": chunk.yours, "both": chunk.theirs + between + chunk.yours}
        name = f"{key}-{number}"
        conflict = Conflict(name, "Both of you changed these lines", chunk.base, offered, choices.get(name))
        yield conflict, offered.get(conflict.chosen, "")


def value_conflict(values: Sequence[object], *, key: str, title: str, choices: Form) -> Conflict:
    """Offer two JSON values that both changed; ``values`` are that before, theirs and yours."""
    before, theirs, yours = ("" if isinstance(value, Missing) else dump_indented(value) for value in values)
    return Conflict(key, title, before, {"theirs": theirs, "yours": yours}, choices.get(key))
