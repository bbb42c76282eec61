"""The action of GitHub and the hook of pre-commit, run as their hosts run them."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from cli_harness import RemoteCli
from repositories import make_repository
from ruamel.yaml import YAML

from promptuary.cli.commands import LOCATIONS

ROOT = Path(__file__).parents[3]
ACTION: Any = YAML(typ="safe", pure=True).load((ROOT / "integrations" / "github" / "action.yml").read_text())
HOOKS: Any = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text())


class Runner:
    """Runs the steps of the action with bash, as a runner of GitHub does."""

    def __init__(self, cli: RemoteCli, folder: Path) -> None:
        self._cli = cli
        self.summary, self._output = folder / "summary.md", folder / "output"

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        given = {name: str(facts["default"]) for name, facts in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        self.summary.write_text("")
        self._output.write_text("")
        for step in ACTION["runs"]["steps"]:
            assert step["shell"] == "bash"
            # No input becomes part of a script.
            assert "${{" not in step["run"]
            finished = subprocess.run(
                ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=self._cli.folder,
                env=self._environment(step, given),
                capture_output=True,
                text=True,
                check=False,
            )
        return finished

    def outputs(self) -> dict[str, str]:
        """The outputs of the last step, as GitHub reads them."""
        text = self._output.read_text()
        long = {name: value for name, _, value in re.findall(r"^(\w+)<<(\w+)\n(.*?)\n\2$", text, re.DOTALL | re.MULTILINE)}
        return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)) | long

    def _environment(self, step: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
        names = {key: re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value) for key, value in step["env"].items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PROMPTUARY_", "GITHUB_"))}
        return {
            **kept,
            **{key: given[match[1]] for key, match in names.items() if match is not None},
            "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT / "integrations" / "github"),
            "GITHUB_OUTPUT": str(self._output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self._cli.folder),
        }


def test_the_action_checks_plans_applies_and_syncs(cli: RemoteCli, tmp_path: Path) -> None:
    repository = make_repository(cli)
    repository.write("greeting", "Hello {{name}}")
    runner = Runner(cli, tmp_path)
    assert runner.run().stdout == "1 prompt: all files are valid.\n"
    server = {"host": cli.host, "api_key": cli.key}
    planned = runner.run(command="plan", env="dev", **server)
    assert planned.returncode == 0, planned
    assert "::notice file=prompts/greeting.md,line=4,title=Plan for dev::create    greeting" in planned.stdout
    assert runner.summary.read_text().startswith("### Plan for dev: 1 to create.\n")
    assert runner.outputs() == {"changed": "true"}
    applied = runner.run(command="apply", folder="prompts", options="--note First  --prune", **server)
    assert applied.returncode == 0, applied
    assert runner.run(command="plan", **server).returncode == 0
    assert runner.outputs() == {"changed": "false"}
    cli.publish("greeting", 1, prompt="Hello you")
    synced = runner.run(command="sync", **server)
    assert synced.returncode == 0, synced
    assert runner.outputs() == {"changed": "true", "message": "Sync 1 prompt from dev\n\nupdated greeting (version 2)"}
    assert runner.run(command="sync", **server).returncode == 0
    assert runner.outputs()["changed"] == "false"
    assert runner.run(command="verify", **server).returncode == 0


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
def test_a_conflict_of_one_prompt_keeps_no_other_from_being_synced(cli: RemoteCli, tmp_path: Path) -> None:
    repository = make_repository(cli)
    for name in ("edited", "other"):
        cli.create(name, "One")
    repository.git("init", "--quiet")
    repository.sync(2)
    repository.edit("edited", "One", "Mine")
    repository.commit("Mine")
    for name in ("edited", "other"):
        cli.publish(name, 1, prompt="Theirs")
    runner = Runner(cli, tmp_path)
    assert runner.run(command="sync", host=cli.host, api_key=cli.key).returncode == 1
    assert runner.outputs()["changed"] == "true"
    assert "updated other (version 2)" in runner.outputs()["message"]
    assert (repository.read("edited"), repository.read("other")) == ("Mine", "Theirs")


def test_the_action_fails_as_its_command_does(cli: RemoteCli, tmp_path: Path) -> None:
    repository = make_repository(cli)
    repository.write("greeting", "@@@prompt:name=nowhere|version=1@@@")
    runner = Runner(cli, tmp_path)
    checked = runner.run()
    assert checked.returncode == 1
    assert checked.stdout.startswith("::error file=prompts/greeting.md,line=4::It references nowhere")
    assert runner.run(command="serve").stdout.startswith("::error::command must be ")
    assert runner.run(command="check; touch injected").returncode == 1
    assert runner.run(options="--no-such-option").returncode == 2
    assert "is for http://127.0.0.1:1, so" in runner.run(command="plan", host="http://127.0.0.1:1", api_key=cli.key).stderr
    assert runner.run(command="plan", api_key=cli.key).returncode == 1
    assert runner.run(command="plan", options="--nothing", host=cli.host, api_key=cli.key).returncode == 2
    assert sorted(path.name for path in cli.folder.iterdir()) == ["prompts", "promptuary.toml"]


def test_the_hook_runs_check_for_files_of_prompts(cli: RemoteCli) -> None:
    (hook,) = HOOKS
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    program, command = hook["entry"].split()
    assert (program, command in LOCATIONS) == ("promptuary", True)
    assert [name for name in ("prompts/a.md", "promptuary.toml", "a.py") if re.search(hook["files"], name)] == [
        "prompts/a.md",
        "promptuary.toml",
    ]
    (cli.folder / "prompts").mkdir()
    (cli.folder / "prompts" / "bad.md").write_text("---\nname: 1\n---\n")
    assert cli.run(command).returncode == 1


@pytest.mark.parametrize("name", ["options", "env", "folder", "host", "install"])
def test_every_input_is_described_and_used(name: str) -> None:
    assert ACTION["inputs"][name]["description"]
    assert any(f"${{{{ inputs.{name} }}}}" in step["env"].values() for step in ACTION["runs"]["steps"])
