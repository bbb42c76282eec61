"""What a checkout says about commits, with Git and without it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from promptuary.sync import read_checkout
from promptuary.sync.origins import Origin

EARLY, LATE = "2026-01-01T00:00:00.000000Z", "2030-01-01T00:00:00Z"
NO_VARIABLES: dict[str, str] = {}
IDENTITY = {"GIT_CONFIG_GLOBAL": os.devnull} | {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Ada", "EMAIL": "ada@example.com", "DATE": "2028-01-01T00:00:00Z"}.items()
}


def test_a_folder_outside_of_git_is_behind_everything_that_was_published_from_it(tmp_path: Path) -> None:
    checkout = read_checkout(tmp_path / "prompts", NO_VARIABLES)
    assert not checkout.is_git
    assert checkout.includes(Origin("0" * 16, "1" * 12), LATE)


def test_without_git_the_variables_of_continuous_integration_say_the_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    checkout = read_checkout(tmp_path, {"CI_COMMIT_SHA": "a" * 40, "CI_COMMIT_TIMESTAMP": "2028-01-01T00:00:00+00:00"})
    assert (checkout.commit, checkout.subject) == ("a" * 40, None)
    assert checkout.includes(Origin("0" * 16, "a" * 12), LATE)
    assert checkout.includes(Origin("0" * 16, "b" * 12), EARLY)
    assert not checkout.includes(Origin("0" * 16, "b" * 12), LATE)
    unknown = read_checkout(tmp_path, {"GITHUB_SHA": "HEAD; rm", "CI_COMMIT_TIMESTAMP": "yesterday"})
    assert (unknown.commit, unknown.committed_at) == (None, None)
    assert not unknown.includes(Origin("0" * 16), EARLY)


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
def test_git_knows_the_commits_before(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, env={**os.environ, **IDENTITY}, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    assert not read_checkout(tmp_path, NO_VARIABLES).includes(Origin("0" * 16), EARLY)
    commits = []
    for subject in ("One", "Two %s", "Three"):
        git("commit", "--quiet", "--allow-empty", "-m", subject)
        commits.append(git("rev-parse", "HEAD"))
    git("checkout", "--quiet", commits[1])
    checkout = read_checkout(tmp_path, NO_VARIABLES)
    assert (checkout.commit, checkout.subject, checkout.is_shallow) == (commits[1], "Two %s", False)
    assert [checkout.includes(Origin("0" * 16, commit[:12]), LATE) for commit in commits] == [True, True, False]
    # A commit that a whole history does not have was made elsewhere, and files without a commit are in none.
    assert not checkout.includes(Origin("0" * 16, "b" * 12), EARLY)
    assert not checkout.includes(Origin("0" * 16), EARLY)


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
def test_files_that_are_not_as_committed_have_no_commit(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for name in ("same.md", "edited.md", "staged.md"):
        (prompts / name).write_text("one")
    (tmp_path / ".gitignore").write_text("ignored.md\n")
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "One"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], env={**os.environ, **IDENTITY}, check=True)  # noqa: S607 - as users do
    for name in ("edited.md", "staged.md", "new.md", "ignored.md"):
        (prompts / name).write_text("two")
    subprocess.run(["git", "-C", tmp_path, "add", "prompts/staged.md"], check=True)  # noqa: S607 - the same
    checkout = read_checkout(prompts, NO_VARIABLES)
    assert checkout.commit_of("same.md") == checkout.commit is not None
    assert [checkout.commit_of(f"{name}.md") for name in ("edited", "staged", "new", "ignored")] == [None] * 4


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
def test_a_shallow_clone_that_was_fetched_again_judges_by_time_what_git_cannot_say(tmp_path: Path) -> None:
    def git(folder: str, *arguments: str) -> str:
        command = ["git", "-C", str(tmp_path / folder), *arguments]
        return subprocess.run(command, env={**os.environ, **IDENTITY}, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "origin").mkdir()
    git("origin", "init", "--quiet", "--initial-branch", "main")
    git("origin", "commit", "--quiet", "--allow-empty", "-m", "One")
    old = git("origin", "rev-parse", "HEAD")
    git("", "clone", "--quiet", "--depth", "1", f"file://{tmp_path / 'origin'}", "job")
    for subject in ("Two", "Three"):
        git("origin", "commit", "--quiet", "--allow-empty", "-m", subject)
    git("job", "fetch", "--quiet", "--depth", "1")
    git("job", "checkout", "--quiet", "origin/main")
    checkout = read_checkout(tmp_path / "job", NO_VARIABLES)
    assert checkout.is_shallow
    assert [checkout.includes(Origin("0" * 16, old[:12]), at) for at in (EARLY, LATE)] == [True, False]
