"""The steps of a plan, performed prompt by prompt. Each is one transaction of the server, and nothing is written to the folder.

A step that was overtaken by another change is a conflict and changes nothing; the next plan takes the change into account. An
interruption loses nothing: what was published is recognised by the next plan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from promptuary.files import Folder
from promptuary.model.change_requests import MAX_TITLE
from promptuary.model.text import counted
from promptuary.remote import Conflict, Protected, RemoteError, RemotePrompts, RemoteRequests, Unreachable
from promptuary.sync.merging import Draft, is_same
from promptuary.sync.origins import without_origin
from promptuary.sync.planning import Change, Step
from promptuary.sync.tag_places import place_of_refusal

_OVERTAKEN = "was changed just now; run the command again"


@dataclass(slots=True)
class Proposal:
    """Moves of labels that are proposed in a change request instead of being made. ``opened`` is the request, when it is open."""

    title: str
    moves: list[dict[str, Any]] = field(default_factory=list)
    opened: dict[str, Any] | None = None


def apply_changes(
    planned: Sequence[Change], folder: Folder, prompts: RemotePrompts, proposal: Proposal | None = None
) -> Iterator[Change]:
    """Perform the steps and yield each as it was done. With a ``proposal``, labels are not moved but added to it."""
    waiting = _waiting(prompts) if proposal is not None else set()
    for number, change in enumerate(planned):
        try:
            yield _applied(change, folder, prompts, proposal, waiting)
        except Unreachable as error:
            rest = counted(len(planned) - number, "prompt")
            raise Unreachable(f"{error} {rest} from {change.name} on were not applied; run the command again.") from None


def open_proposal(proposal: Proposal, prompts: RemotePrompts) -> None:
    """Open a change request with all moves of a proposal, if it has any."""
    if proposal.moves:
        proposal.opened = RemoteRequests(prompts.remote).open(proposal.title[:MAX_TITLE], proposal.moves)


def _applied(
    change: Change, folder: Folder, prompts: RemotePrompts, proposal: Proposal | None, waiting: set[tuple[object, ...]]
) -> Change:
    if not change.step.is_change:
        return change
    if proposal is not None and change.step is Step.LABEL and (change.name, change.label, change.version) in waiting:
        return replace(change, step=Step.WAITING, detail="an open change request has this move")
    try:
        done = _performed(change if proposal is None else replace(change, label=None), prompts)
    except Unreachable:
        raise
    except RemoteError as error:
        return replace(change, step=Step.CONFLICT, detail=_refusal(change, folder, error))
    if proposal is not None and change.label is not None and done.version is not None:
        proposal.moves.append({"name": change.name, "label": change.label, "version": done.version})
        return replace(done, label=change.label, detail=f"{change.label} is proposed")
    return done


def _refusal(change: Change, folder: Folder, error: RemoteError) -> str:
    if isinstance(error, Conflict):
        return f"it {_OVERTAKEN}"
    if isinstance(error, Protected):
        return f"{error} Propose the move at {error.address}, or with --request."
    place = None if change.draft is None else place_of_refusal(folder, change.file, change.draft.content, error)
    return f"{place}: {error}" if place else str(error)


def _performed(change: Change, prompts: RemotePrompts) -> Change:
    """Do a step; a label is moved with the publication, in one transaction. Raises `RemoteError`."""
    labels = [] if change.label is None else [change.label]
    draft = change.draft or Draft("", None)
    match change.step:
        case Step.CREATE:
            config, contract = draft.config, draft.contract
            created = prompts.create(
                change.name, draft.content, config=config, contract=contract, description=change.note, labels=labels
            )
            return replace(change, version=created["version"])
        case Step.LABEL:
            if change.label is not None:
                expected, reason = change.label_version, without_origin(change.note)
                prompts.set_label(change.name, change.label, change.version or 0, expected_version=expected, reason=reason)
            return change
        case Step.ARCHIVE:
            if prompts.resolve(change.name)["prompt"]["version"] != change.version:
                raise Conflict(_OVERTAKEN)
            prompts.archive(change.name)
            return change
    if change.label is not None:
        _require_label_at(change, prompts)
    published = prompts.publish(change.name, change.version or 0, _edits(change, draft), description=change.note, labels=labels)
    return replace(change, version=published["version"])


def _require_label_at(change: Change, prompts: RemotePrompts) -> None:
    """Raise `Conflict` if the label is not where it was planned from: a publication moves it from wherever it is."""
    labels = {label["name"]: label["version"] for label in prompts.resolve(change.name)["labels"]}
    if labels.get(change.label or "") != change.label_version:
        raise Conflict(_OVERTAKEN)


def _edits(change: Change, draft: Draft) -> dict[str, object]:
    theirs = change.theirs or Draft(None, None)
    values = {
        "prompt": (draft.content, theirs.content),
        "config": (draft.config, theirs.config),
        "variables": (draft.contract, theirs.contract),
    }
    return {field: mine for field, (mine, other) in values.items() if not is_same(mine, other)}


def _waiting(prompts: RemotePrompts) -> set[tuple[object, ...]]:
    requests = RemoteRequests(prompts.remote).list_requests("open")
    return {(move["name"], move["label"], move["to_version"]) for request in requests for move in request["moves"]}
