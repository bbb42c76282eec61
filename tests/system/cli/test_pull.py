"""``promptuary pull``: a file a prompt, a lock, and nothing lost that was edited here."""

import json
from pathlib import Path
from typing import Any

from cli_harness import RemoteCli

from promptuary.files import content_sha256, parse_document, parse_lock
from promptuary.model.access import Role
from promptuary.registry.operator import members, projects

CHAT = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}]


def _actions(pulled: list[Any]) -> dict[str, str]:
    return {each["name"]: each["action"] for each in pulled}


def _edit(cli: RemoteCli, file: str, old: str, new: str) -> None:
    path = cli.folder / "prompts" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_kind_of_prompt_becomes_a_file_that_says_exactly_what_it_is(cli: RemoteCli) -> None:
    contents = {
        "chat": CHAT,
        "Greeting": "Hello!\n",
        "greeting": "---\nname: trick\n---\r\n",
        "json-text": '{"a": 1}',
        "json-value": {"a": 1, "b": [1.5, None, True]},
        "con": "a\rb \0 \u2028 😀",
        "number": 7,
        "empty": "",
    }
    for name, content in contents.items():
        cli.create(name, content, config={"model": "m", "rate": 1e-07, "day": "2026-01-02"}, version_description="First")
    cli.publish("chat", 1, config=None)
    cli.label("chat", "production", 1)
    pulled = cli.json("pull")
    assert _actions(pulled) == dict.fromkeys(sorted(contents), "new")
    lock = parse_lock((cli.folder / "prompts" / "prompts.lock").read_bytes())
    assert (lock.server, lock.project, lock.label) == (cli.host, cli.project, None)
    for name, content in contents.items():
        entry = lock.entries[name]
        document = parse_document((cli.folder / "prompts" / entry.file).read_bytes())
        assert json.dumps(document.content) == json.dumps(content)
        assert entry.sha256 == content_sha256(content)
        assert document.config == (None if name == "chat" else {"model": "m", "rate": 1e-07, "day": "2026-01-02"})
    assert lock.entries["Greeting"].file.lower() != lock.entries["greeting"].file.lower()
    assert cli.run("pull").stdout == "8 prompts: nothing is new on the server.\n"
    by_label = cli.json("pull", "--label", "production", "released")
    assert [(each["name"], each["version"]) for each in by_label] == [("chat", 1)]
    assert cli.json("pull", "released") == [by_label[0] | {"action": "unchanged"}]


def test_what_was_edited_here_is_kept_and_the_rest_is_brought_up_to_date(cli: RemoteCli) -> None:
    for name in ("still", "edited", "both", "theirs", "gone", "lost"):
        cli.create(name, f"{name} text")
    cli.json("pull")
    (cli.folder / "prompts" / "lost.md").unlink()
    for name in ("edited", "both"):
        _edit(cli, f"{name}.md", "text", "text of mine")
    for name in ("both", "theirs"):
        cli.publish(name, 1, prompt=f"{name} text of theirs")
    cli.api.post("name/gone/archive/")
    pulled = cli.run("pull", "--json")
    assert pulled.returncode == 1
    assert "--force takes the server's" in pulled.stderr
    assert _actions(json.loads(pulled.stdout)) == {
        "still": "unchanged",
        "edited": "kept",
        "both": "conflict",
        "theirs": "updated",
        "gone": "removed",
        "lost": "kept",
    }
    folder = cli.folder / "prompts"
    assert sorted(path.name for path in folder.iterdir()) == ["both.md", "edited.md", "prompts.lock", "still.md", "theirs.md"]
    assert "both text of mine" in (folder / "both.md").read_text()
    assert "theirs text of theirs" in (folder / "theirs.md").read_text()
    assert _actions(cli.json("pull", "--force")) == {
        "still": "unchanged",
        "edited": "restored",
        "both": "restored",
        "theirs": "unchanged",
        "lost": "restored",
    }
    assert "both text of theirs" in (folder / "both.md").read_text()
    assert "mine" not in (folder / "edited.md").read_text()


def test_a_pull_that_was_interrupted_before_the_lock_goes_on_where_it_was(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    lock = (cli.folder / "prompts" / "prompts.lock").read_bytes()
    cli.publish("greeting", 1, prompt="Two")
    cli.json("pull")
    (cli.folder / "prompts" / "prompts.lock").write_bytes(lock)
    assert cli.json("pull")[0]["version"] == 2
    assert cli.json("status")[0]["here"] == "unchanged"


def test_files_that_cannot_be_read_are_kept(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    cli.publish("greeting", 1, prompt="Two")
    path = cli.folder / "prompts" / "greeting.md"
    path.write_bytes(b"---\nname: [\n---\nMine\n")
    assert "conflict  greeting (version 2): not readable" in cli.run("pull").stdout
    assert path.read_bytes() == b"---\nname: [\n---\nMine\n"


def test_a_folder_of_another_server_or_project_is_refused(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        project = projects.create_project(tx, name="Other")
        members.set_member(tx, project_id=project.id, email=cli.registry.user.email, role=Role.EDITOR)
    other = str(project.id)
    sentence = cli.error("pull", project=other)
    assert sentence == (
        f"prompts was pulled from project {cli.project} of {cli.host}, and the profile is of project {other} of {cli.host}."
    )
    assert cli.error("push", project=other) == sentence


def test_what_stands_in_the_way_is_said(cli: RemoteCli, tmp_path: Path) -> None:
    (cli.folder / "prompts").write_text("")
    assert cli.run("pull").returncode == 2
    assert cli.error("pull", "other", "--label", "nothing") == "No prompt has the label 'nothing'."
    assert not (cli.folder / "other").exists()
    (tmp_path / "cli" / "broken").mkdir()
    (tmp_path / "cli" / "broken" / "prompts.lock").write_text("<<<<<<< HEAD\n")
    assert cli.error("pull", "broken").startswith("broken/prompts.lock cannot be read. It is not JSON: ")
    assert cli.run("pull", "other", "--force", "--mine").returncode == 2
    assert cli.error("pull", "other", host="", api_key="", project="").startswith(
        "No server is configured. Run promptuary login, or set "
    )
    assert cli.error("pull", "other", api_key="") == "The environment has a server, but no PROMPTUARY_API_KEY."
