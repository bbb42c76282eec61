"""Cases of references that every implementation has in common: text to tags, and content with parts to assembled text."""

import json
from pathlib import Path
from typing import Any

import pytest

from promptuary.model.assembly import Assembly, Part
from promptuary.model.json_text import dump
from promptuary.model.references import list_tags

CASES = json.loads((Path(__file__).parents[1] / "vectors/references.json").read_text(encoding="utf-8"))


def _targets(stored: str, parts: dict[str, str]) -> dict[Any, Part]:
    """Return the parts of a content by their references, which are the keys of the case as texts."""
    found = {}
    pending = [tag.reference for tag in list_tags(stored)]
    for reference in pending:
        content = dump(parts[str(reference)])
        found[reference] = Part(reference.name, reference.version or 1, str(reference), content)
        pending += [tag.reference for tag in list_tags(content)]
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_tags_are_found_and_give_way_to_texts(case: dict[str, Any]) -> None:
    stored = dump(case["content"])
    tags = [
        {"name": each.name, "label": each.label, "version": each.version} for each in (tag.reference for tag in list_tags(stored))
    ]
    assert tags == case["tags"]
    assembled = Assembly(stored, _targets(stored, case["parts"])).assemble("parent")
    assert json.loads(assembled.content) == case["assembled"]
