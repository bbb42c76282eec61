"""Rules for rows of the history of labels and prompts, of the rules that protect labels, and of change requests."""

from types import MappingProxyType
from typing import Final

from promptuary.model.access import Role
from promptuary.model.change_requests import RequestState, check_comment, check_description, check_title
from promptuary.model.label_history import MoveKind, checked_reason
from promptuary.model.label_rules import LabelRule, check_rule
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_VERSIONS
from promptuary.store.label_moves import LATEST
from promptuary.store.row_rules.requirements import Row, Rules, require
from promptuary.store.tables import (
    change_request_approvals,
    change_request_comments,
    change_request_moves,
    change_requests,
    label_moves,
    label_rules,
    prompt_periods,
)

_STORED_STATES = {*RequestState} - {RequestState.APPROVED}
"""The others; approvals are counted when a request is read."""


def _check_move(row: Row) -> None:
    if row["label"] != LATEST:
        check_label_name(row["label"], field="label")
    _require_versions(row, are_both_set=row["label"] == LATEST)
    require(row["kind"] in {*MoveKind}, "kind is none of those that are written")
    require(checked_reason(row["reason"]) == row["reason"], "reason is not in its stored form")
    is_of_request = row["kind"] == MoveKind.CHANGE_REQUEST
    require((row["change_request_id"] is not None) is is_of_request, "kind and change_request_id do not belong together")


def _check_period(row: Row) -> None:
    check_prompt_name(row["name"])


def _check_label_rule(row: Row) -> None:
    require(row["role"] in {*Role}, "role is none of editor and admin")
    check_rule(LabelRule(row["id"], row["pattern"], Role(row["role"]), row["approvals"]))


def _check_request(row: Row) -> None:
    check_title(row["title"])
    check_description(row["description"])
    require(row["state"] in _STORED_STATES, "state is none of open, merged and closed")
    require(row["revision"] >= 1, "revision is less than 1")
    has_ended = row["state"] != RequestState.OPEN
    require((row["ended_at"] is not None) is has_ended, "state and ended_at do not belong together")
    require(has_ended or row["ended_by_id"] is None, "state and ended_by_id do not belong together")


def _check_proposed_move(row: Row) -> None:
    check_label_name(row["label"], field="label")
    _require_versions(row)


def _check_approval(row: Row) -> None:
    require(row["revision"] >= 1, "revision is less than 1")


def _check_comment(row: Row) -> None:
    check_comment(row["text"])


def _require_versions(row: Row, *, are_both_set: bool = False) -> None:
    """Raise `ValueError` unless a move leads from one version, or none, to another one; versions that do not exist are missed."""
    before, since = row["from_version"], row["to_version"]
    for version in (before, since):
        require(version is None or 1 <= version <= MAX_VERSIONS, f"from_version or to_version is not between 1 and {MAX_VERSIONS}")
    require(before != since, "from_version and to_version are the same")
    require(not are_both_set or None not in {before, since}, "from_version or to_version is missing")


RULES: Final[Rules] = MappingProxyType(
    {
        label_moves: _check_move,
        prompt_periods: _check_period,
        label_rules: _check_label_rule,
        change_requests: _check_request,
        change_request_moves: _check_proposed_move,
        change_request_approvals: _check_approval,
        change_request_comments: _check_comment,
    }
)
