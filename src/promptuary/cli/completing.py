"""Names that shells complete: of prompts and labels, asked of the server, and of profiles.

A person waits for it in the middle of a line, so the server gets a second, and errors are silent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import typer

from promptuary.model.errors import UserFacingError

VARIABLE = "_PROMPTUARY_COMPLETE"
"""Variable by which the script of a shell asks for completions."""

_TIMEOUT_SECONDS = 1.0
_MAX_ROWS = 1000


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of prompts that begin like this."""
    found: list[str] = []
    with _silently():
        found += (str(row["name"]) for row in _rows(ctx, incomplete))
    return [name for name in found if name.startswith(incomplete)]


def complete_labels(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of labels that begin like this: those of the prompt that is named, or else of all."""
    name = ctx.params.get("name")
    found: set[str] = set()
    with _silently():
        rows = _rows(ctx, name if isinstance(name, str) else "")
        found |= {label["name"] for row in rows if name in {None, row["name"]} for label in row["all_labels"]}
    return sorted(label for label in found if label.startswith(incomplete))


def complete_profiles(incomplete: str) -> list[str]:
    """Return names of profiles that begin like this."""
    found: list[str] = []
    with _silently():
        from promptuary.remote import profiles  # noqa: PLC0415 - no command waits for what only shells ask

        found += sorted(profiles.read_profiles())
    return [name for name in found if name.startswith(incomplete)]


def _rows(ctx: typer.Context, search: str) -> Iterator[dict[str, Any]]:
    """Read the prompts of the profile that the command line names so far."""
    from promptuary.remote import Remote, RemotePrompts, read_profile  # noqa: PLC0415 - the same

    with Remote(read_profile(ctx.params.get("profile")), time_limit=_TIMEOUT_SECONDS) as remote:
        yield from islice(RemotePrompts(remote).iterate_plain(search=search or None), _MAX_ROWS)


@contextmanager
def _silently() -> Iterator[None]:
    try:
        yield
    except UserFacingError:
        # A shell has no place for it, and the command itself will say it.
        return
