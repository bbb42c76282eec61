"""Bringing a proposal together with the version that somebody else published meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from promptuary.differences import Chunk, ChunkKind, merge_configs, merge_texts
from promptuary.differences.configs import Missing
from promptuary.model.json_text import dump_indented
from promptuary.model.prompts import Version
from promptuary.web.forms import Form
from promptuary.web.proposals import Proposal, proposal_of


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that both changed. ``key`` names the field of the form by which it is decided."""

    key: str
    title: str
    base: str
    choices: Mapping[str, str]
    chosen: str

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet."""
        return self.chosen not in self.choices


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text that is decided; ``origin`` tells who changed it."""

    text: str
    origin: ChunkKind


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of two changes. ``proposal`` goes on top of the other one's version; `None` while something is to be decided."""

    parts: list[Conflict | Part]
    proposal: Proposal | None


def reconcile(base: Version, latest: Version, proposal: Proposal, *, choices: Form) -> Reconciled:
    """Bring a proposal that began from ``base`` together with ``latest``. ``choices`` may hold what was decided.

    Decisions are taken only for the version they were made for, which the field ``theirs`` tells. Raises `InvalidValue` for a
    config that is none.
    """
    is_decided = choices.get("theirs") == str(latest.version)
    parts: list[Conflict | Part] = []
    texts: list[str] = []
    for number, chunk in enumerate(merge_texts(proposal_of(base).text, proposal_of(latest).text, proposal.text)):
        key = f"text-{number}"
        part, text = _decided(chunk, key, choices.get(key) if is_decided else "")
        parts.append(part)
        texts.append(text)
    config = _reconcile_config(base, latest, proposal, choices if is_decided else Form({}), parts)
    if any(isinstance(part, Conflict) and part.is_open for part in parts):
        return Reconciled(parts, None)
    return Reconciled(parts, replace(proposal, text="".join(texts), config=config, base_version=latest.version))


def _decided(chunk: Chunk, key: str, chosen: str) -> tuple[Conflict | Part, str]:
    if chunk.merged is not None:
        return Part(chunk.merged, chunk.kind), chunk.merged
    choices = {"theirs": chunk.theirs, "yours": chunk.yours, "both": chunk.theirs + chunk.yours}
    return Conflict(key, "Both of you changed these lines", chunk.base, choices, chosen), choices.get(chosen, "")


def _reconcile_config(base: Version, latest: Version, proposal: Proposal, form: Form, parts: list[Conflict | Part]) -> str:
    def decide(path: str, before: object, theirs: object, yours: object) -> object:
        key = f"config-{path}"
        choices = {"theirs": _shown(theirs), "yours": _shown(yours)}
        parts.append(Conflict(key, f"Both of you changed {path} in the config", _shown(before), choices, form.get(key)))
        return theirs if form.get(key) == "theirs" else yours

    merged = merge_configs(base.config, latest.config, proposal.config_object, decide)
    return "" if merged is None else dump_indented(merged)


def _shown(value: object) -> str:
    return "" if isinstance(value, Missing) else dump_indented(value)
