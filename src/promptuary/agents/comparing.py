"""Differences between two versions in a form for language models: a unified diff, and the config value by value."""

import json

from promptuary.agents.outputs import PromptDiff
from promptuary.differences import Budget, ConfigChange, compare_configs_within, left_out_line, unified_lines
from promptuary.model.contract_changes import compare_contracts
from promptuary.model.contracts import variables_of
from promptuary.model.hidden_characters import added_hidden
from promptuary.model.json_text import dump_indented
from promptuary.model.prompts import Version
from promptuary.model.text import counted

MAX_TEXT = 100_000
"""Maximum characters of a difference between texts."""

MAX_CONFIG = 50_000
"""Maximum characters of the differences between configs."""

MAX_VARIABLE_CHANGES = 100
"""Maximum changes of variables."""


def compare(older: Version, newer: Version) -> PromptDiff:
    """Compare two versions. JSON is compared as it is indented for people. Of much, the first part is shown, and a line says so."""
    texts = _lines(older), _lines(newer)
    lines, text = unified_lines(*texts, max_characters=MAX_TEXT)
    changes, changes_left_out = compare_configs_within(older.config, newer.config, Budget(MAX_CONFIG, _weigh_change))
    if text.removed_left_out or text.added_left_out:
        lines.append(left_out_line(text))
    if changes_left_out:
        more = counted(changes_left_out, "more change")
        lines.append(f"\\ {more} of the config are left out. Fetch both versions to see all of them.")
    if hidden := added_hidden(texts[:1], texts[1:]):
        lines.append(f"\\ The newer text has more hidden characters: {hidden.describe()}.")
    variables = [variables_of(version.template, version.contract) for version in (older, newer)]
    callers = compare_contracts(*variables)
    return {
        "prompt_name": newer.name,
        "from_version": older.version,
        "to_version": newer.version,
        "is_same": not text.hunks and not changes and not callers.changes,
        "text_diff": "\n".join(lines),
        "config_changes": [{"path": change.path, "before": change.old, "after": change.new} for change in changes],
        "contract_change": callers.level.value,
        "variable_changes": [f"{change.level}: {change.phrase}" for change in callers.changes[:MAX_VARIABLE_CHANGES]],
    }


def _weigh_change(change: ConfigChange) -> int:
    return len(change.path) + len(change.old or "") + len(change.new or "")


def _lines(version: Version) -> str:
    value = json.loads(version.content)
    return value if isinstance(value, str) else dump_indented(value)
