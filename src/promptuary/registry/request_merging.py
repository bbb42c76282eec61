"""The moves that change requests propose, the approvals that count, and the merge."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptuary.model.access import Actor, Role
from promptuary.model.change_requests import MAX_MOVES, Approval, ChangeRequest, ProposedMove, RequestState
from promptuary.model.errors import InvalidValue, LabelNotFound, PromptNotFound, RoleTooLow, VersionNotFound
from promptuary.model.label_history import MAX_REASON, MoveCause, MoveKind
from promptuary.model.label_rules import LabelRule, Protection, protection_of_all
from promptuary.model.names import check_label_name
from promptuary.model.release_errors import LabelProtected, MayNotApprove, MissingUser, RequestOutdated
from promptuary.registry.labels import ANYWHERE, ExpectedVersion, require_position
from promptuary.registry.moves import Moves, WantedMove, make_moves
from promptuary.registry.protection import is_breaking
from promptuary.store import label_rules, labels, prompts, versions
from promptuary.store.engine.database import Transaction

OUTDATED = "A label of this change request was moved meanwhile. Refresh the request and look at it again."


@dataclass(frozen=True, slots=True)
class WantedPosition:
    """A version that a label of a prompt is to point at; `None`: the label is to be removed. ``expected`` is where it was seen."""

    name: str
    label: str
    version: int | None
    expected: ExpectedVersion = ANYWHERE


@dataclass(frozen=True, slots=True)
class Merge:
    """The moves of a merged request, as they were wanted and as they were made."""

    wanted: Sequence[WantedMove]
    moves: Moves


def propose(tx: Transaction, actor: Actor, positions: Sequence[WantedPosition]) -> list[ProposedMove]:
    """Return the moves that bring labels to positions from where they are now.

    Raises `InvalidValue` for none, too many, one label twice, or a label that is there already; `PromptNotFound`,
    `VersionNotFound`, `LabelNotFound`, `LabelMoved`.
    """
    if not positions:
        raise InvalidValue("required", "Propose at least one move of a label.", field="moves")
    if len(positions) > MAX_MOVES:
        raise InvalidValue("max_length", f"Propose at most {MAX_MOVES} moves at once.", field="moves")
    if len({(position.name, position.label) for position in positions}) < len(positions):
        raise InvalidValue("invalid", "Propose each label of a prompt once.", field="moves")
    return [_proposed(tx, actor, position) for position in positions]


def protection_of_request(tx: Transaction, actor: Actor, request: ChangeRequest) -> Protection:
    """Return what the rules of the project ask of those who move the labels of a request."""
    return protection_asked(request, label_rules.list_rules(tx, actor.project_id))


def protection_asked(request: ChangeRequest, rules: Sequence[LabelRule]) -> Protection:
    """Return what rules ask of those who move the labels of a request."""
    return protection_of_all((move.label for move in request.moves), rules)


def count_approvals(request: ChangeRequest, rules: Sequence[LabelRule]) -> ChangeRequest:
    """Return a request with its approvals counted, and in the state that they give it."""
    asked = protection_asked(request, rules)
    counted = [replace(approval, counts=_counts(approval, request, asked)) for approval in request.approvals]
    given = sum(approval.counts for approval in counted)
    is_approved = request.state is RequestState.OPEN and asked.approvals and given >= asked.approvals
    state = RequestState.APPROVED if is_approved else request.state
    return replace(request, state=state, approvals=counted, approvals_needed=asked.approvals, approvals_given=given)


def require_may_approve(actor: Actor, request: ChangeRequest, asked: Protection) -> None:
    """Raise `MissingUser`, `RoleTooLow` or `MayNotApprove` if an approval by the actor would not count."""
    if actor.user_id is None:
        raise MissingUser
    if not actor.role.includes(asked.role):
        raise RoleTooLow(asked.role)
    if not asked.allows_own_approval and actor.user_id in request.author_ids:
        raise MayNotApprove


def merge(tx: Transaction, actor: Actor, request: ChangeRequest) -> Merge:
    """Make the moves of a locked request that has its approvals.

    Raises `RoleTooLow`, `RequestOutdated`, `LabelProtected`, `ReleaseRefused`.
    """
    asked = protection_of_request(tx, actor, request)
    if not actor.role.includes(asked.role):
        raise RoleTooLow(asked.role)
    wanted = lock_moves(tx, actor, request.moves)
    _require_current(request, wanted)
    if asked.breaking_needs_admin and not actor.role.includes(Role.ADMIN):
        rules = label_rules.list_rules(tx, actor.project_id)
        for want in wanted:
            _require_not_breaking(tx, actor, want, rules)
    cause = MoveCause(
        MoveKind.CHANGE_REQUEST, request.title[:MAX_REASON], release_id=str(uuid.uuid4()), change_request_id=request.id
    )
    return Merge(wanted, make_moves(tx, actor, wanted, cause))


def lock_moves(tx: Transaction, actor: Actor, proposed: Sequence[ProposedMove]) -> list[WantedMove]:
    """Lock the prompts of proposed moves and return the moves from where the labels are now. Archived prompts are left out."""
    names = [move.name for move in proposed]
    locked = {prompt.id: prompt for prompt in prompts.lock_prompts(tx, project_id=actor.project_id, names=names)}
    wanted: list[WantedMove] = []
    for move in proposed:
        prompt = locked.get(move.prompt_id)
        if prompt is not None:
            present = labels.find_label(tx, prompt.id, move.label)
            target = None if move.to_version is None else versions.find_version(tx, prompt, version=move.to_version)
            wanted.append(WantedMove(prompt, move.label, present, target))
    return wanted


def differs(want: WantedMove) -> bool:
    """Return `True` if a move changes anything."""
    present = None if want.present is None else want.present.version
    return present != (None if want.target is None else want.target.version)


def _proposed(tx: Transaction, actor: Actor, position: WantedPosition) -> ProposedMove:
    check_label_name(position.label, field="moves")
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=position.name)
    if prompt is None:
        raise PromptNotFound(position.name)
    if position.version is not None and position.version > prompt.latest_version:
        raise VersionNotFound(position.name, position.version)
    present = labels.find_label(tx, prompt.id, position.label)
    require_position(present, position.expected)
    current = None if present is None else present.version
    if position.version is None and current is None:
        raise LabelNotFound(position.label, position.name)
    if current == position.version:
        detail = f"Label '{position.label}' of prompt '{position.name}' points at version {current} already."
        raise InvalidValue("invalid", detail, field="moves")
    return ProposedMove(prompt.id, prompt.name, position.label, current, position.version, current)


def _require_current(request: ChangeRequest, wanted: Sequence[WantedMove]) -> None:
    """Raise `RequestOutdated` if labels were moved after the request was read and before its prompts were locked."""
    present = {(want.prompt.id, want.label): None if want.present is None else want.present.version for want in wanted}
    if present != {(move.prompt_id, move.label): move.from_version for move in request.moves}:
        raise RequestOutdated(OUTDATED)


def _counts(approval: Approval, request: ChangeRequest, asked: Protection) -> bool:
    may_give_it = approval.role is not None and approval.role.includes(asked.role)
    is_own = not asked.allows_own_approval and approval.user.id in request.author_ids
    return approval.revision == request.revision and may_give_it and not is_own


def _require_not_breaking(tx: Transaction, actor: Actor, want: WantedMove, rules: Sequence[LabelRule]) -> None:
    if not protection_of_all([want.label], rules).breaking_needs_admin:
        return
    before = None if want.present is None else versions.find_version(tx, want.prompt, version=want.present.version)
    if is_breaking(tx, actor, before, want.target):
        raise LabelProtected(want.label, actor.project_id)
