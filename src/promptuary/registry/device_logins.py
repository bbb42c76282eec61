"""Logins of devices with a browser: a command begins one, its user approves it on a page, and the command collects a key, once.

The steps and states are those of the OAuth device authorization grant (RFC 8628). No key exists before it is collected, so nothing
has to be taken back if the command has ended meanwhile.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from promptuary.model.access import Scope
from promptuary.model.accounts import NewKey
from promptuary.model.device_authorizations import (
    INTERVAL_SECONDS,
    LASTS,
    MAX_INTERVAL_SECONDS,
    SLOWER_BY_SECONDS,
    DeviceAuthorization,
    DeviceCodeEnded,
    DeviceState,
    NewDeviceAuthorization,
    PollAnswer,
    TooManyLogins,
    clean_device_name,
    make_user_code,
    read_user_code,
    visible_text,
)
from promptuary.model.errors import InvalidValue, NotFound
from promptuary.registry.access import Caller, account_of, hash_key
from promptuary.registry.own_keys import create_own_key, require_own_projects
from promptuary.store import device_authorizations as stored
from promptuary.store import users as stored_users
from promptuary.store.engine.database import Transaction

MAX_OF_NETWORK = 20
"""Maximum logins that one network has begun within `LASTS`."""

MAX_TOGETHER = 1000
"""Maximum logins of all networks; beyond it, only networks without one may begin one, up to `MAX_OF_ALL`."""

MAX_OF_ALL = 10_000

_RANDOM_BYTES = 32
_MAX_ADDRESS = 100


def begin_login(tx: Transaction, *, device_name: str, address: str, network: str) -> NewDeviceAuthorization:
    """Begin a login for a device, and return its codes. No key is needed. Raises `TooManyLogins`."""
    now = tx.clock()
    stored.delete_expired(tx, now=now)
    require_room(tx, network)
    new = NewDeviceAuthorization(secrets.token_urlsafe(_RANDOM_BYTES), make_user_code())
    begun = DeviceAuthorization(
        device_name=clean_device_name(device_name),
        address=visible_text(address)[:_MAX_ADDRESS],
        network=network[:_MAX_ADDRESS],
        state=DeviceState.PENDING,
        interval=INTERVAL_SECONDS,
        polled_at=None,
        created_at=now,
        expires_at=now + LASTS,
    )
    stored.insert_authorization(tx, begun, device_code_hash=hash_key(new.device_code), user_code_hash=hash_key(new.user_code))
    return new


def get_waiting_login(tx: Transaction, user_code: str) -> DeviceAuthorization:
    """Return the login that waits for its user with a code. Raises `DeviceCodeEnded`."""
    found = stored.find_pending(tx, _hash_of(user_code), now=tx.clock())
    if found is None:
        raise DeviceCodeEnded
    return found


def approve_login(
    tx: Transaction, caller: Caller, user_code: str, *, scopes: Collection[Scope], project_ids: Collection[int]
) -> DeviceAuthorization:
    """Let the device that waits with a code collect a key of the caller. Raises `DeviceCodeEnded`, `InvalidValue`."""
    waiting = get_waiting_login(tx, user_code)
    require_own_projects(tx, account_of(tx, caller), project_ids)
    if not scopes:
        message = "A key needs at least one scope."
        raise InvalidValue("required", message, field="scopes")
    is_first = stored.approve_pending(
        tx,
        _hash_of(user_code),
        user_id=caller.user_id,
        scopes=sorted(scopes),
        project_ids=sorted(project_ids),
        now=tx.clock(),
    )
    if not is_first:
        raise DeviceCodeEnded
    return waiting


def deny_login(tx: Transaction, user_code: str) -> DeviceAuthorization:
    """Refuse a key to the device that waits with a code. Raises `DeviceCodeEnded`."""
    waiting = get_waiting_login(tx, user_code)
    if not stored.deny_pending(tx, _hash_of(user_code), now=tx.clock()):
        raise DeviceCodeEnded
    return waiting


def answer_at_once(tx: Transaction, device_code: str) -> PollAnswer | None:
    """Return the answer to a poll that changes nothing, `None` for any other. It needs no transaction that writes.

    So a client without a key holds up writers a dozen times for each login that it begins, however often it polls.
    """
    login = stored.find_authorization(tx, hash_key(device_code))
    return PollAnswer.UNKNOWN if login is None else _settled(login, tx.clock())


def collect_key(tx: Transaction, device_code: str, *, request_id: str | None = None) -> NewKey | PollAnswer:
    """Create the key of a login that was approved, and return it, once; else return why there is none."""
    code_hash = hash_key(device_code)
    user_id = _lock_user_of(tx, code_hash)
    login = stored.lock_authorization(tx, code_hash)
    if login is None:
        return PollAnswer.UNKNOWN
    answer = _settled(login, tx.clock())
    if answer is not None:
        return answer
    if login.user_id is None:
        return _note_poll(tx, code_hash, login)
    if login.user_id != user_id:
        # It was approved a moment ago. The next poll collects the key.
        return PollAnswer.PENDING
    stored.delete_authorization(tx, code_hash)
    try:
        return create_own_key(
            tx,
            Caller(login.user_id),
            label=login.key_label,
            scopes=login.scopes,
            project_ids=login.project_ids,
            request_id=request_id,
        )
    except (InvalidValue, NotFound):
        # Since the approval, the user has left a project or was disabled.
        return PollAnswer.DENIED


def _lock_user_of(tx: Transaction, code_hash: str) -> int | None:
    """Lock the user who approved a login, and return their ID: before the login, as what ends logins of a user does."""
    found = stored.find_authorization(tx, code_hash)
    if found is None or found.user_id is None:
        return None
    stored_users.lock_user(tx, found.user_id)
    return found.user_id


def _settled(login: DeviceAuthorization, now: datetime) -> PollAnswer | None:
    """Return the answer to a poll of a login that has ended, or that cannot be made slower; else `None`."""
    if login.expires_at <= now:
        return PollAnswer.EXPIRED
    if login.state is DeviceState.DENIED:
        return PollAnswer.DENIED
    is_waiting = login.state is DeviceState.PENDING
    if is_waiting and login.interval >= MAX_INTERVAL_SECONDS and _is_too_soon(login, now):
        return PollAnswer.SLOW_DOWN
    return None


def _is_too_soon(login: DeviceAuthorization, now: datetime) -> bool:
    return login.polled_at is not None and now < login.polled_at + timedelta(seconds=login.interval)


def _note_poll(tx: Transaction, code_hash: str, login: DeviceAuthorization) -> PollAnswer:
    now = tx.clock()
    if not _is_too_soon(login, now):
        stored.update_poll(tx, code_hash, polled_at=now)
        return PollAnswer.PENDING
    stored.update_poll(tx, code_hash, interval_seconds=min(login.interval + SLOWER_BY_SECONDS, MAX_INTERVAL_SECONDS))
    return PollAnswer.SLOW_DOWN


def require_room(tx: Transaction, network: str) -> None:
    """Raise `TooManyLogins` if a network may not begin a login now. It needs no transaction that writes."""
    now = tx.clock()
    of_network = stored.count_open(tx, network=network[:_MAX_ADDRESS], now=now)
    of_all = stored.count_open(tx, now=now)
    if of_network >= MAX_OF_NETWORK or of_all >= MAX_OF_ALL or (of_network and of_all >= MAX_TOGETHER):
        raise TooManyLogins


def _hash_of(user_code: str) -> str:
    code = read_user_code(user_code)
    if code is None:
        raise DeviceCodeEnded
    return hash_key(code)
