"""What differs between two versions, as a model reads it: a unified diff, and the config value by value."""

import json
from collections.abc import Iterator

from promptuary.agents.outputs import PromptDiff
from promptuary.differences import Hunk, compare_configs, compare_texts
from promptuary.model.json_text import dump_indented
from promptuary.model.prompts import Version

_SIGNS = {"same": " ", "removed": "-", "added": "+"}


def compare(older: Version, newer: Version) -> PromptDiff:
    """Compare two versions. JSON is compared as it is indented for people."""
    hunks = compare_texts(_lines(older), _lines(newer))
    changes = compare_configs(older.config, newer.config)
    return {
        "prompt_name": newer.name,
        "from_version": older.version,
        "to_version": newer.version,
        "is_same": not hunks and not changes,
        "text_diff": "\n".join(line for hunk in hunks if not hunk.is_folded for line in _unified(hunk)),
        "config_changes": [{"path": change.path, "before": change.old, "after": change.new} for change in changes],
    }


def _lines(version: Version) -> str:
    value = json.loads(version.content)
    return value if isinstance(value, str) else dump_indented(value)


def _unified(hunk: Hunk) -> Iterator[str]:
    old = [row.old_number for row in hunk.rows if row.old_number is not None]
    new = [row.new_number for row in hunk.rows if row.new_number is not None]
    yield f"@@ -{_range(old)} +{_range(new)} @@"
    for row in hunk.rows:
        yield _SIGNS[row.kind] + row.text


def _range(numbers: list[int]) -> str:
    return f"{numbers[0]},{len(numbers)}" if numbers else "0,0"
