"""The base of a file: the newest version of the server that the file was made with knowledge of.

A version is known to a checkout if the file has its text, if the lock file or the front matter names it, if the user says so, or if
it was published from the files of the same or an older commit, which its description proves (see `promptuary.sync.origins`).
Everything newer was made elsewhere, and has to be merged or reported before something is published on top of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from promptuary.files import FoundFile, LockEntry, hashes_of
from promptuary.model.json_text import InvalidJson, parse
from promptuary.remote import Missing, RemotePrompts, content_of
from promptuary.sync.checkouts import Checkout
from promptuary.sync.merging import Draft, is_same
from promptuary.sync.origins import digest_of, origin_of

_MAX_PAGES = 20
_MAX_PROVED = 50
_MAX_SEARCHED = 20

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Base:
    """A version of the server that a file is based on."""

    version: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class Known:
    """Knowledge of a checkout about versions: its commit, and those that the user has ``seen``, by name."""

    checkout: Checkout
    seen: Mapping[str, int] = field(default_factory=dict)
    trusts_front_matter: bool = True
    """`False` if files are shared by environments, each of which numbers versions for itself."""


class ServerHistory:
    """Versions of a prompt on the server, each read once.

    The API shows every content as text: ``row`` of a list says by its size what the latest one is, and the content of the file,
    ``yours``, what others are taken for.
    """

    def __init__(self, prompts: RemotePrompts, name: str, yours: object, row: Mapping[str, Any] | None = None) -> None:
        self._prompts = prompts
        self._yours = yours
        self.name = name
        self._first = prompts.resolve(name)
        self.latest: int = self._first["prompt"]["version"]
        self.labels: dict[str, int] = {label["name"]: label["version"] for label in self._first["labels"]}
        self._read: dict[int, Line | None] = {self.latest: self._first["prompt"]}
        self._size = row["prompt_size_bytes"] if row is not None and row["version"] == self.latest else None

    @property
    def latest_draft(self) -> Draft:
        """The latest version."""
        shown = self._first["prompt"]
        content = self._value(shown["prompt"]) if self._size is None else content_of(shown["prompt"], self._size)
        return Draft(content, shown["config"], shown.get("variables"))

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the history, newest first."""
        page = self._first
        for _ in range(_MAX_PAGES):
            yield from page["versions"]
            if not page["has_more"] or not page["versions"]:
                return
            page = self._prompts.resolve(self.name, before_version=page["versions"][-1]["version"])

    def draft(self, version: int) -> Draft | None:
        """Return a version, `None` if the server does not have it. Its content is of the same type as that of the file."""
        if version == self.latest:
            return self.latest_draft
        shown = self._shown(version)
        return None if shown is None else Draft(self._value(shown["prompt"]), shown["config"], shown.get("variables"))

    def drafts(self, version: int) -> Iterator[Draft]:
        """Yield a version with its content as a text and, if it may be one, as another value: the API shows both alike."""
        shown = self._shown(version)
        if shown is not None:
            text, rest = shown["prompt"], (shown["config"], shown.get("variables"))
            yield Draft(text, *rest)
            if (value := _parsed(text)) is not None:
                yield Draft(value, *rest)

    def _shown(self, version: int) -> Line | None:
        if version not in self._read:
            try:
                self._read[version] = (
                    self._prompts.resolve(self.name, version=version)["prompt"] if version <= self.latest else None
                )
            except Missing:
                self._read[version] = None
        return self._read[version]

    def _value(self, text: str) -> object:
        value = None if isinstance(self._yours, str) else _parsed(text)
        return text if value is None else value


def find_base(history: ServerHistory, found: FoundFile | None, entry: LockEntry | None, known: Known) -> Base | None:
    """Return the newest version that is known to the checkout, `None` if there is none."""
    yours = None if found is None else draft_of(found)
    if yours is not None and is_same(yours.parts, history.latest_draft.parts):
        return Base(history.latest, yours)
    floor = _stated(history, found, entry, known)
    proved = 0
    for line in history.lines():
        version = line["version"]
        if floor is not None and version <= floor.version:
            break
        origin = origin_of(line["version_description"])
        if origin is None or proved >= _MAX_PROVED:
            continue
        is_own = yours is not None and origin.digest == digest_of(yours)
        if is_own or known.checkout.includes(origin, line["created_at"]):
            proved += 1
            draft = next((each for each in history.drafts(version) if digest_of(each) == origin.digest), None)
            if draft is not None:
                return Base(version, draft)
    return floor if floor is not None or yours is None else _equal(history, yours)


def draft_of(found: FoundFile) -> Draft:
    """Return what a file would publish."""
    return Draft(found.document.content, found.document.config, found.document.contract)


def _stated(history: ServerHistory, found: FoundFile | None, entry: LockEntry | None, known: Known) -> Base | None:
    """Return the newest version that the user, the front matter or the lock file name."""
    stated = [known.seen.get(history.name, 0)]
    locked = None if entry is None else next((each for each in history.drafts(entry.version) if _is_locked(each, entry)), None)
    # A prompt that was archived and created again has other versions of the same numbers.
    if entry is None or locked is not None:
        own = found.document.version if found is not None and known.trusts_front_matter else None
        stated.append(own or 0)
    newest = max((version for version in stated if version <= history.latest), default=0)
    if entry is not None and locked is not None and entry.version >= newest:
        return Base(entry.version, locked)
    draft = history.draft(newest) if newest else None
    return None if draft is None else Base(newest, draft)


def _equal(history: ServerHistory, yours: Draft) -> Base | None:
    """Return the newest of the last versions that the file equals."""
    for version in range(history.latest - 1, max(0, history.latest - 1 - _MAX_SEARCHED), -1):
        draft = history.draft(version)
        if draft is not None and is_same(draft.parts, yours.parts):
            return Base(version, draft)
    return None


def _is_locked(draft: Draft, entry: LockEntry) -> bool:
    return hashes_of(draft.content, draft.config, draft.contract) == entry.hashes


def _parsed(text: str) -> object | None:
    try:
        return parse(text)
    except InvalidJson:
        return None
