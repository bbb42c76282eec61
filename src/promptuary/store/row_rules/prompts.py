"""Rules for rows of prompts, their versions, labels and references, and of fetches."""

import json
from types import MappingProxyType
from typing import Final

from promptuary.model import content
from promptuary.model.contracts import encode_contract
from promptuary.model.json_text import parse
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_VERSIONS
from promptuary.model.text import check_text
from promptuary.store.row_rules.requirements import Row, Rules, require
from promptuary.store.tables import fetches, labels, part_fetches, prompts, version_references, versions


def _check_prompt(row: Row) -> None:
    check_prompt_name(row["name"])
    require(1 <= row["latest_version"] <= MAX_VERSIONS, f"latest_version is not between 1 and {MAX_VERSIONS}")


def _check_version(row: Row) -> None:
    require(1 <= row["version"] <= MAX_VERSIONS, f"version is not between 1 and {MAX_VERSIONS}")
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


def _check_reference(row: Row) -> None:
    check_prompt_name(row["name"])
    require(row["occurrences"] >= 1, "occurrences is less than 1")
    require(bool(row["label"]) != bool(row["version"]) and row["version"] >= 0, "it needs either a version or a label")
    if row["label"]:
        check_label_name(row["label"], field="label")


def _check_fetches(row: Row) -> None:
    require(row["count"] >= 1, "count is less than 1")
    if row["label"]:
        check_label_name(row["label"], field="label")


def _check_part_fetches(row: Row) -> None:
    require(row["count"] >= 1, "count is less than 1")


RULES: Final[Rules] = MappingProxyType(
    {
        prompts: _check_prompt,
        versions: _check_version,
        version_references: _check_reference,
        labels: _check_label,
        fetches: _check_fetches,
        part_fetches: _check_part_fetches,
    }
)
