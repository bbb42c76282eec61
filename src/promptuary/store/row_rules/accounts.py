"""Rules for rows of projects and users, and of what opens them: memberships, keys, sessions, links and logins."""

import re
from types import MappingProxyType
from typing import Final

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import MAX_EMAIL, MAX_KEY_LABEL, MAX_NAME
from promptuary.model.device_authorizations import DeviceState
from promptuary.model.json_text import parse
from promptuary.model.text import check_text
from promptuary.store.row_rules.requirements import Row, Rules, require
from promptuary.store.tables import device_authorizations, keys, members, projects, sessions, sign_in_links, users

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_HASH = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"phc_[A-Za-z0-9_-]+")


def _check_project(row: Row) -> None:
    check_text(row["name"], field="name", max_length=MAX_NAME)
    require(_TOKEN.fullmatch(row["api_token"]), "api_token is no project token")


def _check_user(row: Row) -> None:
    check_text(row["email"], field="email", max_length=MAX_EMAIL)
    require(_EMAIL.fullmatch(row["email"]) and row["email"] == row["email"].lower(), "email is no address in lower case")
    for name in ("first_name", "last_name"):
        check_text(row[name], field=name, max_length=MAX_NAME, blank=True)
    password_hash = row["password_hash"]
    require(password_hash is None or password_hash.startswith("$argon2"), "password_hash is no hash of a password")


def _check_member(row: Row) -> None:
    require(row["role"] in {*Role}, "role is none of viewer, editor and admin")


def _check_key(row: Row) -> None:
    check_text(row["label"], field="label", max_length=MAX_KEY_LABEL)
    require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")
    _require_scopes(row)
    ids = None if row["project_ids"] is None else parse(row["project_ids"])
    are_ids = ids is None or (isinstance(ids, list) and ids and all(isinstance(each, int) and each is not True for each in ids))
    require(are_ids, "project_ids are not a list of numbers")


def _check_session(row: Row) -> None:
    require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")


def _check_link(row: Row) -> None:
    require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")
    is_projects, is_admins = row["project_id"] is not None, row["made_by_id"] is not None
    # Links from before their author was recorded have none.
    is_consistent = is_projects and not row["is_operators"] if is_admins else row["is_operators"] or not is_projects
    require(is_consistent, "is_operators, project_id and made_by_id do not belong together")


def _check_device_authorization(row: Row) -> None:
    for name in ("device_code_hash", "user_code_hash"):
        require(_HASH.fullmatch(row[name]), f"{name} is no SHA-256")
    require(row["state"] in {*DeviceState}, "state is none of pending, approved and denied")
    is_approved = row["state"] == DeviceState.APPROVED
    require((row["user_id"] is not None) is is_approved, "state and user_id do not belong together")
    if is_approved:
        _require_scopes(row)
    require(row["interval_seconds"] >= 1, "interval_seconds is less than 1")


def _require_scopes(row: Row) -> None:
    scopes = parse(row["scopes"])
    is_known = isinstance(scopes, list) and scopes and all(isinstance(scope, str) and scope in {*Scope} for scope in scopes)
    require(is_known, f"scopes are not a list of {', '.join(Scope)}")


RULES: Final[Rules] = MappingProxyType(
    {
        projects: _check_project,
        users: _check_user,
        members: _check_member,
        keys: _check_key,
        sessions: _check_session,
        sign_in_links: _check_link,
        device_authorizations: _check_device_authorization,
    }
)
