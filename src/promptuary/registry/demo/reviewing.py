"""Protects a label of the demo project, and proposes a move of it that waits for a reviewer."""

from promptuary.model.access import Actor
from promptuary.registry.change_requests import open_request
from promptuary.registry.label_rules import add_rule
from promptuary.registry.request_merging import WantedPosition
from promptuary.store.engine.database import Transaction

PROTECTED = "canary"
"""Label that moves by change requests only. Of all others the demo shows the moves themselves."""

_DESCRIPTION = """The welcome mail speaks as all our other mails do, with the shared part for the tone.

Read five mails before you approve: the subject must still be the first line."""


def protect_and_propose(tx: Transaction, admin: Actor, proposer: Actor) -> None:
    """Make a rule for `PROTECTED`, and a request that moves this label of a prompt to its latest version."""
    add_rule(tx, admin, pattern=PROTECTED, approvals=1, breaking_needs_admin=True)
    open_request(
        tx,
        proposer,
        title="Let the first customers get the welcome mail in our tone",
        description=_DESCRIPTION,
        positions=[WantedPosition("onboarding-email", PROTECTED, 4)],
    )
