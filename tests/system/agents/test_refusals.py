"""What tools refuse, and how they say so."""

from pathlib import Path
from typing import Any

import pytest
from agent import EARLIER, MODERN, Agent, connected
from agent_server import Served, serving


def test_refusals_have_the_sentence_of_the_registry(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="refused", prompt="one two")
    assert agent.refusal("llma-prompt-create", name="refused", prompt="x") == "A prompt with this name already exists."
    assert agent.refusal("llma-prompt-get", prompt_name="nobody").startswith("No prompt matching 'nobody' in this project.")
    assert agent.refusal("llma-prompt-label-set", prompt_name="refused", label_name="live", version=7) == (
        "Prompt 'refused' has no version 7."
    )
    assert agent.refusal("llma-prompt-label-delete", prompt_name="refused", label_name="live") == (
        "Label 'live' not found on prompt 'refused'."
    )
    assert agent.refusal("llma-prompt-restore", prompt_name="nobody").startswith("No archived prompt matching 'nobody'")


def test_a_version_that_somebody_published_meanwhile_is_never_overwritten(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="conflict", prompt="one")
    agent.result("llma-prompt-update", prompt_name="conflict", base_version=1, prompt="two")
    answer = agent.call("llma-prompt-update", prompt_name="conflict", base_version=1, prompt="lost")
    assert answer.is_error
    assert answer.structured_content == {
        "detail": "The prompt changed since you opened it. Reload the latest version and try again.",
        "current_version": 2,
    }
    assert agent.result("llma-prompt-get", prompt_name="conflict")["prompt"] == "two"


def test_declared_variables_that_cannot_be_are_told(agent: Agent) -> None:
    too_large = {"a": {"description": "x" * 1_000_000}}
    wrong = {"__proto__": {"type": "integer", "default": "many"}}
    for variables, sentence in (
        (too_large, "Variables must be 100000 bytes or fewer."),
        (wrong, "The default of '__proto__' must be of the type integer."),
        ([], "Variables must be a JSON object"),
    ):
        told = agent.refusal("llma-prompt-create", name="undeclared", prompt="x", variables=variables)
        assert told.startswith(f"variables: {sentence}")


def test_an_edit_that_does_not_fit_tells_which_one_it_is(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="edits", prompt="one two")
    edits = [{"old": "one", "new": "1"}, {"old": "three", "new": "3"}]
    answer = agent.call("llma-prompt-update", prompt_name="edits", base_version=1, edits=edits)
    assert answer.is_error
    assert answer.structured_content["edit_index"] == 1
    assert agent.result("llma-prompt-get", prompt_name="edits")["version"] == 1


def test_an_edit_that_only_other_line_breaks_keep_from_matching_says_so(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="windows", prompt="one\r\ntwo")
    missing = "Text to replace was not found in the prompt."
    arguments = {"prompt_name": "windows", "base_version": 1}
    answer = agent.refusal("llma-prompt-update", **arguments, edits=[{"old": "one\ntwo", "new": "x"}])
    assert answer.startswith(f"{missing} It would match with other line breaks")
    assert agent.refusal("llma-prompt-update", **arguments, edits=[{"old": "three\ntwo", "new": "x"}]) == missing


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "prompt_name: This field is required."),
        ({"prompt_name": None}, "prompt_name: This field is required."),
        ({"prompt_name": ["x"]}, "prompt_name: Not a valid string."),
        ({"prompt_name": "x", "version": "three"}, "version: A valid integer is required."),
        ({"prompt_name": "x", "version": 0}, "version: Ensure this value is greater than or equal to 1."),
        ({"prompt_name": "x", "version": 1, "label": "live"}, "Use either version or label, not both."),
        ({"prompt_name": "x", "content": "some"}, 'content: "some" is not a valid choice.'),
        ({"prompt_name": "x", "nonsense": 1}, "nonsense: Extra inputs are not permitted"),
    ],
)
def test_bad_arguments_are_told(agent: Agent, arguments: dict[str, Any], sentence: str) -> None:
    assert agent.refusal("llma-prompt-get", **arguments) == sentence


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("x" * 1_000_001, "prompt: Prompt payload must be 1000000 bytes or fewer."),
        (None, "prompt: This field is required."),
    ],
)
def test_prompts_that_cannot_be_are_told(agent: Agent, prompt: Any, sentence: str) -> None:
    assert agent.refusal("llma-prompt-create", name="cannot-be", prompt=prompt) == sentence


