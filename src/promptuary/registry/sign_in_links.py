"""One-time links, with which people who have no password, or have forgotten it, give their account one.

What a link opens is decided when it is used: the operator's opens the account, an invitation only what its own project has given.
"""

import secrets
from datetime import timedelta

from promptuary.model.access import Actor, Role
from promptuary.model.accounts import Browser, NewSession, Profile, SessionLimits, SignInLink, User, shown_name
from promptuary.model.changes import Attribution
from promptuary.model.errors import InvalidValue, LinkEnded
from promptuary.registry.access import hash_key
from promptuary.registry.operator.users import change_user, store_password, vouch_for
from promptuary.registry.passwords import hash_password
from promptuary.registry.sessions import begin_session
from promptuary.store import keys, members, projects, users
from promptuary.store import sign_in_links as stored_links
from promptuary.store.engine.database import Database, Transaction

LASTS = timedelta(days=7)

_RANDOM_BYTES = 32


def create_link(tx: Transaction, user: User, *, is_first_start: bool = False) -> str:
    """Create the operator's link for a user and return its value; invitations of the user end.

    It ends after `LASTS`, and when the user gets a password; the link of the first start ends when any user gets one. Raises
    `InvalidValue` for a disabled user.
    """
    users.lock_user(tx, user.id)
    stored_links.delete_invitations(tx, user.id)
    return _insert(tx, SignInLink(user, is_first_start, tx.clock() + LASTS, is_operators=True))


def create_invitation(tx: Transaction, actor: Actor, user: User) -> str:
    """Create a link for a user whom the actor's project has invited, and return its value; see `is_invited_only`."""
    made_by_operator = actor.user_id is None
    expires_at = tx.clock() + LASTS
    link = SignInLink(user, False, expires_at, made_by_operator, project_id=actor.project_id, made_by_id=actor.user_id)  # noqa: FBT003
    return _insert(tx, link)


def is_invited_only(tx: Transaction, user: User, project_id: int) -> bool:
    """Return `True` if an account is nothing but a project's invitation.

    The project has made it and is the only one with a role for it, and neither its user nor the operator has used it.
    """
    mine = members.list_memberships(tx, user.id, limit=2)
    return (
        user.invited_to_id == project_id
        and user.address_changed_at is None
        and not user.has_password
        and [membership.project.id for membership in mine] == [project_id]
        and not keys.list_keys(tx, user_id=user.id, limit=1)
        and not stored_links.has_operators_link(tx, user.id, now=tx.clock())
    )


def get_link(tx: Transaction, value: str) -> SignInLink:
    """Return a link that opens its account now.

    Raises `LinkEnded` for one that was used or has expired, whose user is disabled, or which would open more than it was made for.
    """
    link = stored_links.find_link(tx, hash_key(value), now=tx.clock())
    if link is None or not link.user.is_active or not _opens(tx, link):
        raise LinkEnded
    return link


def find_invitation(tx: Transaction, link: SignInLink) -> tuple[str, str] | None:
    """Find the names of the project and of the admin who invites to it; `None` for a link of the operator."""
    if link.project_id is None or link.made_by_id is None:
        return None
    project, made_by = projects.find_project(tx, link.project_id), users.find_user(tx, link.made_by_id)
    return None if project is None or made_by is None else (project.name, shown_name(made_by))


def use_link(
    database: Database,
    value: str,
    *,
    profile: Profile,
    password: str,
    limits: SessionLimits,
    browser: Browser,
    request_id: str | None = None,
) -> NewSession:
    """Give the account of a link a name and a password, at the first start also an address, and sign its user in.

    Raises `LinkEnded`, `InvalidValue`, `EmailTaken`; then the link can be used once more.
    """
    with database.read() as tx:
        get_link(tx, value)
    password_hash = hash_password(password)
    with database.write() as tx:
        link = _locked_link(tx, value)
        # Of two who use it at once, only one deletes it.
        if not stored_links.delete_link(tx, hash_key(value)):
            raise LinkEnded
        by = Attribution(link.user.id, request_id=request_id)
        chosen = profile if link.is_first_start else Profile(link.user.email, profile.first_name, profile.last_name)
        user = change_user(tx, link.user, profile=chosen, by=by)
        if link.is_operators:
            vouch_for(tx, user)
        store_password(tx, user, password_hash=password_hash, by=by)
        return begin_session(tx, user.id, limits=limits, browser=browser)


def _insert(tx: Transaction, link: SignInLink) -> str:
    if not link.user.is_active:
        message = f"'{link.user.email}' is disabled."
        raise InvalidValue("disabled", message, field="email")
    value = secrets.token_urlsafe(_RANDOM_BYTES)
    stored_links.insert_link(tx, link, value_hash=hash_key(value))
    return value


def _locked_link(tx: Transaction, value: str) -> SignInLink:
    """Return a link and lock its account until the transaction ends."""
    user_id = get_link(tx, value).user.id
    users.lock_user(tx, user_id)
    # Read again: the account may have changed while its lock was waited for.
    return get_link(tx, value)


def _opens(tx: Transaction, link: SignInLink) -> bool:
    if link.is_first_start:
        return not users.has_any_password(tx)
    if link.is_operators:
        return True
    if link.project_id is None or link.made_by_id is None:
        return False
    maker = members.find_member(tx, project_id=link.project_id, user_id=link.made_by_id)
    made_by = users.find_user(tx, link.made_by_id)
    may_invite = maker is not None and maker.role is Role.ADMIN and made_by is not None and made_by.is_active
    return may_invite and is_invited_only(tx, link.user, link.project_id)
