"""The programs that pages offer run as they are pasted."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Registry, make_key, make_prompt, make_registry
from serving import Server, running_server

from promptuary.model.access import Scope
from promptuary.registry import labels
from promptuary.store import schema
from promptuary.store.database import Database
from promptuary.web.snippets import KEY_VARIABLE, Subject, snippets_of


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    url = f"sqlite:///{tmp_path_factory.mktemp('snippets') / 'promptuary.db'}"
    database = Database.open(url)
    schema.upgrade(database)
    registry = make_registry(database)
    with database.write() as tx:
        make_prompt(tx, registry.actor, name="greeting", prompt="Hello, {{name}}! The first.", versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
    yield registry
    database.close()


@pytest.fixture(scope="module")
def server(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(str(registry.database.engine.url), tmp_path_factory.mktemp("server") / "output.txt") as server:
        yield server


def run(registry: Registry, server: Server, key: str, folder: Path, *, label: str = "production") -> str:
    subject = Subject(
        address=server.url,
        project_id=registry.project.id,
        token=registry.project.api_token,
        name="greeting",
        label=label,
        variables=("name",),
    )
    snippet = next(snippet for snippet in snippets_of(subject) if snippet.key == key)
    with registry.database.write() as tx:
        value = make_key(tx, registry.user, Scope.READ).value
    assert value not in snippet.code
    (folder / "pasted").write_text(snippet.code)
    commands = {
        "shell": ["sh", "pasted"],
        "python": [sys.executable, "-W", "error", "pasted"],
        "javascript": ["node", "--input-type=module", "--eval", snippet.code],
    }
    done = subprocess.run(
        commands[snippet.language],
        env={**os.environ, KEY_VARIABLE: value},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the JavaScript library is installed, at the version that is locked beside this file."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed.")
    folder = tmp_path_factory.mktemp("node")
    shutil.copytree(Path(__file__).with_name("node"), folder, dirs_exist_ok=True)
    done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        # Without a network there is nothing to run.
        pytest.skip(f"npm cannot install the library: {done.stderr.strip().partition(chr(10))[0]}")
    return folder


@pytest.mark.parametrize(("label", "expected"), [("production", "Hello, ...! The first.\n"), ("", "Hello, ...! The first. v2\n")])
def test_the_program_in_javascript_fetches_as_pasted(
    registry: Registry, server: Server, node_folder: Path, label: str, expected: str
) -> None:
    assert run(registry, server, "javascript", node_folder, label=label) == expected


@pytest.mark.parametrize("key", ["curl", "posthog", "python"])
def test_a_snippet_fetches_the_labelled_version_as_pasted(registry: Registry, server: Server, key: str, tmp_path: Path) -> None:
    if key == "curl" and shutil.which("curl") is None:
        pytest.skip("There is no curl.")
    shown = run(registry, server, key, tmp_path)
    assert "The first." in shown
    assert "v2" not in shown


@pytest.mark.parametrize("key", ["posthog", "python"])
def test_without_a_label_a_snippet_fetches_the_latest(registry: Registry, server: Server, key: str, tmp_path: Path) -> None:
    assert "The first. v2" in run(registry, server, key, tmp_path, label="")
