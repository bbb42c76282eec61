"""Texts on their way through a browser, which shows every line end as LF, and NUL as a replacement character.

Unchanged parts get the characters of the original back.
"""

import re
from collections import Counter

from promptuary.differences.hunks import split_lines
from promptuary.differences.matching import Block, matching_blocks

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_CHARACTER = re.compile(r"\r\n|.", re.DOTALL)


def as_browsers_show(text: str) -> str:
    """Return a text as it stands in a field of a form."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def recover(sent: str, original: str) -> str:
    """Return a text that was sent with the characters of ``original`` where both are shown alike.

    An unchanged text is the original. Added text gets the line ends that most lines of the original have.
    """
    shown = as_browsers_show(original)
    if as_browsers_show(sent) == shown:
        return original
    if shown == original:
        return sent
    line_end = next((end for end, _ in Counter(_LINE_END.findall(original)).most_common(1)), "\n")
    lines, sent_lines = _LINE.findall(original), _LINE.findall(sent)
    recovered: list[str] = []
    at = sent_at = 0
    blocks = matching_blocks(split_lines(shown), sent_lines)
    for block in [*blocks, Block(len(lines), len(sent_lines), 0)]:
        changed = "".join(lines[at : block.old]), "".join(sent_lines[sent_at : block.new])
        recovered += [_recover_changed(*changed, line_end), *lines[block.old : block.old + block.length]]
        at, sent_at = block.old + block.length, block.new + block.length
    result, seen = "".join(recovered), as_browsers_show(sent)
    # A kept carriage return before an added line feed would make one line end of two.
    return result if as_browsers_show(result) == seen else seen.replace("\n", line_end)


def _recover_changed(original: str, sent: str, line_end: str) -> str:
    """Return a changed stretch with the original's characters at both ends, as far as they are shown alike."""
    shown, characters = as_browsers_show(original), _CHARACTER.findall(original)
    start = _common_length(shown, sent)
    end = _common_length(shown[start:][::-1], sent[start:][::-1])
    added = sent[start : len(sent) - end].replace("\n", line_end)
    return "".join(characters[:start]) + added + "".join(characters[len(characters) - end :])


def _common_length(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))
