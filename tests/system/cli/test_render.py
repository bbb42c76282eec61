"""``promptuary render``: a prompt with its variables filled in, as programs get it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_harness import RemoteCli
from promptuary_client.templates import Template

from promptuary.cli.render import fill
from promptuary.model.errors import InvalidValue

_FOLDER = Path(__file__).parents[2] / "vectors"
TEMPLATES = json.loads((_FOLDER / "templates.json").read_text(encoding="utf-8"))
VALUES = json.loads((_FOLDER / "values.json").read_text(encoding="utf-8"))

CONTRACT = {
    "customer": {"type": "string"},
    "tone": {"type": "string", "default": "kind", "enum": ["kind", "plain"]},
    "orders": {"type": "array", "required": False},
}
CHAT = [
    {"role": "system", "content": "Be {{tone}}."},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": [{"type": "text", "text": "I am {{customer}}."}], "name": "{{tone}}"},
]


def _text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content)


@pytest.fixture
def filled(cli: RemoteCli) -> RemoteCli:
    cli.create("greeting", "Hello {{customer}}, {{tone}} {{orders}} {{other}}", variables=CONTRACT, config={"model": "a"})
    cli.create("free", "Hello {{customer}}!")
    return cli


def test_values_are_filled_in_with_defaults_and_of_what_is_declared(filled: RemoteCli) -> None:
    rendered = filled.run("render", "greeting", "-v", "customer=Acme = Söhne", "--value", 'orders=["a", 2]')
    assert (rendered.stdout, rendered.stderr) == ('Hello Acme = Söhne, kind ["a", 2] {{other}}\n', "")
    assert filled.run("render", "greeting", "-v", "customer={{tone}}").stdout == "Hello {{tone}}, kind  {{other}}\n"
    found = filled.json("render", "greeting", "-v", "customer=Acme")
    assert found == {"name": "greeting", "version": 1, "content": "Hello Acme, kind  {{other}}", "config": {"model": "a"}}


def test_values_come_from_files_and_single_ones_go_before_them(filled: RemoteCli) -> None:
    (filled.folder / "values.json").write_text('{"customer": "File", "tone": "plain", "orders": null}')
    render = ["render", "greeting", "--values", "values.json"]
    assert filled.run(*render).stdout == "Hello File, plain  {{other}}\n"
    assert filled.run(*render, "-v", "customer=Acme").stdout == "Hello Acme, plain  {{other}}\n"
    assert filled.run("render", "free", "--values", "-", stdin='{"customer": 7}').stdout == "Hello 7!\n"


def test_values_that_are_missing_unknown_or_wrong_are_all_named(filled: RemoteCli) -> None:
    assert filled.error("render", "free") == "Version 1 of free: No value was given for: customer."
    wrong = filled.error("render", "greeting", "-v", "tone=loud", "-v", "orders=some", "-v", "custom=er")
    assert wrong == (
        "Version 1 of greeting: No value was given for: customer. 'tone' must be one of kind, plain. "
        "'orders' must be of the type array. The prompt has no variable named 'custom'. Did you mean 'customer'?"
    )
    (filled.folder / "values.json").write_text("[]")
    assert filled.error("render", "free", "--values", "values.json") == "The values must be an object of JSON, or null."
    assert filled.error("render", "free", "--values", "none.json").startswith("Cannot read none.json: ")
    misused = filled.run("render", "free", "-v", "customer")
    assert (misused.returncode, misused.stdout) == (2, "")
    assert "'customer' has no '='" in misused.stderr


FREE = [each for each in TEMPLATES if "filled" in each and {*each["variables"], *each["placeholders"]} == each["values"].keys()]


@pytest.mark.parametrize("case", [each for each in VALUES if "filled" in each], ids=lambda case: case["name"])
def test_values_of_the_vectors_are_filled_in_as_they_are_declared(case: dict[str, Any]) -> None:
    assert fill(_text(case["content"]), case["variables"], case["values"], {}) == case["filled"]


@pytest.mark.parametrize("case", FREE, ids=lambda case: case["name"])
def test_values_of_the_vectors_are_filled_in_without_a_declaration(case: dict[str, Any]) -> None:
    filled = fill(_text(case["content"]), None, case["values"], {})
    assert (filled if isinstance(case["filled"], str | list) else json.loads(str(filled))) == case["filled"]


@pytest.mark.parametrize("case", [each for each in VALUES if "problems" in each], ids=lambda case: case["name"])
def test_the_problems_of_the_vectors_are_all_named(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        fill(_text(case["content"]), case["variables"], case["values"], {})
    assert str(caught.value) == " ".join(case["problems"])


def test_a_chat_becomes_messages_and_a_text_of_json_stays_json(cli: RemoteCli) -> None:
    cli.create("chat", CHAT)
    cli.create("object", {"key {{a}}": 'say "{{a}}"'})
    history = [{"role": "assistant", "content": "{{tone}}"}]
    values = {"tone": "kind", "customer": 'A"cme', "history": history}
    rendered = cli.json("render", "chat", "--values", "-", stdin=json.dumps(values))["content"]
    assert rendered == Template(json.dumps(CHAT)).compile_messages(values, "error")
    assert rendered[0] == {"role": "system", "content": "Be kind."}
    assert rendered[1:2] == history
    assert rendered[2] == {"role": "user", "content": [{"type": "text", "text": 'I am A"cme.'}], "name": "{{tone}}"}
    assert json.loads(cli.run("render", "object", "-v", 'a="]').stdout) == {"key {{a}}": 'say ""]"'}
    assert "No value was given for: history." in cli.error("render", "chat", "-v", "tone=a", "-v", "customer=b")


def test_a_version_is_chosen_by_number_label_and_time(cli: RemoteCli) -> None:
    cli.create("greeting", "One {{a}}")
    cli.label("greeting", "production", 1)
    cli.create("tone", "kind")
    cli.publish("greeting", 1, prompt="Two {{a}} @@@prompt:name=tone|version=1@@@")
    cli.label("greeting", "production", 2)
    first = cli.json("label", "history", "greeting", "production")[1]["created_at"]
    render = ["render", "greeting", "-v", "a=x"]
    assert cli.run(*render).stdout == "Two x kind\n"
    assert cli.run(*render, "--version", "1").stdout == "One x\n"
    assert cli.run(*render, "--label", "production").stdout == "Two x kind\n"
    assert cli.run(*render, "--label", "production", "--at", first).stdout == "One x\n"
    assert cli.run(*render, "--version", "1", "--at", first).returncode == 2
    assert cli.run(*render, "--version", "1", "--label", "production").returncode == 2
    assert cli.error(*render, "--label", "typo") == (
        "No prompt matching 'greeting' with label 'typo'. Fetch it without a label to see which labels it has."
    )


def test_an_agent_is_not_served_by_an_empty_label(cli: RemoteCli) -> None:
    assert cli.error("mcp", label=" ").startswith("PROMPTUARY_LABEL is empty.")
    assert cli.run("mcp", "--latest", label="").returncode == 0


@pytest.mark.parametrize("command", [["render"], ["prompt", "show"], ["at", "2099-01-01"]])
def test_the_label_of_the_environment_counts_unless_something_is_named(cli: RemoteCli, command: list[str]) -> None:
    cli.create("greeting", "One")
    cli.publish("greeting", 1, prompt="Two")
    cli.label("greeting", "production", 1)
    if command == ["at", "2099-01-01"]:
        command = ["at", cli.json("label", "history", "greeting", "production")[0]["created_at"]]
    read = [*command, "greeting"]
    assert cli.json(*read)["version"] == 2
    assert json.loads(cli.run(*read, "--json", label="production").stdout)["version"] == 1
    assert json.loads(cli.run(*read, "--json", "--latest", label="production").stdout)["version"] == 2
    assert json.loads(cli.run(*read, "--json", "--latest", label="").stdout)["version"] == 2
    assert cli.run(*read, "--latest", "--label", "production").returncode == 2
    for empty in ("", "  "):
        assert cli.error(*read, label=empty) == (
            "PROMPTUARY_LABEL is empty. Set it to the name of a label, or unset it; --latest asks for the latest version."
        )
    assert cli.error(*read, label="Production").startswith("PROMPTUARY_LABEL is 'Production', which is not the name of a label.")
    missing = cli.error(*read, label="staging")
    assert missing.endswith("PROMPTUARY_LABEL is 'staging'; --latest asks for the latest version.")


def test_commands_that_change_or_list_do_not_read_the_label_of_the_environment(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    assert len(json.loads(cli.run("prompt", "list", "--json", label="production").stdout)) == 1
    assert cli.run("pull", label="production").stdout == "new  greeting (version 1)\n"
    assert cli.run("status", label="").returncode == 0
