"""``promptuary export`` and ``promptuary import``, against real servers: the same file comes out again."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from answering import Answer, answering
from builders import make_key, make_member
from cli_harness import RemoteCli
from projects import NASTY_VALUES, fill, fill_with_many
from serving import environment, running_server

from promptuary.model.access import Role, operator
from promptuary.model.transfer import HEADER
from promptuary.registry import prompts
from promptuary.registry.operator import members, projects
from promptuary.store.engine.database import Database

Until = Callable[[Callable[[], bool]], None]


def _admin_cli(database: Database, host: str, folder: Path) -> RemoteCli:
    """A cli of the admin of a new project."""
    with database.write() as tx:
        project = projects.create_project(tx, name="Carried")
        key = make_key(tx, make_member(tx, project, role=Role.ADMIN))
    return RemoteCli(folder, host, key.value, str(project.id))


@pytest.fixture
def admin(cli: RemoteCli) -> RemoteCli:
    """A cli whose key is an admin's, in an empty project of the server that all tests share."""
    assert cli.registry is not None
    return _admin_cli(cli.registry.database, cli.host, cli.folder)


@pytest.fixture
def other(cli: RemoteCli) -> RemoteCli:
    """Another empty project of the same server."""
    assert cli.registry is not None
    return _admin_cli(cli.registry.database, cli.host, cli.folder)


def _fill(cli: RemoteCli, admin: RemoteCli, **size: Any) -> None:
    assert cli.registry is not None
    database = cli.registry.database
    with database.read() as tx:
        project = projects.get_project(tx, int(admin.project))
    if size:
        fill_with_many(database, project, **size)
    else:
        fill(database, project, NASTY_VALUES, user=cli.registry.user)


@contextmanager
def _elsewhere(url: str, folder: Path) -> Iterator[RemoteCli]:
    folder.mkdir()
    with running_server(url, folder / "output.txt", rate_limit_writes="") as server:
        database = Database.open(url)
        yield _admin_cli(database, server.url, folder)
        database.close()


def test_a_file_goes_from_sqlite_to_another_database_and_back_alike(
    cli: RemoteCli, admin: RemoteCli, other: RemoteCli, database_url: str, tmp_path: Path
) -> None:
    _fill(cli, admin)
    first, second, third = (tmp_path / f"{number}.ndjson" for number in range(3))
    told = admin.json("export", str(first))
    assert (told["prompts"], told["versions"], told["labels"]) == (5, len(NASTY_VALUES) + 5, 4)
    with _elsewhere(database_url, tmp_path / "elsewhere") as far:
        assert far.json("import", str(first))["versions_added"] == told["versions"]
        far.json("export", str(second))
    assert second.read_bytes() == first.read_bytes()
    other.json("import", str(second))
    other.json("export", str(third))
    assert third.read_bytes() == first.read_bytes()
    assert list(tmp_path.glob("*.part")) == []


def test_a_compressed_file_is_the_same_file(cli: RemoteCli, admin: RemoteCli, other: RemoteCli, tmp_path: Path) -> None:
    _fill(cli, admin)
    plain, first, second = tmp_path / "0.ndjson", tmp_path / "1.gz", tmp_path / "2.gz"
    admin.json("export", str(plain))
    admin.json("export", str(first))
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()
    other.json("import", str(first))
    other.json("export", str(second))
    assert second.read_bytes() == first.read_bytes()


def test_a_prompt_is_fetched_as_soon_as_it_was_imported(cli: RemoteCli, admin: RemoteCli, other: RemoteCli, tmp_path: Path) -> None:
    _fill(cli, admin, prompt_count=1, versions=2)
    missing = other.api.get("name/prompt-00000/?label=production")
    assert missing.status_code == 404
    admin.json("export", str(tmp_path / "x"))
    other.json("import", str(tmp_path / "x"))
    assert other.api.get("name/prompt-00000/?label=production").json()["prompt"] == "Be brief. 0"
    admin.publish("prompt-00000", 2, prompt="Third")
    admin.json("export", str(tmp_path / "y"))
    assert other.latest("prompt-00000")["version"] == 2
    other.json("import", str(tmp_path / "y"))
    assert other.latest("prompt-00000")["prompt"] == "Third"


