"""Rules for the rows of a sound database: the types of the columns, and the rules of `model` for what is in them.

Rows are read as the driver returns them, so that a value that no program of ours has written is reported and not stumbled over.
Sentences name tables, columns and ids; they never repeat a text of a prompt.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, RowMapping, String, Table, Text, column, func, select

from promptuary.model import content
from promptuary.model.access import Role, Scope
from promptuary.model.accounts import MAX_EMAIL, MAX_KEY_LABEL, MAX_NAME
from promptuary.model.changes import ChangeKind
from promptuary.model.contracts import encode_contract
from promptuary.model.device_authorizations import DeviceState
from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.model.json_text import InvalidJson, parse
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_LABELS, MAX_VERSIONS
from promptuary.model.text import check_text
from promptuary.model.webhooks import EventFilter, WebhookFormat, WebhookSettings, check_settings, is_secret
from promptuary.store.column_types import MAX_INTEGER, Count, JsonText, UtcDateTime, Word
from promptuary.store.engine.database import Transaction, translated_errors
from promptuary.store.tables import (
    changes,
    device_authorizations,
    fetches,
    keys,
    labels,
    last_fetches,
    members,
    part_fetches,
    projects,
    prompts,
    sessions,
    sign_in_links,
    users,
    version_references,
    versions,
    webhook_deliveries,
    webhooks,
)

TABLES: Final = (
    projects,
    users,
    members,
    keys,
    sessions,
    sign_in_links,
    device_authorizations,
    prompts,
    versions,
    version_references,
    labels,
    fetches,
    last_fetches,
    part_fetches,
    changes,
    webhooks,
    webhook_deliveries,
)
"""The tables that are not derived from others."""

_BATCH = 200
_COMPARED = {"outline", "recorded_author"}
_MAX_BIG_INTEGER = 2**63 - 1
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_HASH = re.compile(r"[0-9a-f]{64}")
# A fetch by a user who is signed in has no id of a key.
_ID = re.compile(r"[0-9A-Za-z-]{0,36}")
_TOKEN = re.compile(r"phc_[A-Za-z0-9_-]+")
_MESSAGE_ID = re.compile(r"msg_[0-9a-f]{32}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")

Row = RowMapping
Rule = Callable[[Row], None]


def list_row_problems(tx: Transaction) -> Iterator[str]:
    """Yield a sentence for every row that breaks a rule, for every table; reads every row, some at a time."""
    for table in TABLES:
        try:
            yield from _problems_of(tx, table)
        except Unavailable as refusal:
            yield f"table {table.name} cannot be read: {refusal.for_log}"
    yield from _count_problems(tx)


def _problems_of(tx: Transaction, table: Table) -> Iterator[str]:
    names: list[Any] = [column(name) for name in table.columns.keys()]  # noqa: SIM118 - columns are no names
    plain = select(*names).select_from(table)
    rule = _RULES.get(table.name)
    # The driver's errors come while rows are read.
    with translated_errors():
        for row in tx.connection.execute(plain.execution_options(yield_per=_BATCH)).mappings():
            problem = _problem_of(table, row, rule)
            if problem is not None:
                yield f"{table.name} {_named(table, row)}: {problem}"


def _problem_of(table: Table, row: Row, rule: Rule | None) -> str | None:
    wrong = [name for name, each in table.columns.items() if not _fits(each, row[name])]
    if wrong:
        return f"{', '.join(wrong)}: not of the type that belongs there"
    try:
        if rule is not None:
            rule(row)
    except InvalidJson as error:
        return error.reason
    except InvalidValue as error:
        return f"{error.field}: {error}" if error.field else str(error)
    except ValueError as error:
        return str(error)
    return None


def _count_problems(tx: Transaction) -> Iterator[str]:
    per_prompt = select(labels.c.prompt_id).group_by(labels.c.prompt_id).having(func.count() > MAX_LABELS)
    for row in tx.connection.execute(per_prompt):
        yield f"prompts {row.prompt_id}: it has more than {MAX_LABELS} labels"


def _named(table: Table, row: Row) -> str:
    return " ".join(str(row[key.name])[:40] for key in table.primary_key)


def _fits(each: Column[Any], value: object) -> bool:  # noqa: PLR0911 - a table
    kind = each.type
    if value is None:
        return bool(each.nullable)
    if isinstance(kind, UtcDateTime):
        return isinstance(value, datetime) or _is_timestamp(value)
    if isinstance(kind, Date):
        return isinstance(value, date) or _is_day(value)
    if isinstance(kind, Boolean):
        return value in {0, 1} and isinstance(value, int)
    if isinstance(kind, JsonText):
        # What is derived, and who is recorded, is compared by `integrity_checks`.
        return isinstance(value, str) and (each.name in _COMPARED or _is_json(value))
    if isinstance(kind, (Count, Integer, BigInteger)):
        most = _MAX_BIG_INTEGER if isinstance(kind, BigInteger) or each.name == "sequence" else MAX_INTEGER
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= most
    if isinstance(kind, (Text, String, Word)):
        length = getattr(kind, "length", None) or getattr(kind, "_length", None)
        is_id = each.name in {"id", "uuid"} or each.name.endswith("_id")
        is_text = isinstance(value, str) and (length is None or len(value) <= length) and "\0" not in value
        return is_text and (not is_id or each.name in {"request_id", "message_id"} or bool(_ID.fullmatch(str(value))))
    return True


def _is_timestamp(value: object) -> bool:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_json(value: str) -> bool:
    try:
        parse(value, max_depth=_MAX_DEPTH)
    except InvalidJson:
        return False
    return True


_MAX_DEPTH = 210
"""Somewhat deeper than what authors may write, which the change log puts into objects of its own."""


def _check_project(row: Row) -> None:
    check_text(row["name"], field="name", max_length=MAX_NAME)
    _require(_TOKEN.fullmatch(row["api_token"]), "api_token is no project token")


def _check_user(row: Row) -> None:
    check_text(row["email"], field="email", max_length=MAX_EMAIL)
    _require(_EMAIL.fullmatch(row["email"]) and row["email"] == row["email"].lower(), "email is no address in lower case")
    for name in ("first_name", "last_name"):
        check_text(row[name], field=name, max_length=MAX_NAME, blank=True)
    _require_positive(row, "invited_to_id", "current_project_id")
    password_hash = row["password_hash"]
    _require(password_hash is None or password_hash.startswith("$argon2"), "password_hash is no hash of a password")


def _check_member(row: Row) -> None:
    _require(row["role"] in {*Role}, "role is none of viewer, editor and admin")


def _check_key(row: Row) -> None:
    check_text(row["label"], field="label", max_length=MAX_KEY_LABEL)
    _require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")
    _require_scopes(row)
    ids = None if row["project_ids"] is None else parse(row["project_ids"])
    are_ids = ids is None or (isinstance(ids, list) and ids and all(isinstance(each, int) and each is not True for each in ids))
    _require(are_ids, "project_ids are not a list of numbers")


def _check_prompt(row: Row) -> None:
    check_prompt_name(row["name"])
    _require(1 <= row["latest_version"] <= MAX_VERSIONS, f"latest_version is not between 1 and {MAX_VERSIONS}")


def _check_version(row: Row) -> None:
    _require(1 <= row["version"] <= MAX_VERSIONS, f"version is not between 1 and {MAX_VERSIONS}")
    # What is no JSON, or null, and a config or contract that is no object are found by `integrity_checks`, where size and outline
    # are compared.
    value, config, variables = (_loaded(row[column] or "null") for column in ("content", "config", "variables"))
    if value is not None:
        content.encode_prompt(parse(row["content"]), field="content")
    if isinstance(config, dict):
        content.encode_config(parse(row["config"]))
    if isinstance(variables, dict):
        encode_contract(parse(row["variables"]))
    if row["description"] is not None:
        check_text(row["description"], field="description", max_length=MAX_DESCRIPTION)


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _check_label(row: Row) -> None:
    check_label_name(row["name"], field="name")


def _check_fetches(row: Row) -> None:
    _require(row["count"] >= 1, "count is less than 1")
    if row["label"]:
        check_label_name(row["label"], field="label")


def _check_reference(row: Row) -> None:
    check_prompt_name(row["name"])
    _require(row["occurrences"] >= 1, "occurrences is less than 1")
    _require(bool(row["label"]) != bool(row["version"]) and row["version"] >= 0, "it needs either a version or a label")
    if row["label"]:
        check_label_name(row["label"], field="label")


def _check_part_fetches(row: Row) -> None:
    _require(row["count"] >= 1, "count is less than 1")


def _check_change(row: Row) -> None:
    _require(row["sequence"] >= 1, "sequence is less than 1")
    _require(row["kind"] in {*ChangeKind}, "kind is none of those that are written")
    for name in ("before", "after"):
        is_object = row[name] is None or isinstance(parse(row[name], max_depth=_MAX_DEPTH), dict)
        _require(is_object, f"{name} is not a JSON object")


def _check_webhook(row: Row) -> None:
    events = parse(row["events"])
    _require(isinstance(events, list) and all(isinstance(event, str) for event in events), "events are not a list of texts")
    chosen = EventFilter(frozenset(map(str, events if isinstance(events, list) else ())), row["label"], row["prompt_name"])
    _require(row["format"] in {*WebhookFormat}, "format is none of json and slack")
    check_settings(WebhookSettings(row["url"], row["name"], filter=chosen))
    for name in ("secret", "former_secret"):
        _require(row[name] is None or is_secret(row[name]), f"{name} is no secret of a webhook")
    _require(row["cursor_sequence"] >= 0 and row["failures"] >= 0, "cursor_sequence or failures is less than 0")


def _check_delivery(row: Row) -> None:
    _require(_MESSAGE_ID.fullmatch(row["message_id"]), "message_id is no ID of a message")
    _require(isinstance(parse(row["payload"], max_depth=_MAX_DEPTH), dict), "payload is not a JSON object")
    _require(row["format"] in {*WebhookFormat}, "format is none of json and slack")
    _require(row["attempts"] >= 0, "attempts is less than 0")


def _check_link(row: Row) -> None:
    _require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")
    _require_positive(row, "project_id", "made_by_id")
    is_projects, is_admins = row["project_id"] is not None, row["made_by_id"] is not None
    # Links from before their author was recorded have none.
    is_consistent = is_projects and not row["is_operators"] if is_admins else row["is_operators"] or not is_projects
    _require(is_consistent, "is_operators, project_id and made_by_id do not belong together")


def _check_session(row: Row) -> None:
    _require(_HASH.fullmatch(row["value_hash"]), "value_hash is no SHA-256")


def _check_device_authorization(row: Row) -> None:
    for name in ("device_code_hash", "user_code_hash"):
        _require(_HASH.fullmatch(row[name]), f"{name} is no SHA-256")
    _require(row["state"] in {*DeviceState}, "state is none of pending, approved and denied")
    is_approved = row["state"] == DeviceState.APPROVED
    _require((row["user_id"] is not None) is is_approved, "state and user_id do not belong together")
    if is_approved:
        _require_scopes(row)
    _require(row["interval_seconds"] >= 1, "interval_seconds is less than 1")


def _require_scopes(row: Row) -> None:
    scopes = parse(row["scopes"])
    is_known = isinstance(scopes, list) and scopes and all(isinstance(scope, str) and scope in {*Scope} for scope in scopes)
    _require(is_known, f"scopes are not a list of {', '.join(Scope)}")


def _require_positive(row: Row, *names: str) -> None:
    for name in names:
        _require(row[name] is None or row[name] >= 1, f"{name} is less than 1")


def _require(is_so: object, problem: str) -> None:
    if not is_so:
        raise ValueError(problem)


_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        projects.name: _check_project,
        users.name: _check_user,
        members.name: _check_member,
        keys.name: _check_key,
        sessions.name: _check_session,
        sign_in_links.name: _check_link,
        device_authorizations.name: _check_device_authorization,
        prompts.name: _check_prompt,
        versions.name: _check_version,
        labels.name: _check_label,
        version_references.name: _check_reference,
        fetches.name: _check_fetches,
        part_fetches.name: _check_part_fetches,
        changes.name: _check_change,
        webhooks.name: _check_webhook,
        webhook_deliveries.name: _check_delivery,
    }
)
