"""The tools of agents, through the official client."""

from pathlib import Path
from typing import Any

import pytest
from agent import EARLIER, MODERN, Agent, connected
from agent_server import serving
from jsonschema import Draft202012Validator

READING = {
    "llma-prompt-list",
    "llma-prompt-get",
    "llma-prompt-dependents",
    "llma-prompt-label-list",
    "llma-prompt-label-history",
    "llma-prompt-release-list",
    "llma-prompt-request-list",
    "llma-prompt-request-get",
    "llma-prompt-history",
    "llma-prompt-diff",
}
TAKING_AWAY = {"llma-prompt-label-set", "llma-prompt-label-delete", "llma-prompt-promote", "llma-prompt-archive"}
REVIEWING = {"llma-prompt-request-approve", "llma-prompt-request-merge"}
UNDOING = {"llma-prompt-label-undo", "llma-prompt-release-undo"}
PUBLISHING = {"llma-prompt-update"}
ADDING = {"llma-prompt-create", "llma-prompt-duplicate", "llma-prompt-restore"}
ADDING |= {"llma-prompt-request-open", "llma-prompt-request-change-state", "llma-prompt-request-comment"}


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_a_prompt_lives_its_whole_life_through_tools(database_url: str, tmp_path: Path, mode: str) -> None:
    with serving(database_url, tmp_path) as served, connected(served.url, served.editor_key, mode=mode) as agent:
        created = agent.result("llma-prompt-create", name="support", prompt="Answer {{customer}}.", config={"model": "small"})
        assert (created["version"], created["prompt"], created["config"]) == (1, "Answer {{customer}}.", {"model": "small"})
        edits = [{"old": "Answer", "new": "Kindly answer"}]
        published = agent.result(
            "llma-prompt-update", prompt_name="support", base_version=1, edits=edits, version_description="Kinder"
        )
        assert (published["version"], published["prompt"]) == (2, "Kindly answer {{customer}}.")
        replaced = agent.result(
            "llma-prompt-update", prompt_name="support", base_version=2, prompt="Go on.", config={"model": "big"}
        )
        assert (replaced["version"], replaced["prompt"], replaced["config"]) == (3, "Go on.", {"model": "big"})
        for version in (2, 1):
            label = agent.result("llma-prompt-label-set", prompt_name="support", label_name="production", version=version)
            assert (label["name"], label["version"]) == ("production", version)
        assert [label["version"] for label in agent.result("llma-prompt-label-list", prompt_name="support")["labels"]] == [1]
        assert agent.result("llma-prompt-get", prompt_name="support", label="production")["prompt"] == "Answer {{customer}}."
        assert agent.result("llma-prompt-get", prompt_name="support", version=2)["prompt"] == "Kindly answer {{customer}}."
        history = agent.result("llma-prompt-history", prompt_name="support", limit=2)
        assert [version["version"] for version in history["versions"]] == [3, 2]
        assert (history["versions"][1]["version_description"], history["has_more"]) == ("Kinder", True)
        assert agent.result("llma-prompt-duplicate", prompt_name="support", new_name="copy")["prompt"] == "Go on."
        assert agent.result("llma-prompt-label-delete", prompt_name="support", label_name="production")["removed"]
        assert agent.result("llma-prompt-archive", prompt_name="support")["archived"]
        assert [row["name"] for row in agent.result("llma-prompt-list")["results"]] == ["copy"]
        assert [row["name"] for row in agent.result("llma-prompt-list", archived=True)["results"]] == ["support"]
        assert agent.result("llma-prompt-restore", prompt_name="support")["former_labels"] == []
        assert agent.result("llma-prompt-list", search="go ON")["count"] == 2


def test_tools_say_what_they_do_to_the_registry(agent: Agent) -> None:
    hints = {tool.name: tool.annotations for tool in agent.tools()}
    assert set(hints) == READING | TAKING_AWAY | REVIEWING | UNDOING | PUBLISHING | ADDING
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == READING
    destructive = TAKING_AWAY | REVIEWING | UNDOING | PUBLISHING
    assert {name for name, hint in hints.items() if hint and hint.destructive_hint} == destructive
    assert {name for name, hint in hints.items() if hint and hint.idempotent_hint} == READING | TAKING_AWAY | {
        "llma-prompt-request-approve"
    }
    assert {hint.open_world_hint for hint in hints.values() if hint} == {False}


def test_schemas_of_tools_are_valid_strict_and_described(agent: Agent) -> None:
    for tool in agent.tools():
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema or {})
        objects = [tool.input_schema, *tool.input_schema.get("$defs", {}).values()]
        assert {schema["additionalProperties"] for schema in objects} == {False}, tool.name
        assert (tool.output_schema or {})["type"] == "object", tool.name
        assert [name for name, schema in tool.input_schema["properties"].items() if not schema.get("description")] == []
        assert tool.title
        assert tool.description