def _begin(cli: RemoteCli, *arguments: str) -> subprocess.Popen[bytes]:
    own = environment(host=cli.host, api_key=cli.key, project=cli.project)
    return subprocess.Popen([sys.executable, "-m", "promptuary", *arguments], cwd=cli.folder, env=own, stdout=subprocess.DEVNULL)


def _write_many(path: Path, prompt_count: int) -> None:
    """Write a file of an export by hand: prompts of two versions each."""
    second = VERSION.replace('"version": 1,', '"version": 2,')
    named = [PROMPT.replace('"x"', f'"prompt-{number:05}"') for number in range(prompt_count)]
    path.write_text(_resealed([HEADER, *(line for prompt in named for line in (prompt, VERSION, second))]))


def test_an_import_that_was_killed_goes_on_and_brings_nothing_twice(admin: RemoteCli, tmp_path: Path, until: Until) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    _write_many(first, 4000)
    running = _begin(admin, "import", str(first))
    until(lambda: admin.api.get("?content=none&limit=1").json()["count"] > 0)
    running.kill()
    running.wait()
    arrived = admin.api.get("?content=none&limit=1").json()["count"]
    assert 0 < arrived < 4000
    told = admin.json("import", str(first))
    assert told["versions_present"] > 0
    assert told["versions_present"] + told["versions_added"] == 8000
    admin.json("export", str(second))
    assert second.read_bytes() == first.read_bytes()


def test_an_export_that_was_killed_goes_on_to_the_same_file(admin: RemoteCli, tmp_path: Path, until: Until) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    part = tmp_path / "resumed.part"
    _write_many(whole, 4000)
    admin.json("import", str(whole))
    running = _begin(admin, "export", str(resumed))
    until(lambda: part.exists() and part.stat().st_size > 1000)
    running.kill()
    running.wait()
    assert not resumed.exists()
    # As a kill in the middle of a line would leave it.
    with part.open("r+b") as file:
        file.truncate(file.seek(0, 2) - 7)
    assert 0 < part.stat().st_size < whole.stat().st_size
    admin.json("export", str(resumed))
    assert resumed.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_what_was_imported_and_exported_before_a_failure_is_told(tmp_path: Path) -> None:
    _write_many(tmp_path / "many", 1000)
    counts = {"prompts_created": 600, "versions_added": 1200, "versions_present": 0, "labels_set": 0, "skipped": []}
    head = {"prompts": 2, "versions": 4, "is_last": False}
    first = {"import": json.dumps(counts), "export": "\n".join([json.dumps(head), PROMPT, VERSION])}
    asked: list[str] = []

    def respond(_method: str, path: str, _body: bytes) -> Answer:
        asked.append(path.partition("llm_prompts/")[2].partition("/")[0])
        is_first = asked.count(asked[-1]) == 1 and len(asked) > 1
        return (200, {}, first[asked[-1]].encode()) if is_first else (503, {}, b'{"detail": "Stopping."}')

    with answering(respond) as host:
        there = RemoteCli(tmp_path, host, "phx_x", "1")
        # Nothing came, so that nothing is kept.
        assert there.error("export", "copy") == "Stopping."
        assert list(tmp_path.glob("copy*")) == []
        asked[:] = ["other"]
        stopped = there.run("export", "copy")
        assert stopped.stderr == "Stopped: copy.part has 1 version so far. The same command again continues.\nError: Stopping.\n"
        assert (tmp_path / "copy.part").exists()
        stopped = there.run("import", "many")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr == (
        "Stopped: 600 prompts and 1,200 versions were imported. The same command again continues.\nError: Stopping.\n"
    )


