"""Bringing two changes of the same chat messages together: message by message, and within one line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from promptuary.differences import ChunkKind, Stretch, merge_configs, merge_items
from promptuary.differences.configs import is_equal, show_path
from promptuary.model.chat_texts import chat_texts
from promptuary.model.chats import Entry, placeholder_name, readable_entry
from promptuary.model.json_text import dump
from promptuary.web.forms import Form
from promptuary.web.prompts.conflicts import Conflict, Part, Piece, decide_lines, value_conflict
from promptuary.web.prompts.entry_matching import are_moved, match_entries, put_in_order

Chat = list[Entry]
Numbers = Sequence[int | None]

_ORDER = "order-of-messages"


def merge_messages(base: Chat, theirs: Chat, yours: Chat, *, choices: Form) -> tuple[list[Piece], Chat]:
    """Return the stretches of three lists of messages, and the list to take where all of them are decided.

    Where one side moved messages, all three are merged in its order. Where both did, their order is chosen first.
    """
    if _are_same(base, theirs) or _are_same(base, yours) or _are_same(theirs, yours):
        return _merge_in_order((base, theirs, yours), choices, prefix="")
    numbers = match_entries(theirs, base), match_entries(yours, base)
    if not any(map(are_moved, numbers)):
        return _merge_in_order((base, theirs, yours), choices, prefix="")
    of_theirs, of_yours = numbers
    if are_moved(of_theirs) and are_moved(of_yours) and not _have_same_order(of_theirs, of_yours):
        title = "Both of you moved messages. Choose the order"
        conflict = _choice_of({"theirs": theirs, "yours": yours}, base, key=_ORDER, title=title, choices=choices)
        if conflict.is_open:
            return [conflict], []
        pieces, merged = _merge_as(base, theirs, yours, numbers, choices=choices, order=conflict.chosen)
        return [conflict, *pieces], merged
    return _merge_as(base, theirs, yours, numbers, choices=choices, order="theirs" if are_moved(of_theirs) else "yours")


def _merge_as(
    base: Chat, theirs: Chat, yours: Chat, numbers: tuple[Numbers, Numbers], *, choices: Form, order: str
) -> tuple[list[Piece], Chat]:
    """Merge three lists in the order of one side."""
    of_theirs, of_yours = numbers
    wanted = of_theirs if order == "theirs" else of_yours
    three = (
        put_in_order(base, range(len(base)), wanted),
        put_in_order(theirs, of_theirs, wanted),
        put_in_order(yours, of_yours, wanted),
    )
    return _merge_in_order(three, choices, prefix=f"{order}-")


def _have_same_order(one: Numbers, other: Numbers) -> bool:
    common = {number for number in one if number is not None} & {number for number in other if number is not None}
    return [number for number in one if number in common] == [number for number in other if number in common]


def _are_same(one: Chat, other: Chat) -> bool:
    return dump(one) == dump(other)


def _merge_in_order(chats: tuple[Chat, Chat, Chat], choices: Form, *, prefix: str) -> tuple[list[Piece], Chat]:
    """Merge three lists in which no message was moved. Keys of choices begin with ``prefix``.

    Messages that all three have in common tell what belongs together. Between two of these, as many messages of the same roles
    in all three are versions of each other; anything else that both changed is taken as a whole, theirs, yours or both.
    """
    parts: list[Piece] = []
    merged: Chat = []
    for number, stretch in enumerate(merge_items(*([dump(message) for message in chat] for chat in chats))):
        three = _cut(chats, stretch)
        if stretch.kind is not ChunkKind.CONFLICT:
            taken = three[1] if stretch.kind is ChunkKind.THEIRS else three[2]
            parts += _shown(taken, stretch.kind)
            merged += taken
        elif _have_same_roles(three):
            for place, versions in enumerate(zip(*three, strict=True)):
                pieces, message = _merge_message(versions, key=f"{prefix}message-{number}-{place}", choices=choices)
                parts += pieces
                merged.append(message)
        else:
            conflict, taken = _whole(three, key=f"{prefix}messages-{number}", choices=choices)
            parts.append(conflict)
            merged += taken
    return parts, merged


def _cut(chats: tuple[Chat, Chat, Chat], stretch: Stretch) -> tuple[Chat, Chat, Chat]:
    base, theirs, yours = (chat[place] for chat, place in zip(chats, stretch.places, strict=True))
    return base, theirs, yours


def _have_same_roles(three: Sequence[Chat]) -> bool:
    base, theirs, yours = ([(entry.get("role"), placeholder_name(entry)) for entry in chat] for chat in three)
    return base == theirs == yours


def _shown(chat: Chat, kind: ChunkKind) -> list[Part]:
    return [Part(entry.text, kind, role=entry.heading, rest=entry.rest) for entry in map(readable_entry, chat)]


def _choice_of(offered: Mapping[str, Chat], base: Chat, *, key: str, title: str, choices: Form) -> Conflict:
    before, *shown = chat_texts(base, *offered.values())
    return Conflict(key, title, before, dict(zip(offered, shown, strict=True)), choices.get(key))


def _whole(three: tuple[Chat, Chat, Chat], *, key: str, choices: Form) -> tuple[Conflict, Chat]:
    base, theirs, yours = three
    offered = {"theirs": theirs, "yours": yours}
    if theirs and yours:
        offered["both"] = theirs + yours
    conflict = _choice_of(offered, base, key=key, title="Both of you changed these messages", choices=choices)
    return conflict, offered.get(conflict.chosen, [])


def _merge_message(versions: Sequence[Entry], *, key: str, choices: Form) -> tuple[list[Piece], Entry]:
    """Bring three versions of a message or placeholder together: its text line by line, everything else key by key."""
    kind = _who_changed(*versions)
    if kind is not ChunkKind.CONFLICT:
        taken = versions[1] if kind is ChunkKind.THEIRS else versions[2]
        return list(_shown([taken], kind)), taken
    lines: list[Piece] = []
    conflicts: list[Piece] = []
    disputed: set[str] = set()

    def decide(path: str, *values: object) -> object:
        if path == "content" and all(isinstance(value, str) for value in values):
            stretches = list(decide_lines(*map(str, values), key=f"{key}-text", choices=choices))
            lines.extend(piece for piece, _ in stretches)
            return "".join(text for _, text in stretches)
        title = f"Both of you changed {path} in this message"
        conflict = value_conflict(values, key=f"{key}.{path}", title=title, choices=choices)
        conflicts.append(conflict)
        disputed.add(path)
        return values[1] if conflict.chosen == "theirs" else values[2]

    base, theirs, yours = versions
    merged = merge_configs(base, theirs, yours, decide) or {}
    # What is offered as a choice is not shown as settled. Nested keys are shown with the key at the top.
    settled = {name: value for name, value in merged.items() if not any(_is_in(path, name) for path in disputed)}
    shown = readable_entry(_bare(base) | settled)
    if not lines and "content" in settled:
        lines.append(Part(shown.text, _who_changed(*(version.get("content") for version in versions))))
    if shown.rest:
        lines.append(Part("", ChunkKind.UNCHANGED, rest=shown.rest))
    # Each may have removed the other half of a placeholder's fields, and only its name is left.
    first, *others = [*lines, *conflicts] or [Part("", ChunkKind.UNCHANGED)]
    return [replace(first, role=shown.heading), *others], merged


def _bare(entry: Entry) -> Entry:
    name = placeholder_name(entry)
    return {"placeholder": name} if name else {"role": entry["role"], "content": ""}


def _is_in(path: str, name: str) -> bool:
    shown = show_path((name,))
    return path == shown or path.startswith(f"{shown}.")


def _who_changed(base: object, theirs: object, yours: object) -> ChunkKind:
    if is_equal(theirs, yours):
        return ChunkKind.UNCHANGED if is_equal(base, yours) else ChunkKind.ALIKE
    if is_equal(base, theirs):
        return ChunkKind.YOURS
    return ChunkKind.THEIRS if is_equal(base, yours) else ChunkKind.CONFLICT
