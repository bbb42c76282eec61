"""What agents are shown of a difference is limited, and says what is left out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import Registry

from promptuary.agents.comparing import MAX_CONFIG, MAX_TEXT, compare
from promptuary.agents.outputs import PromptDiff
from promptuary.registry import prompts

pytestmark = pytest.mark.timeout(60)


def compared(registry: Registry, texts: list[Any], configs: list[Any]) -> PromptDiff:
    with registry.database.write() as tx:
        old = prompts.create_prompt(tx, registry.actor, name="greeting", prompt=texts[0], config=configs[0])
        new = prompts.publish_version(tx, registry.actor, name="greeting", base_version=1, prompt=texts[1], config=configs[1])
    return compare(old, new)


@pytest.mark.parametrize(
    "make_texts",
    [
        lambda: ["\n".join(f"{number * seed % 65_521:x}" for number in range(130_000)) for seed in (7919, 104_729)],
        lambda: [[{"role": "user", "content": f"{word}{number}"} for number in range(20_000)] for word in "ab"],
        lambda: ["".join(f"the {word} of line {number}\n" for number in range(30_000)) for word in ("one", "two")],
        lambda: ["a" * 900_000, "b" * 900_000],
        lambda: ["\u200b" * 300_000, "\u2060" * 300_000],
    ],
    ids=["random lines", "chat messages", "a changed word in each line", "one line", "hidden characters"],
)
def test_a_difference_of_large_texts_is_cut_and_says_so(sqlite_registry: Registry, make_texts: Callable[[], list[Any]]) -> None:
    found = compared(sqlite_registry, make_texts(), [None, None])
    assert len(found["text_diff"]) < 1.2 * MAX_TEXT
    assert "left out" in found["text_diff"]
    assert not found["is_same"]


def test_a_difference_of_large_configs_is_cut_and_says_so(sqlite_registry: Registry) -> None:
    configs = [{str(number): number + more for number in range(50_000)} for more in (0, 1)]
    found = compared(sqlite_registry, ["same", "same"], configs)
    assert 0 < len(json.dumps(found["config_changes"])) < 5 * MAX_CONFIG
    assert "more changes of the config are left out. Fetch both versions to see all of them." in found["text_diff"]


def test_a_small_difference_is_whole(sqlite_registry: Registry) -> None:
    found = compared(sqlite_registry, ["one\ntwo", "one\n2"], [{"a": 1}, {"a": 2}])
    assert found["text_diff"] == "@@ -1,2 +1,2 @@\n one\n-two\n+2"
    assert found["config_changes"] == [{"path": "a", "before": "1", "after": "2"}]


def test_a_difference_states_what_it_means_to_programs(sqlite_registry: Registry) -> None:
    with sqlite_registry.database.write() as tx:
        old = prompts.create_prompt(tx, sqlite_registry.actor, name="greeting", prompt="{{a}} {{b}}")
        new = prompts.publish_version(
            tx, sqlite_registry.actor, name="greeting", base_version=1, variables={"a": {}, "c": {"default": ""}}
        )
    found = compare(old, new)
    assert (found["is_same"], found["contract_change"]) == (False, "breaking")
    assert found["variable_changes"] == ["breaking: removes b", "compatible: adds optional c"]
    assert compare(new, new)["contract_change"] == "none"


def test_changes_of_many_variables_are_bounded(sqlite_registry: Registry) -> None:
    texts = [" ".join(f"{{{{{letter}{number}}}}}" for number in range(50_000)) for letter in "ab"]
    found = compared(sqlite_registry, texts, [None, None])
    assert (found["contract_change"], len(found["variable_changes"])) == ("breaking", 100)