def test_a_diff_is_unified_and_tells_of_the_config(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="diff", prompt="one\ntwo\nthree", config={"model": "small", "top": {"p": 1}})
    agent.result("llma-prompt-update", prompt_name="diff", base_version=1, prompt="one\n2\nthree", config={"top": {"p": 0.5}})
    agent.result("llma-prompt-label-set", prompt_name="diff", label_name="live", version=1)
    changed = agent.result("llma-prompt-diff", prompt_name="diff")
    assert changed["text_diff"] == "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert changed["config_changes"] == [
        {"path": "model", "before": '"small"', "after": None},
        {"path": "top.p", "before": "1", "after": "0.5"},
    ]
    assert agent.result("llma-prompt-diff", prompt_name="diff", from_version="live", to_version=2) == changed
    same = agent.result("llma-prompt-diff", prompt_name="diff", from_version=1, to_version="live")
    assert (same["is_same"], same["text_diff"], same["config_changes"]) == (True, "", [])


def test_lists_are_paged(agent: Agent) -> None:
    for number in range(3):
        agent.result("llma-prompt-create", name=f"paged-{number}", prompt="x")
    first = agent.result("llma-prompt-list", search="paged-", order_by="name", limit=2)
    assert ([row["name"] for row in first["results"]], first["count"], first["next_offset"]) == (["paged-0", "paged-1"], 3, 2)
    rest = agent.result("llma-prompt-list", search="paged-", order_by="name", limit=2, offset=2)
    assert ([row["name"] for row in rest["results"]], rest["next_offset"]) == (["paged-2"], None)
    assert "prompt" not in rest["results"][0]


def test_a_page_of_full_contents_stays_small_enough_for_a_message(agent: Agent) -> None:
    for number in range(3):
        agent.result("llma-prompt-create", name=f"big-{number}", prompt=f"{number}" * 400_000)
    first = agent.result("llma-prompt-list", search="big-", order_by="name", content="full")
    assert ([row["name"] for row in first["results"]], first["next_offset"]) == (["big-0", "big-1"], 2)
    rest = agent.result("llma-prompt-list", search="big-", order_by="name", content="full", offset=2)
    assert ([row["name"] for row in rest["results"]], rest["next_offset"]) == (["big-2"], None)
    assert len(rest["results"][0]["prompt"]) == 400_000


def test_nulls_count_as_absent_but_a_null_config_is_cleared(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="nulls", prompt="x", config={"model": "small"}, version_description=None)
    kept = agent.result("llma-prompt-update", prompt_name="nulls", base_version=1, prompt="y", edits=None)
    assert kept["config"] == {"model": "small"}
    cleared = agent.result("llma-prompt-update", prompt_name="nulls", base_version=2, config=None)
    assert (cleared["prompt"], cleared["config"]) == ("y", None)


def test_arrays_and_objects_may_come_as_json_text_but_a_prompt_is_a_text(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="t-texts", prompt='{"a": "one"}', config='{"model": "x", "nested": {"a": "[1]"}}')
    created = agent.result("llma-prompt-get", prompt_name="t-texts")
    assert (created["prompt"], created["config"]) == ('{"a": "one"}', {"model": "x", "nested": {"a": "[1]"}})
    edits = '[{"old": "one", "new": "[2]"}]'
    published = agent.result("llma-prompt-update", prompt_name="t-texts", base_version=1, edits=edits, config="null")
    assert (published["prompt"], published["config"]) == ('{"a": "[2]"}', None)
    edits_as_texts = ['{"old": "[2]", "new": "three"}', {"old": "three", "new": "3"}]
    published = agent.result("llma-prompt-update", prompt_name="t-texts", base_version=2, edits=edits_as_texts)
    assert published["prompt"] == '{"a": "3"}'


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"edits": ""}, 'edits__non_field_errors: Expected a list of items but got type "str".'),
        ({"edits": "[{"}, 'edits__non_field_errors: Expected a list of items but got type "str".'),
        ({"edits": "[]"}, "edits: At least one edit operation is required."),
        ({"edits": '"[]"'}, 'edits__non_field_errors: Expected a list of items but got type "str".'),
        ({"edits": '[{"old": "x"}]'}, "edits__0__new: This field is required."),
        ({"edits": '[{"old": "x", "new": "\\ud800"}]'}, "Surrogate characters are not allowed: U+D800."),
        ({"edits": "[" * 5000}, 'edits__non_field_errors: Expected a list of items but got type "str".'),
        ({"config": '{"t": NaN}'}, "config: Config must be a JSON object"),
        ({"config": "[]"}, "config: Config must be a JSON object"),
        ({"config": "text"}, "config: Config must be a JSON object"),
    ],
)
def test_json_text_that_is_not_what_the_schema_says_is_refused(agent: Agent, arguments: Any, sentence: str) -> None:
    assert agent.refusal("llma-prompt-update", prompt_name="t-refused", base_version=1, **arguments).startswith(sentence)
