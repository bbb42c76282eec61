"""Looks at what setting, moving, removing or undoing a label would change, which are shown before and, after a conflict, again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from promptuary.model.access import Actor
from promptuary.model.errors import InvalidValue, LabelNotFound, RegistryError
from promptuary.model.label_history import LabelMove
from promptuary.model.prompts import Version
from promptuary.model.release_errors import LabelProtected
from promptuary.registry import labels, move_previews, prompts
from promptuary.registry.moves import LABEL_IS_PROTECTED, Move, Moves
from promptuary.registry.reference_previews import MovePreview, list_parents_of_label, preview_move
from promptuary.store.engine.database import Transaction
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.comparing import compare_affected, compare_versions

MAX_HAPPENED = 5
"""Maximum moves that a review lists which happened since it was shown first."""


@dataclass(frozen=True, slots=True)
class Again:
    """Reason why a review is shown again: the label was moved since, a rule protects it, or the user's reason is not valid."""

    is_moved: bool = False
    is_protected: bool = False
    reason: str = ""
    problem: FormProblem | None = None

    @property
    def status(self) -> int:
        """Status of the page."""
        return 409 if self.is_moved else 403 if self.is_protected else 400 if self.problem else 200


FIRST = Again()
"""A review that is shown for the first time."""


def again(request: PageRequest, error: RegistryError | None = None, *, is_moved: bool = False) -> Again:
    """Return why the review is shown again of which the form was sent."""
    problem = problem_of(error) if isinstance(error, InvalidValue) else None
    is_protected = isinstance(error, LabelProtected)
    return Again(is_moved=is_moved, is_protected=is_protected, reason=request.form.get("reason"), problem=problem)


def show_move_review(request: PageRequest, actor: Actor, label: str, version: int | None, shown: Again = FIRST) -> Response:
    """Show where a label was and where it will be, and what programs will get."""
    with request.database.write() as tx:
        target = prompts.fetch_prompt(tx, actor, request.path["name"], version=version)
        looked = move_previews.preview_move(tx, actor, name=target.name, label=label, version=target.version)
        moves = looked.moves
        before = target if not moves else _read_former(tx, actor, target.name, moves[0])
        others = preview_move(tx, actor, label=label, target=target) if moves else MovePreview()
        happened = _happened(request, tx, actor, label, shown)
    return _page(request, label, _Review(target, before, next(iter(moves), None), others, happened, _is_forbidden(looked)), shown)


def show_undo_review(request: PageRequest, actor: Actor, label: str, shown: Again = FIRST) -> Response:
    """Show what it changes to take the last move of a label back."""
    name = request.path["name"]
    with request.database.write() as tx:
        looked = move_previews.preview_undo(tx, actor, name=name, label=label)
        move = looked.moves[0]
        before, happened = _read_former(tx, actor, name, move), _happened(request, tx, actor, label, shown)
        if move.to_version is None:
            parents = list_parents_of_label(tx, actor, name=name, label=label)
        else:
            target = prompts.fetch_prompt(tx, actor, name, version=move.to_version)
            others = preview_move(tx, actor, label=label, target=target)
    if move.to_version is None:
        return _removal_page(request, _Removal(before, move, parents, happened, _is_forbidden(looked)), shown, is_undo=True)
    return _page(request, label, _Review(target, before, move, others, happened, _is_forbidden(looked)), shown, is_undo=True)


def show_removal_review(request: PageRequest, actor: Actor, label: str, shown: Again = FIRST) -> Response:
    """Show what it means to remove a label."""
    name = request.path["name"]
    with request.database.write() as tx:
        prompts.fetch_prompt(tx, actor, name)
        looked = move_previews.preview_removal(tx, actor, name=name, label=label)
        move = looked.moves[0]
        before, happened = _read_former(tx, actor, name, move), _happened(request, tx, actor, label, shown)
        parents = list_parents_of_label(tx, actor, name=name, label=label)
    return _removal_page(request, _Removal(before, move, parents, happened, _is_forbidden(looked)), shown)


@dataclass(frozen=True, slots=True)
class _Review:
    """A version that a label is to point at, the one before, the move if it is one, its effect on other prompts, and past moves.

    A rule may forbid the user to move the label.
    """

    target: Version
    before: Version | None
    move: Move | None
    others: MovePreview
    happened: Sequence[LabelMove]
    is_forbidden: bool


@dataclass(frozen=True, slots=True)
class _Removal:
    """A version from which a label is to be removed, the move, the prompts that keep it from that, and past moves."""

    version: Version | None
    move: Move
    parents: Sequence[str]
    happened: Sequence[LabelMove]
    is_forbidden: bool


def _is_forbidden(looked: Moves) -> bool:
    return any(refusal.code == LABEL_IS_PROTECTED for refusal in looked.refused)


def _read_former(tx: Transaction, actor: Actor, name: str, move: Move) -> Version | None:
    return None if move.from_version is None else prompts.fetch_prompt(tx, actor, name, version=move.from_version)


def _page(request: PageRequest, label: str, review: _Review, shown: Again, *, is_undo: bool = False) -> Response:
    comparison = None if review.before is None else compare_versions(review.before, review.target)
    if comparison is not None and review.move is not None:
        # Programs fill in the variables of the whole texts, with all parts.
        comparison = replace(comparison, callers=review.move.contract_changes)
    return request.page(
        "prompts/label-review.html",
        status=shown.status,
        version=review.target,
        label=label,
        before=review.before,
        comparison=comparison,
        move=review.move,
        preview=review.others,
        affected=compare_affected(review.others.texts),
        problem=review.others.problem,
        happened=review.happened,
        is_forbidden=review.is_forbidden,
        is_undo=is_undo,
        shown=shown,
    )


def _removal_page(request: PageRequest, removal: _Removal, shown: Again, *, is_undo: bool = False) -> Response:
    return request.page(
        "prompts/label-removal.html",
        status=shown.status,
        version=removal.version,
        label=removal.move.label,
        move=removal.move,
        parents=removal.parents,
        happened=removal.happened,
        is_forbidden=removal.is_forbidden,
        is_undo=is_undo,
        shown=shown,
    )


def _happened(request: PageRequest, tx: Transaction, actor: Actor, label: str, shown: Again) -> Sequence[LabelMove]:
    """Return the moves since the review was shown first, if the label was moved."""
    if not shown.is_moved:
        return ()
    return list_moves_since(
        tx, actor, name=request.path["name"], label=label, expected=positive_int(request.form.get("expected_version"))
    )


def list_moves_since(tx: Transaction, actor: Actor, *, name: str, label: str, expected: int | None) -> Sequence[LabelMove]:
    """Return the moves since a label was where a page showed it, newest first."""
    try:
        history = labels.list_history(tx, actor, name=name, label=label, limit=MAX_HAPPENED)
    except LabelNotFound:
        return ()
    since = next((number for number, move in enumerate(history.moves) if move.to_version == expected), len(history.moves))
    # If it came back in the meantime, the moves that brought it away and back are shown.
    return history.moves[: since or MAX_HAPPENED]
