"""The refusals of releases: of moves of several labels, of protected labels, and of change requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.errors import NotFound, PermissionDenied, RegistryError


@dataclass(frozen=True, slots=True)
class MoveRefusal:
    """Reason why a label of one prompt cannot move together with others; ``current_version`` is where it is."""

    name: str
    code: str
    detail: str
    current_version: int | None


class ReleaseRefused(RegistryError):
    """Several labels were to move together, and some cannot, so none did; ``refusals`` say which and why."""

    def __init__(self, refusals: Sequence[MoveRefusal]) -> None:
        first = refusals[0]
        others = f" {len(refusals) - 1} more cannot move either." if len(refusals) > 1 else ""
        super().__init__(f"Nothing was changed, because not all labels can move. Prompt '{first.name}': {first.detail}{others}")
        self.refusals = tuple(refusals)


class ReleaseNotFound(NotFound):
    """The project has no release of this id."""

    def __init__(self, release_id: str) -> None:
        super().__init__(f"No release has the id '{release_id}'.")


class RuleNotFound(NotFound):
    """The project has no rule of this id."""

    def __init__(self, rule_id: int) -> None:
        super().__init__(f"No rule for labels has the id {rule_id}.")


class RuleExists(RegistryError):
    """The project has a rule for this pattern."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"A rule for '{pattern}' already exists.")


class LabelProtected(PermissionDenied):
    """A rule of the project forbids the move of a label."""

    def __init__(self, label: str, project_id: int) -> None:
        super().__init__(f"The label '{label}' is protected. Open a change request or ask an admin.")
        self.label = label
        self.project_id = project_id


class RequestNotFound(NotFound):
    """The project has no change request of this number."""

    def __init__(self, request_id: int) -> None:
        super().__init__(f"No change request has the number {request_id}.")


class RequestEnded(RegistryError):
    """A change request was merged or closed, so it does not change any more."""

    def __init__(self, state: str) -> None:
        super().__init__(f"This change request is {state}.")
        self.state = state


class RequestOutdated(RegistryError):
    """A change request is not what the caller has looked at: its labels or its moves have changed since."""


class NotEnoughApprovals(RegistryError):
    """A change request does not have the approvals that it requires."""

    def __init__(self, given: int, needed: int) -> None:
        super().__init__(f"This change request has {given} of {needed} approvals.")


class MissingUser(PermissionDenied):
    """Only users approve change requests, and the operator at the command line is none."""

    def __init__(self) -> None:
        super().__init__("Only a user can approve a change request.")


class MayNotApprove(PermissionDenied):
    """A user cannot approve a change request that is their own work."""

    def __init__(self) -> None:
        super().__init__("You proposed this change or wrote one of its texts, so another user must approve it.")