def test_a_draft_of_another_project_is_not_gone_on_with(admin: RemoteCli, other: RemoteCli, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_text(json.dumps({"source": f"{other.host} {other.project}"}) + "\n")
    assert "was begun from another project" in admin.error("export", str(tmp_path / "x"))
    (tmp_path / "y").write_text("mine")
    assert "exists already" in admin.error("export", str(tmp_path / "y"))
    assert (tmp_path / "y").read_text() == "mine"


def test_a_file_is_replaced_when_that_is_asked_for_and_only_by_a_whole_export(
    cli: RemoteCli, admin: RemoteCli, tmp_path: Path
) -> None:
    _fill(cli, admin)
    first, second = tmp_path / "first", tmp_path / "second"
    admin.json("export", str(first))
    second.write_text("mine")
    # A viewer's export fails half way.
    cli.error("export", str(second), "--force")
    assert second.read_text() == "mine"
    (tmp_path / "second.part").unlink(missing_ok=True)
    admin.json("export", str(second), "--force")
    assert second.read_bytes() == first.read_bytes()


def test_an_export_goes_to_standard_output_whole_or_not_at_all(cli: RemoteCli, admin: RemoteCli, tmp_path: Path) -> None:
    _fill(cli, admin)
    admin.json("export", str(tmp_path / "file"))
    own = environment(host=admin.host, api_key=admin.key, project=admin.project)
    command = [sys.executable, "-m", "promptuary", "export", "-"]
    run = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, check=True)
    assert (run.stdout, run.stderr) == ((tmp_path / "file").read_bytes(), b"")
    assert list(tmp_path.glob("-*")) == []
    assert cli.run("export", "-").stdout == ""


def test_only_admins_export_and_import(cli: RemoteCli, admin: RemoteCli, tmp_path: Path) -> None:
    admin.json("export", str(tmp_path / "x"))
    error = "You do not have admin access to this resource."
    assert cli.error("export", str(tmp_path / "y")) == error
    _fill(cli, admin, prompt_count=1, versions=1)
    admin.json("export", str(tmp_path / "z"))
    assert cli.error("import", str(tmp_path / "z")) == error


def _resealed(lines: list[str], **changes: object) -> str:
    """A file of these lines with a trailer that fits them."""
    kinds = [json.loads(line).get("type") for line in lines]
    counts = {f"{kind}s": kinds.count(kind) for kind in ("prompt", "version", "label")}
    body = "".join(f"{line}\n" for line in lines)
    trailer = {"type": "trailer", **counts, "sha256": hashlib.sha256(body.encode()).hexdigest()}
    return body + json.dumps(trailer | changes) + "\n"


