"""Dividing lines of an export into batches that a server takes in."""

from collections.abc import Iterable, Iterator

MAX_LINES = 2000
MAX_BYTES = 4_000_000

_PROMPT = b'{"type": "prompt"'


def batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Divide lines without their ends; if a prompt continues in the next batch, its own line is repeated there."""
    batch: list[bytes] = []
    size = 0
    prompt = b""
    for line in lines:
        is_prompt = line.startswith(_PROMPT)
        if batch and (len(batch) >= MAX_LINES or size + len(line) > MAX_BYTES):
            # A prompt's line alone says nothing.
            if not is_prompt and batch[-1] is prompt:
                batch.pop()
            if batch:
                yield batch
            batch = [] if is_prompt else [prompt]
            size = sum(map(len, batch))
        if is_prompt:
            prompt = line
        batch.append(line)
        size += len(line)
    if batch:
        yield batch
