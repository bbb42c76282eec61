"""Differences between two versions in a form for language models: a unified diff, and the config value by value."""

import json
from collections.abc import Iterator

from promptuary.agents.outputs import PromptDiff
from promptuary.differences import Budget, Budgets, ConfigChange, Hunk, Row, compare_configs_within, compare_texts_within
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

_SIGNS = {"same": " ", "removed": "-", "added": "+"}


def compare(older: Version, newer: Version) -> PromptDiff:
    """Compare two versions. JSON is compared as it is indented for people. Of much, the first part is shown, and a line says so."""
    texts = _lines(older), _lines(newer)
    text = compare_texts_within(*texts, Budgets(Budget(MAX_TEXT, _weigh_row), Budget(0, _weigh_row)))
    changes, changes_left_out = compare_configs_within(older.config, newer.config, Budget(MAX_CONFIG, _weigh_change))
    lines = [line for hunk in text.hunks if not hunk.is_folded for line in _unified(hunk)]
    lines += _left_out(text.removed_left_out, text.added_left_out, changes_left_out)
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


def _left_out(removed: int, added: int, changes: int) -> Iterator[str]:
    if removed or added:
        more = f"{counted(removed, 'more removed line')} and {counted(added, 'more added line')}"
        yield f"\\ {more} are left out. Fetch both versions to see all of them."
    if changes:
        yield f"\\ {counted(changes, 'more change')} of the config are left out. Fetch both versions to see all of them."


def _weigh_row(row: Row) -> int:
    return len(row.text) + 2


def _weigh_change(change: ConfigChange) -> int:
    return len(change.path) + len(change.old or "") + len(change.new or "")


def _lines(version: Version) -> str:
    value = json.loads(version.content)
    return value if isinstance(value, str) else dump_indented(value)


def _unified(hunk: Hunk) -> Iterator[str]:
    old = [row.old_number for row in hunk.rows if row.old_number is not None]
    new = [row.new_number for row in hunk.rows if row.new_number is not None]
    yield f"@@ -{_range(old)} +{_range(new)} @@"
    for row in hunk.rows:
        yield _SIGNS[row.kind] + row.text
        if row.left_out:
            yield f"\\ {counted(row.left_out, 'more character')} of this line are left out."


def _range(numbers: list[int]) -> str:
    return f"{numbers[0]},{len(numbers)}" if numbers else "0,0"