def test_json_of_any_depth_that_the_api_takes_is_taken_and_no_deeper(agent: Agent) -> None:
    deep: Any = "x"
    for _ in range(190):
        deep = [deep]
    assert agent.result("llma-prompt-create", name="deep", prompt=deep)["prompt"].startswith("[[[")
    for _ in range(60):
        deep = [deep]
    assert agent.refusal("llma-prompt-create", name="deeper", prompt=deep).startswith("JSON parse error - Nested too deep")


def test_an_edit_with_an_option_that_there_is_not_changes_nothing(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="options", prompt="one one")
    edits = [{"old": "one", "new": "1", "replace_all": True}]
    refusal = agent.refusal("llma-prompt-update", prompt_name="options", base_version=1, edits=edits)
    assert refusal == "edits__0__replace_all: Extra inputs are not permitted"
    assert agent.result("llma-prompt-get", prompt_name="options")["version"] == 1


def test_nul_and_any_script_survive_on_both_databases(database_url: str, tmp_path: Path) -> None:
    text = "a\x00b 😀 ﷽ \r\n"
    with serving(database_url, tmp_path) as served, connected(served.url, served.editor_key) as agent:
        agent.result("llma-prompt-create", name="any-text", prompt=text)
        assert agent.result("llma-prompt-get", prompt_name="any-text")["prompt"] == text
        assert agent.refusal("llma-prompt-get", prompt_name="a\x00b").startswith("No prompt matching 'a\x00b'")
        assert agent.refusal("llma-prompt-create", name="a\x00b", prompt="x") == "name: Null characters are not allowed."


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_a_viewer_reads_and_writes_nothing(served: Served, agent: Agent, mode: str) -> None:
    name = f"viewed-{mode}"
    agent.result("llma-prompt-create", name=name, prompt="x")
    with connected(served.url, served.viewer_key, mode=mode) as viewer:
        assert viewer.result("llma-prompt-get", prompt_name=name)["prompt"] == "x"
        refused = "You do not have editor access to this resource."
        assert viewer.refusal("llma-prompt-create", name="mine", prompt="x") == refused
        assert viewer.refusal("llma-prompt-update", prompt_name=name, base_version=1, prompt="y") == refused
        assert viewer.refusal("llma-prompt-duplicate", prompt_name=name, new_name="mine") == refused
        assert viewer.refusal("llma-prompt-label-set", prompt_name=name, label_name="live", version=1) == refused
        assert viewer.refusal("llma-prompt-label-delete", prompt_name=name, label_name="live") == refused
        assert viewer.refusal("llma-prompt-archive", prompt_name=name) == refused
        assert viewer.refusal("llma-prompt-restore", prompt_name=name) == refused
    assert agent.result("llma-prompt-get", prompt_name=name)["version"] == 1


def test_a_label_that_was_moved_meanwhile_stays_where_it_is(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="moved", prompt="one")
    agent.result("llma-prompt-update", prompt_name="moved", base_version=1, prompt="two")
    wanted = {"prompt_name": "moved", "label_name": "live"}
    agent.result("llma-prompt-label-set", **wanted, version=1, expected_version=None)
    moved = {"detail": "The label was moved in the meantime. Reload and try again.", "current_version": 1}
    for expected in (None, 2):
        answer = agent.call("llma-prompt-label-set", **wanted, version=2, expected_version=expected)
        assert (answer.is_error, answer.structured_content) == (True, moved)
        answer = agent.call("llma-prompt-label-delete", **wanted, expected_version=expected)
        assert (answer.is_error, answer.structured_content) == (True, moved)
    assert agent.result("llma-prompt-label-set", **wanted, version=2, expected_version=1)["version"] == 2
    assert agent.result("llma-prompt-label-delete", **wanted, expected_version=2)["removed"]
