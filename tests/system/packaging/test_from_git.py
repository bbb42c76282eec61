"""The hook of pre-commit and the action of GitHub install the command line from their own checkout, which no index has to know."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from environments import install, make_environment
from ruamel.yaml import YAML
from serving import environment

ROOT = Path(__file__).parents[3]
ACTION = ROOT / "integrations" / "github"

_PROMPT = "---\nname: greeting\n---\nHello!\n"


def _read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


def _run(*command: str, folder: Path, variables: Mapping[str, str] | None = None) -> str:
    kept = environment() | dict(variables or {})
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """An environment that has what the command line requires of others, and what builds wheels."""
    return make_environment(tmp_path / "venv", "promptuary", "hatchling", "pip")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "greeting.md").write_text(_PROMPT)
    return folder


def test_the_hook_installs_the_command_and_the_client_library_and_checks(empty: Path, prompts: Path) -> None:
    (hook,) = _read(ROOT / ".pre-commit-hooks.yaml")
    # Its host runs this in a clone of the repository, with an index for the rest.
    install(empty, "--no-build-isolation", ".", *hook["additional_dependencies"], folder=ROOT)
    program, *arguments = hook["entry"].split()
    assert _run(str(empty / "bin" / program), *arguments, folder=prompts) == "1 prompt: all files are valid.\n"


def _run_action(environment_folder: Path, prompts: Path, **inputs: str) -> str:
    """Run all steps of the action where Python and the tools of the system are on the path, and pip asks no index."""
    action = _read(ACTION / "action.yml")
    variables = {
        "PATH": f"{environment_folder / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "",
        "PIP_NO_BUILD_ISOLATION": "0",
        "GITHUB_ACTION_PATH": str(ACTION),
        "GITHUB_OUTPUT": os.devnull,
        "GITHUB_STEP_SUMMARY": os.devnull,
    }
    given = {name: str(facts["default"]) for name, facts in action["inputs"].items()} | inputs
    variables |= {f"INPUT_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    shell = ("/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
    return "".join(_run(*shell, step["run"], folder=prompts, variables=variables) for step in action["runs"]["steps"])


def test_the_action_installs_its_own_version_once_and_checks(empty: Path, prompts: Path) -> None:
    assert _run_action(empty, prompts) == "1 prompt: all files are valid.\n"
    command = empty / "bin" / "promptuary"
    installed = command.stat().st_mtime_ns
    assert _run_action(empty, prompts) == "1 prompt: all files are valid.\n"
    assert command.stat().st_mtime_ns == installed


def test_the_action_installs_the_wheels_that_a_workflow_names(empty: Path, prompts: Path, wheels: Path) -> None:
    named = " ".join(str(wheel) for wheel in wheels.glob("*.whl"))
    assert _run_action(empty, prompts, install=named) == "1 prompt: all files are valid.\n"
