"""A repository of prompts: a cli with a `promptuary.toml`, files that are edited and committed, and runs of the commands."""

import json
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli_harness import RemoteCli

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class Repository:
    """The folder of a cli as the root of a repository."""

    cli: RemoteCli

    @property
    def prompts(self) -> Path:
        return self.cli.folder / "prompts"

    def write(self, name: str, content: str, head: str = "") -> None:
        self.prompts.mkdir(exist_ok=True)
        (self.prompts / f"{name}.md").write_text(f"---\nname: {name}\n{head}---\n{content}\n")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.prompts / f"{name}.md"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def read(self, name: str) -> str:
        """The content of a file, without its front matter."""
        return (self.prompts / f"{name}.md").read_text().split("---\n", 2)[2].removesuffix("\n")

    def plan(self, *options: str) -> dict[str, str]:
        """The planned steps by name."""
        report = self.report(*options)
        return {change["name"]: change["action"] for change in report["changes"]}

    def report(self, *options: str) -> Any:
        """The plan, whose exit status must be what its report says."""
        finished = self.cli.run("plan", "--json", *options)
        report = json.loads(finished.stdout)
        assert finished.returncode == (1 if report["has_conflicts"] else 2 if report["has_changes"] else 0), finished
        return report

    def apply(self, *options: str, status: int = 0) -> dict[str, tuple[str, int | None]]:
        """The steps that were applied, with their versions, by name."""
        finished = self.cli.run("apply", "--json", *options)
        assert finished.returncode == status, finished
        return {change["name"]: (change["action"], change["version"]) for change in json.loads(finished.stdout)["changes"]}

    def details(self, *options: str) -> dict[str, str]:
        """The reasons of the planned steps by name."""
        return {change["name"]: change["detail"] for change in self.report(*options)["changes"]}

    def sync(self, status: int) -> dict[str, str]:
        """What sync did, by name."""
        finished = self.cli.run("sync", "--json")
        assert finished.returncode == status, finished
        return {each["name"]: each["action"] for each in json.loads(finished.stdout)["prompts"]}

    def git(self, *arguments: str, date: str = "") -> str:
        times = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        environment = {**os.environ, **_AUTHOR, **times}
        command = ["git", "-C", str(self.cli.folder), *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    def commit(self, message: str, *, date: str = "") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, date=date)
        return self.git("rev-parse", "HEAD").strip()

    def clone(self, name: str, *options: str) -> "Repository":
        """A clone beside the repository, such as a job of continuous integration has."""
        folder = self.cli.folder.with_name(name)
        self.git("clone", "--quiet", *options, f"file://{self.cli.folder}", str(folder))
        return Repository(replace(self.cli, folder=folder))

    def texts(self, name: str) -> list[str]:
        """The contents of all versions on the server, oldest first."""
        latest = self.cli.latest(name)["version"]
        return [self.cli.api.get(f"name/{name}/", params={"version": number}).json()["prompt"] for number in range(1, latest + 1)]

    def labels(self, name: str) -> dict[str, int]:
        return {label["name"]: label["version"] for label in self.cli.latest_labels(name)}


def make_repository(cli: RemoteCli, *, label: str | None = None) -> Repository:
    """Make a repository with one environment."""
    lines = ["[env.dev]", f'host = "{cli.host}"', f"project = {cli.project}", *([f'label = "{label}"'] if label else [])]
    (cli.folder / "promptuary.toml").write_text("\n".join(lines) + "\n")
    return Repository(cli)
