"""``promptuary pull`` and the commands beside it take nothing for success, and remove nothing that was not agreed to."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from answering import Answer, answering
from cli_harness import RemoteCli
from command_line import CommandLine

ROW: dict[str, object] = {
    "id": "0b7c1c4e-0000-4000-8000-000000000000",
    "version": 1,
    "latest_version": 1,
    "is_latest": True,
    "version_description": None,
    "created_by": None,
    "created_at": "2026-01-01T00:00:00Z",
    "prompt": "Hello!",
    "config": None,
    "prompt_size_bytes": 8,
    "labels": [],
    "all_labels": [],
}


def _actions(finished: Any) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["action"], each["detail"]) for each in json.loads(finished.stdout)}


def _files(cli: RemoteCli) -> list[str]:
    return sorted(path.name for path in (cli.folder / "prompts").iterdir())


def test_a_label_that_no_prompt_has_is_said_and_removes_nothing(cli: RemoteCli) -> None:
    for name in ("a", "b"):
        cli.create(name)
    cli.json("pull")
    before = {path.name: path.read_bytes() for path in (cli.folder / "prompts").iterdir()}
    assert cli.error("pull", "--label", "prodution") == "No prompt has the label 'prodution'. Nothing is changed."
    assert cli.error("pull", "--label", "prodution", "--yes") == "No prompt has the label 'prodution'. Nothing is changed."
    assert {path.name: path.read_bytes() for path in (cli.folder / "prompts").iterdir()} == before
    for label in ("", "Production", "latest", "3"):
        for command in (["pull"], ["prompt", "list"], ["prompt", "show", "a"]):
            assert "abel" in cli.error(*command, "--label", label)


def test_prompts_without_the_label_stay_until_it_is_agreed_to_remove_them(cli: RemoteCli) -> None:
    for name in ("labelled", "plain", "edited"):
        cli.create(name)
    cli.json("pull")
    folder = cli.folder / "prompts"
    plain = (folder / "plain.md").read_text().replace("version: 1", "version: 1\nvariables: [name]")
    (folder / "plain.md").write_text(plain)
    (folder / "edited.md").write_text((folder / "edited.md").read_text().replace("Hello!", "Mine"))
    cli.label("labelled", "production", 1)
    pulled = cli.run("pull", "--label", "production", "--json")
    assert pulled.returncode == 1
    assert _actions(pulled) == {
        "labelled": ("unchanged", ""),
        "plain": ("left", "does not have the label 'production'"),
        "edited": ("kept", "edited here, and does not have the label 'production'"),
    }
    assert "--yes" in pulled.stderr
    assert (folder / "plain.md").read_text() == plain
    assert {each["name"]: each["there"] for each in cli.json("status")}["plain"] == "without the label"
    cli.json("pull", "--label", "production", "--yes")
    assert _files(cli) == ["edited.md", "labelled.md", "prompts.lock"]


def test_a_file_that_declares_variables_is_not_removed_with_its_prompt(cli: RemoteCli) -> None:
    for name in ("gone", "declared", "other"):
        cli.create(name)
    cli.json("pull")
    path = cli.folder / "prompts" / "declared.md"
    path.write_text(path.read_text().replace("version: 1", "version: 1\nvariables: [name]"))
    for name in ("gone", "declared"):
        cli.api.post(f"name/{name}/archive/")
    pulled = cli.run("pull", "--json")
    assert (pulled.returncode, _actions(pulled)["declared"][0], _actions(pulled)["gone"][0]) == (1, "left", "removed")
    assert path.exists()
    cli.json("pull", "--yes")
    assert not path.exists()


def test_a_project_without_prompts_empties_no_folder(cli: RemoteCli) -> None:
    at = f"Project {cli.project} of {cli.host} has no prompts."
    assert cli.error("pull") == at
    assert not (cli.folder / "prompts").exists()
    cli.create("a")
    cli.json("pull")
    cli.api.post("name/a/archive/")
    assert cli.error("pull") == f"{at} Nothing is changed."
    assert _files(cli) == ["a.md", "prompts.lock"]


def test_commands_on_a_folder_without_prompts_are_refused(cli: RemoteCli) -> None:
    (cli.folder / "prompts").mkdir()
    (cli.folder / "prompts" / "README.md").write_text("About.\n")
    for command in (["push"], ["status"], ["status", "--offline"], ["diff"]):
        assert cli.error(*command) == "prompts has no prompts. Run promptuary pull."
    cli.create("a")
    cli.json("pull")
    lock = cli.folder / "prompts" / "prompts.lock"
    value = json.loads(lock.read_text())
    (cli.folder / "prompts" / "a.md").unlink()
    assert cli.error("push", "--archive").endswith("To archive 1 prompt, add --yes.")
    assert cli.error("diff", "--name", "typo") == "prompts has no prompt 'typo'."
    lock.write_text(json.dumps({**value, "prompts": []}))
    assert cli.run("verify").stderr == "prompts/prompts.lock: There are no prompts. Run promptuary pull.\n"
    assert cli.error("bundle") == "prompts has no prompts. Run promptuary pull."
    assert cli.error("pull", "--profile", "") == "The name of the profile is empty."


@pytest.mark.parametrize("archived", ["n005", "n199", "n000", "n198"])
def test_a_list_that_moves_while_it_is_read_loses_no_prompt(tmp_path: Path, archived: str) -> None:
    names = [f"n{number:03}" for number in range(205)]
    pages: list[int] = []

    def respond(_method: str, path: str, _body: bytes) -> Answer:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not parts.path.endswith("/llm_prompts/"):
            name = parts.path.removesuffix("/").rpartition("/")[2]
            return (200, {}, json.dumps(_resolved(name)).encode()) if name in names else (404, {}, b'{"detail": "No."}')
        offset, limit = int(query.get("offset", 0)), int(query["limit"])
        rows = [{**ROW, "name": name} for name in names[offset : offset + limit]]
        more = "more" if offset + limit < len(names) else None
        body = json.dumps({"count": len(names), "next": more, "previous": None, "results": rows}).encode()
        # The first page is read, and then somebody archives a prompt of it.
        pages.extend([offset] if limit > 1 else [])
        if len(pages) == 1 and archived in names:
            names.remove(archived)
        return 200, {}, body

    with answering(respond) as host:
        own = {"host": host, "api_key": "phx_x", "project": "1"}
        names.remove(archived)
        assert CommandLine(tmp_path).run("pull", **own).returncode == 0
        names[:] = [f"n{number:03}" for number in range(205)]
        pages.clear()
        pulled = CommandLine(tmp_path).run("pull", **own)
    assert pulled.returncode == 0, pulled
    assert "removed" not in pulled.stdout
    assert len(list((tmp_path / "prompts").glob("*.md"))) == 205


def _resolved(name: str) -> dict[str, object]:
    return {"prompt": {**ROW, "name": name}, "versions": [], "has_more": False, "labels": []}


def test_what_was_published_before_a_failure_is_told_and_the_rest_is_named(cli: RemoteCli) -> None:
    for name in ("a", "b", "c"):
        cli.create(name, "One")
    cli.json("pull")
    for name in ("a", "b", "c"):
        path = cli.folder / "prompts" / f"{name}.md"
        path.write_text(path.read_text().replace("One", "Two"))
    seen: list[str] = []

    def respond(method: str, path: str, body: bytes) -> Answer:
        seen.append(method)
        headers = {"Authorization": f"Bearer {cli.key}", "Content-Type": "application/json"}
        answer = httpx2.request(method, f"{cli.host}{path}", headers=headers, content=body)
        # A connection that ends in the middle of an answer.
        is_cut = method == "PATCH" and seen.count("PATCH") == 2
        return (200, {"Content-Length": "100"}, b"") if is_cut else (answer.status_code, {}, answer.content)

    with answering(respond) as host:
        pushed = cli.run("push", host=host)
    assert (pushed.returncode, pushed.stdout) == (1, "publish  a (version 2)\n")
    assert pushed.stderr.endswith(" 2 prompts from b on were not pushed; push again.\n")
    assert seen.count("PATCH") == 2
    assert [(each["action"], each["name"]) for each in cli.json("push")] == [("adopt", "b"), ("publish", "c")]


def test_a_bundle_overwrites_no_file_that_is_none(cli: RemoteCli) -> None:
    cli.create("a")
    cli.json("pull")
    path = cli.folder / "notes.txt"
    path.write_text("Mine.\n")
    assert cli.error("bundle", "-o", "notes.txt") == "notes.txt exists and is not a bundle. To overwrite it, add --yes."
    assert path.read_text() == "Mine.\n"
    for arguments in (["--yes"], []):
        assert cli.run("bundle", "-o", "notes.txt", *arguments).returncode == 0


def test_no_link_that_waits_for_a_draft_is_written_through(cli: RemoteCli) -> None:
    cli.create("a")
    outside = cli.folder / "outside"
    outside.write_text("Mine.\n")
    for draft in ("a.part", ".a.part"):
        (cli.folder / draft).symlink_to(outside)
    assert "It cannot be written" in cli.error("export", "a")
    assert outside.read_text() == "Mine.\n"
