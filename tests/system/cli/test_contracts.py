"""Declared variables in files and on the command line: what is declared in one place is what the other has."""

import json

from cli_harness import RemoteCli

CONTRACT = {"name": {"description": "Who is greeted", "enum": ["Ada", "Bob"]}, "n": {"type": "integer", "default": 3}}


def _edit(cli: RemoteCli, old: str, new: str) -> None:
    path = cli.folder / "prompts" / "greeting.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_contract_is_created_published_shown_and_removed(cli: RemoteCli) -> None:
    (cli.folder / "contract.json").write_text(json.dumps(CONTRACT))
    cli.run("prompt", "create", "greeting", "--variables", "@contract.json", stdin=b"{{name}} {{n}} {{other}}")
    assert cli.latest("greeting")["variables"] == CONTRACT
    assert "Who is greeted" in cli.run("prompt", "show", "greeting").stdout
    published = cli.run("prompt", "publish", "greeting", "--base-version", "1", "--variables", '{"name": {}}')
    assert (published.returncode, cli.latest("greeting")["variables"]) == (0, {"name": {}})
    compared = cli.run("prompt", "diff", "greeting").stdout
    assert "breaking: removes n\ncompatible: name takes any string\n" in compared
    cli.run("prompt", "publish", "greeting", "--base-version", "2", "--variables", "null")
    assert "variables" not in cli.latest("greeting")
    assert "name and n" not in cli.error("prompt", "publish", "greeting", "--base-version", "3", "--variables", "[]")
    assert "The type of 'a' must be" in cli.error(
        "prompt", "publish", "greeting", "--base-version", "3", "--variables", '{"a": {"type": 1}}'
    )


def test_a_contract_that_is_too_large_is_refused_and_nothing_is_published(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}", variables=CONTRACT)
    (cli.folder / "contract.json").write_text(json.dumps({"name": {"description": "x" * 1_000_000}}))
    refused = cli.error("prompt", "publish", "greeting", "--base-version", "1", "--variables", "@contract.json")
    assert refused == "Variables must be 100000 bytes or fewer."
    assert cli.latest("greeting")["version"] == 1


def test_a_contract_is_pulled_edited_and_pushed(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}} {{n}}", variables=CONTRACT)
    cli.run("pull")
    assert "variables:\n  name:\n    description: Who is greeted\n" in (cli.folder / "prompts" / "greeting.md").read_text()
    assert "variables_sha256" in (cli.folder / "prompts" / "prompts.lock").read_text()
    assert cli.run("verify").returncode == 0
    _edit(cli, "    default: 3", "    default: 4")
    assert "edited" in cli.run("status").stdout
    assert "compatible: default of n changed" in cli.run("diff").stdout
    assert cli.run("verify").stderr.startswith("prompts/greeting.md: The file was edited and not pushed")
    assert cli.run("push").returncode == 0
    assert cli.latest("greeting")["variables"]["n"] == {"type": "integer", "default": 4}
    assert cli.run("verify").returncode == 0


def test_contracts_that_both_changed_are_merged_by_variable(cli: RemoteCli) -> None:
    cli.create("greeting", "{{name}} {{n}}", variables=CONTRACT)
    cli.run("pull")
    cli.publish("greeting", 1, variables=CONTRACT | {"more": {}})
    _edit(cli, "    default: 3", "    default: 4")
    assert cli.run("push").returncode == 0
    assert cli.latest("greeting")["variables"] == {**CONTRACT, "n": {"type": "integer", "default": 4}, "more": {}}


def test_an_empty_contract_that_only_the_file_added_is_pushed_on_top_of_a_newer_text(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}\n\nBye\n")
    cli.create("edited", "Hello {{name}}\n\nBye\n")
    cli.run("pull")
    for name in ("greeting", "edited"):
        cli.publish(name, 1, prompt="Hello {{name}}\n\nGoodbye\n")
        path = cli.folder / "prompts" / f"{name}.md"
        path.write_text(path.read_text().replace("version: 1", "version: 1\nvariables: {}"))
    path.write_text(path.read_text().replace("Hello", "Hi"))
    assert [(each["name"], each["action"], each["version"]) for each in cli.json("push")] == [
        ("edited", "merge", 3),
        ("greeting", "merge", 3),
    ]
    for name, text in (("greeting", "Hello {{name}}\n\nGoodbye\n"), ("edited", "Hi {{name}}\n\nGoodbye\n")):
        assert (cli.latest(name)["prompt"], cli.latest(name)["variables"]) == (text, {})
        assert "variables: {}\n" in (cli.folder / "prompts" / f"{name}.md").read_text()
    assert cli.run("verify").returncode == 0


def test_edits_that_the_server_has_beside_others_are_adopted(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello\n\nBye\n")
    cli.run("pull")
    cli.publish("greeting", 1, prompt="Hi\n\nGoodbye\n", variables={})
    _edit(cli, "Hello", "Hi")
    assert [(each["action"], each["version"]) for each in cli.json("push")] == [("adopt", 2)]
    assert "Goodbye" in (cli.folder / "prompts" / "greeting.md").read_text()
    assert cli.run("verify").returncode == 0


def test_prompts_without_a_contract_have_files_and_locks_as_before(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}")
    cli.run("pull")
    assert "variables" not in (cli.folder / "prompts" / "greeting.md").read_text()
    assert "variables" not in (cli.folder / "prompts" / "prompts.lock").read_text()
    cli.run("bundle", "--output", "bundle.json")
    assert "variables" not in (cli.folder / "bundle.json").read_text()


def test_a_list_of_names_stays_in_the_file(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}")
    cli.run("pull")
    _edit(cli, "version: 1", "version: 1\nvariables: [name]")
    assert "Nothing was edited." in cli.run("push").stdout
    assert "variables" not in cli.latest("greeting")
    assert cli.run("verify").returncode == 0


def test_a_bundle_has_the_contract(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}", variables=CONTRACT)
    cli.run("pull")
    assert cli.run("bundle", "--output", "bundle.json").returncode == 0
    assert json.loads((cli.folder / "bundle.json").read_text())["prompts"][0]["variables"] == CONTRACT


def test_verify_doubts_what_is_declared_and_not_used(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{nme}}", variables={"name": {}})
    cli.run("pull")
    verified = cli.run("verify")
    assert (verified.returncode, verified.stderr.splitlines()[1:]) == (
        0,
        [
            "  Text, although a declared variable has a similar name: {{nme}}",
            "  The variable 'name' is declared and not used.",
        ],
    )
