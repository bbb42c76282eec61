"""Warnings of hidden characters, on standard error. They change neither what a command does nor its exit status."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from promptuary.cli.output import say
from promptuary.files import Folder
from promptuary.model.hidden_places import HiddenPlace, Passage, locate_added, locate_hidden, passages_of
from promptuary.model.json_text import InvalidJson, parse
from promptuary.model.text import counted
from promptuary.remote import RemoteError, RemotePrompts
from promptuary.sync import Push

_MAX_PLACES = 10


def warn_of_files(folder: Folder) -> None:
    """Warn of all hidden characters in the prompts of a folder."""
    for _, found in sorted(folder.found.items()):
        places = locate_hidden(passages_of(found.document.content, found.document.config))
        _warn(f"{folder.path / found.file} has", places)


def warn_of_push(push: Push) -> None:
    """Warn of the hidden characters that a pushed prompt has more of than the version it is published on."""
    if push.draft is not None:
        base = () if push.theirs is None else passages_of(push.theirs.content, push.theirs.config)
        warn_of_added(push.name, base, passages_of(push.draft.content, push.draft.config))


def warn_of_added(name: str, before: Sequence[Passage], after: Sequence[Passage]) -> None:
    """Warn of the hidden characters that a prompt has more of than before."""
    _warn(f"{name} has", locate_added(before, after), new="new " if before else "")


def passages_of_changes(changes: Mapping[str, object]) -> tuple[Passage, ...]:
    """Return the texts of what is published: ``prompt``, ``config``, or both."""
    return passages_of(changes.get("prompt", ""), changes.get("config"))


def read_base(prompts: RemotePrompts, name: str, version: int, changes: Mapping[str, object]) -> tuple[Passage, ...]:
    """Read what the changes replace in the version that they are made from, if they have hidden characters; else ask nothing."""
    if next(locate_hidden(passages_of_changes(changes)), None) is None:
        return ()
    try:
        base = prompts.resolve(name, version=version)["prompt"]
    except RemoteError:
        # The server says what is wrong when the version is published.
        return ()
    if isinstance(changes.get("prompt"), (list, dict)):
        base["prompt"] = _value_of(base["prompt"])
    return passages_of_changes({field: base[field] for field in changes if field in base})


def _value_of(text: str) -> object:
    try:
        return parse(text)
    except InvalidJson:
        return text


def _warn(subject: str, places: Iterable[HiddenPlace], *, new: str = "") -> None:
    remaining = iter(places)
    shown = list(islice(remaining, _MAX_PLACES))
    if not shown:
        return
    more = sum(1 for _ in remaining)
    say(f"Warning: {subject} {counted(len(shown) + more, f'{new}hidden character')}:", err=True)
    for place in shown:
        say(f"  {place.describe()}", err=True)
    if more:
        say(f"  and {more:,} more", err=True)
