"""A database in which every table has rows."""

from datetime import timedelta

from builders import Registry, as_admin, make_key, make_prompt, make_user, make_webhook

from promptuary.model.access import Scope
from promptuary.model.accounts import Browser, SessionLimits
from promptuary.model.prompts import Version
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import change_requests, device_logins, label_rules, labels, sign_in_links, usage, webhooks
from promptuary.registry.access import Caller
from promptuary.registry.request_merging import WantedPosition
from promptuary.registry.sessions import begin_session
from promptuary.store.engine.database import Transaction
from promptuary.store.leases import take_lease

SECRET = "the text of a prompt"


def fill(registry: Registry) -> None:
    """Make a row in every table that is part of backups."""
    with registry.database.write() as tx:
        make_key(tx, registry.user)
        version = make_prompt(tx, registry.actor, name="greeting", prompt=SECRET, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=2)
        tag = "@@@prompt:name=greeting|label=production@@@"
        parent = make_prompt(tx, registry.actor, name="other", prompt=f"{SECRET} {tag}")
        count_fetches(tx, parent, version)
        webhook = make_webhook(tx, registry.actor)
        webhooks.send_test(tx, as_admin(registry.actor), webhook.id)
        merge_reviewed(tx, registry)


def count_fetches(tx: Transaction, version: Version, part: Version) -> None:
    now = tx.clock()
    usage.record_fetches(tx, [FetchCount(now.date(), FetchKey(version.id, "", "production", (part.id,)), 1, now)])


def merge_reviewed(tx: Transaction, registry: Registry) -> None:
    """Protect the label, and merge a change request that was approved and commented on."""
    author = as_admin(registry.actor)
    label_rules.add_rule(tx, author, pattern="prod*", approvals=1, allows_own_approval=True)
    positions = [WantedPosition("greeting", "production", 1)]
    opened = change_requests.open_request(tx, author, title="Warmer", description="Read it.", positions=positions)
    change_requests.comment_on_request(tx, author, request_id=opened.id, text="Good.")
    change_requests.approve_request(tx, author, request_id=opened.id, revision=1)
    change_requests.merge_request(tx, author, request_id=opened.id, revision=1)


def fill_what_backups_leave_out(tx: Transaction, registry: Registry) -> None:
    """Make a session, a link to sign in, a login and a lease."""
    sign_in_links.create_invitation(tx, registry.actor, make_user(tx))
    login = device_logins.begin_login(tx, device_name="laptop", address="", network="")
    device_logins.approve_login(tx, Caller(registry.user.id), login.user_code, scopes=[Scope.READ], project_ids=[])
    begin_session(tx, registry.user.id, limits=SessionLimits(idle=timedelta(days=1), longest=timedelta(days=2)), browser=Browser())
    take_lease(tx, "maintenance", holder="worker", until=tx.clock() + timedelta(minutes=1))
