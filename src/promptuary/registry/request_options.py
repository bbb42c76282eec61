"""Options of a user with change requests, and the requests that wait for that user."""

from dataclasses import dataclass

from promptuary.model.access import Actor, Permission, Role
from promptuary.model.change_requests import ChangeRequest
from promptuary.model.errors import RegistryError
from promptuary.model.label_rules import Protection
from promptuary.registry.request_merging import count_approvals, protection_asked, require_may_approve
from promptuary.store import change_requests, label_rules
from promptuary.store.engine.database import Transaction

MAX_WAITING = 200
"""Maximum open requests that are looked through for those that wait for a user."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """Actions that a user can take on a change request now, and what the rules for its labels ask.

    ``is_own_work`` says that the user must not approve it, as its author or that of one of its texts. ``admin_labels`` are those
    that only admins may move if that breaks callers.
    """

    asked: Protection
    may_approve: bool
    may_take_back: bool
    may_merge: bool
    may_refresh: bool
    may_change: bool
    may_comment: bool
    is_own_work: bool
    admin_labels: frozenset[str]


def list_waiting(tx: Transaction, actor: Actor) -> list[ChangeRequest]:
    """List the open requests that wait for the actor: to be approved, to be merged, or, if they are their own, to be refreshed."""
    actor.require(Permission.READ)
    if actor.user_id is None or not change_requests.count_requests(tx, actor.project_id, is_open=True):
        return []
    rules = label_rules.list_rules(tx, actor.project_id)
    found = change_requests.list_requests(tx, actor.project_id, is_open=True, limit=MAX_WAITING, offset=0)
    counted = [count_approvals(request, rules) for request in found]
    return [request for request in counted if _waits_for(actor, request, protection_asked(request, rules))]


def count_waiting(tx: Transaction, actor: Actor) -> int:
    """Count what `list_waiting` lists. Where no request is open it takes one statement, and none for viewers."""
    return len(list_waiting(tx, actor)) if actor.may(Permission.WRITE) else 0


def options_of(tx: Transaction, actor: Actor, request: ChangeRequest) -> RequestOptions:
    """Return what the actor can do with a request that was read in the same transaction."""
    actor.require(Permission.READ)
    rules = label_rules.list_rules(tx, actor.project_id)
    asked, moved = protection_asked(request, rules), {move.label for move in request.moves}
    return RequestOptions(
        asked=asked,
        may_approve=_may_approve(actor, request, asked),
        may_take_back=request.is_open and _has_approved(actor, request) and actor.may(Permission.RELEASE),
        may_merge=_may_merge(actor, request, asked),
        may_refresh=request.is_outdated and actor.may(Permission.WRITE),
        may_change=request.is_open and actor.may(Permission.WRITE) and is_for(actor, request),
        may_comment=actor.may(Permission.WRITE),
        is_own_work=not asked.allows_own_approval and actor.user_id in request.author_ids,
        admin_labels=frozenset(label for rule in rules if rule.breaking_needs_admin for label in moved if rule.applies_to(label)),
    )


def is_for(actor: Actor, request: ChangeRequest) -> bool:
    """Return `True` for the author of a request, and for admins."""
    is_author = request.created_by is not None and request.created_by.id == actor.user_id
    return is_author or actor.role.includes(Role.ADMIN)


def _waits_for(actor: Actor, request: ChangeRequest, asked: Protection) -> bool:
    is_own = request.created_by is not None and request.created_by.id == actor.user_id
    if request.is_outdated:
        return is_own and actor.may(Permission.WRITE)
    if request.approvals_given >= request.approvals_needed:
        return _may_merge(actor, request, asked)
    return _may_approve(actor, request, asked)


def _may_approve(actor: Actor, request: ChangeRequest, asked: Protection) -> bool:
    """Return `True` if the actor can approve a request now and has not done so."""
    if not request.is_open or request.is_outdated or not actor.may(Permission.RELEASE) or _has_approved(actor, request):
        return False
    try:
        require_may_approve(actor, request, asked)
    except RegistryError:
        return False
    return True


def _may_merge(actor: Actor, request: ChangeRequest, asked: Protection) -> bool:
    """Return `True` if the actor can merge a request now, as far as rules say without a look at what it does."""
    has_approvals = request.approvals_given >= request.approvals_needed
    if not request.is_open or request.is_outdated or not has_approvals or not actor.may(Permission.RELEASE):
        return False
    return actor.role.includes(asked.role)


def _has_approved(actor: Actor, request: ChangeRequest) -> bool:
    return any(approval.user.id == actor.user_id and approval.revision == request.revision for approval in request.approvals)