PROMPT = '{"type": "prompt", "name": "x", "created_at": "2026-01-01T00:00:00.000000Z", "archived_at": null}'
VERSION = (
    '{"type": "version", "version": 1, "created_at": "2026-01-01T00:00:00.000000Z", "created_by": null, '
    '"description": null, "prompt": "Hi", "config": null}'
)
GOOD = [HEADER, PROMPT, VERSION]
BAD = {
    "empty": ("", "It is empty."),
    "no export": ("hello\n", "Line 1: it is not JSON"),
    "other format": (_resealed(['{"type": "header", "format": "x"}']), "Line 1: it is not the header"),
    "newer format": (_resealed([HEADER.replace(": 1}", ": 2}")]), "Line 1: format version 2 is not read by this Promptuary"),
    "truncated line": (_resealed(GOOD)[:-5], "Line 4: it has no end; the file is truncated."),
    "no trailer": ("\n".join(GOOD) + "\n", "It ends after line 3 without a trailer; it is truncated."),
    "changed": (_resealed(GOOD).replace('"Hi"', '"Ho"'), "Line 4: sha256 is not that of the lines before"),
    "miscounted": (_resealed(GOOD, versions=2), "Line 4: versions is not that of the lines before"),
    "something behind": (_resealed(GOOD) + "{}\n", "Line 5: something follows the trailer."),
    "NUL name": (_resealed([HEADER, PROMPT.replace('"x"', '"\\u0000"'), VERSION]), "Line 2: name: Null characters"),
    "surrogate": (_resealed([HEADER, PROMPT, VERSION.replace("Hi", "\\ud800")]), "Line 3: it holds half of a surrogate pair."),
    "no number": (_resealed([HEADER, PROMPT, VERSION.replace(": 1,", ": true,")]), "Line 3: version: A number from 1 to 2000"),
    "gap": (_resealed([HEADER, PROMPT, VERSION.replace(": 1,", ": 2,")]), "Line 3: version 1 is expected, not 2."),
    "null prompt": (_resealed([HEADER, PROMPT, VERSION.replace('"Hi"', "null")]), "Line 3: prompt: This field may not be null."),
    "huge": (_resealed([HEADER, PROMPT, VERSION.replace("Hi", "x" * 1_000_000)]), "Line 3: prompt: Prompt payload must be"),
    "deep": (
        _resealed([HEADER, PROMPT, VERSION.replace('"Hi"', "[" * 300 + "]" * 300)]),
        "Line 3: it is not JSON: Nested too deep",
    ),
    "no moment": (_resealed([HEADER, PROMPT.replace("01-01T", "02-31T"), VERSION]), "Line 2: created_at: A timestamp like"),
    "twice": (_resealed([*GOOD, PROMPT, VERSION]), "Line 4: prompts are not in order, or it is there twice."),
    "no versions": (_resealed([HEADER, PROMPT]), "Line 3: the versions of prompt 'x' are missing before it."),
    "not an object": (_resealed([HEADER, "{}"]).replace("{}", "[]", 1), "Line 2: it is not a JSON object."),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_the_line_and_nothing_is_imported(admin: RemoteCli, tmp_path: Path, name: str) -> None:
    text, problem = BAD[name]
    (tmp_path / "bad").write_text(text)
    error = admin.error("import", str(tmp_path / "bad"))
    assert error.startswith(f"{tmp_path / 'bad'}: {problem}")
    assert len(error) < 400
    assert admin.api.get("").json()["count"] == 0


def test_a_good_file_made_by_hand_is_imported(admin: RemoteCli, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_resealed(GOOD))
    assert admin.json("import", str(tmp_path / "good"))["prompts_created"] == 1
    shutil.copy(tmp_path / "good", tmp_path / "good.gz")
    assert "is not a gzip file" in admin.error("import", str(tmp_path / "good.gz"))
    assert "cannot be read" in admin.error("import", str(tmp_path / "missing"))


def test_conflicts_stop_an_import_or_are_passed_over(admin: RemoteCli, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(_resealed(GOOD))
    admin.create("x", "Mine")
    sentence = "Prompt 'x' cannot be imported: another prompt has the name here."
    assert admin.error("import", str(tmp_path / "good")) == sentence
    told = admin.json("import", str(tmp_path / "good"), "--on-conflict", "skip")
    assert told["skipped"] == [{"name": "x", "detail": sentence}]
    assert admin.latest("x")["prompt"] == "Mine"
    assert "must be fail or skip" in admin.error("import", "x", "--on-conflict", "both")
    assert "either a file" in admin.error("import")


def test_a_project_comes_over_the_posthog_api_and_what_is_new_comes_later(
    cli: RemoteCli, admin: RemoteCli, other: RemoteCli
) -> None:
    _fill(cli, admin)
    assert cli.registry is not None
    # Authors keep their accounts in projects that they are members of.
    with cli.registry.database.write() as tx:
        for email in (cli.registry.user.email, f"ünï+{admin.project}@example.com"):
            members.set_member(tx, project_id=int(other.project), email=email, role=Role.VIEWER)
    posthog = {"POSTHOG_HOST": admin.host, "POSTHOG_API_KEY": admin.key, "POSTHOG_PROJECT": admin.project}
    told = _import_from_posthog(other, posthog)
    assert (told["prompts_created"], told["versions_added"], told["labels_set"]) == (3, len(NASTY_VALUES) + 3, 4)
    for name, latest in (("again", 1), ("a", 1), ("Z_-9", len(NASTY_VALUES) + 1)):
        for version in range(1, latest + 1):
            path = f"resolve/name/{name}/?version={version}"
            assert _kept(other.api.get(path).json()) == _kept(admin.api.get(path).json())
    admin.publish("again", 1, prompt="New")
    told = _import_from_posthog(other, posthog)
    assert (told["prompts_created"], told["versions_added"], told["versions_present"]) == (0, 1, 0)
    with cli.registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, operator(int(other.project)), "again").text == "New"


def _import_from_posthog(cli: RemoteCli, posthog: dict[str, str]) -> Any:
    own = environment(host=cli.host, api_key=cli.key, project=cli.project) | posthog
    command = [sys.executable, "-m", "promptuary", "import", "--from", "posthog", "--json"]
    finished = subprocess.run(command, cwd=cli.folder, env=own, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
    return json.loads(finished.stdout)


def _kept(resolved: Any) -> Any:
    """What an import keeps of a version: all but ids."""
    prompt = {key: value for key, value in resolved["prompt"].items() if key != "id"}
    return prompt, [{key: value for key, value in label.items() if key != "id"} for label in resolved["labels"]]
