"""Completion in real shells: commands, options, and the names that a server has."""

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import answering
from cli_harness import RemoteCli
from command_line import CommandLine

_MARK = "Completions:"
_BASH = """
source <(promptuary completion bash)
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_promptuary_completion promptuary
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_FISH = """
promptuary completion fish | source
complete -C "{words}" | string replace -r '\\t.*' ''
"""
_ZSH = """
autoload -Uz compinit; compinit -u -D
eval "$(promptuary completion zsh)"
_arguments() {{ print -r -- "$@" }}
_files() {{ }}
words=({words}); CURRENT=$#words
_promptuary_completion
"""
_SCRIPTS = {"bash": ("bash --norc --noprofile", _BASH), "fish": ("fish --no-config", _FISH), "zsh": ("zsh -f", _ZSH)}


@pytest.fixture(params=["bash", "fish", "zsh"])
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"There is no {name}; on Debian: apt-get install {name}")
    return name


def _complete(cli: RemoteCli, shell: str, words: str, **settings: str) -> set[str]:
    """Return the words that a shell offers for the last, unfinished one."""
    command, script = _SCRIPTS[shell]
    own = {"host": cli.host, "api_key": cli.key, "project": cli.project}
    environment = CommandLine(cli.folder).environment(**(own | settings))
    environment["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{environment['PATH']}"
    environment["HOME"] = str(cli.folder)
    finished = subprocess.run(
        [*command.split(), "-c", script.format(words=words)],
        env=environment,
        cwd=cli.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.stderr == ""
    if shell == "zsh":
        return set(re.findall(r'"([^"]*)"(?::"[^"]*")?', finished.stdout))
    return set(filter(None, finished.stdout.split("\n")))


def test_shells_complete_commands_options_and_choices(cli: RemoteCli, shell: str) -> None:
    assert _complete(cli, shell, "promptuary pro") == {"profile", "project", "prompt", "promote"}
    assert _complete(cli, shell, "promptuary label un") == {"undo"}
    assert {"--label", "--latest"} <= _complete(cli, shell, "promptuary prompt show --l")
    assert _complete(cli, shell, "promptuary completion f") == {"fish"}


def test_shells_complete_names_of_prompts_labels_and_profiles(cli: RemoteCli, shell: str) -> None:
    for name, label in (("support-reply", "production"), ("support-note", "canary"), ("other", "preview")):
        cli.create(name)
        cli.label(name, label, 1)
    assert _complete(cli, shell, "promptuary log support-") == {"support-reply", "support-note"}
    assert _complete(cli, shell, "promptuary render o") == {"other"}
    assert _complete(cli, shell, "promptuary promote p") == {"production", "preview"}
    assert _complete(cli, shell, "promptuary label other p") == {"preview"}
    assert _complete(cli, shell, "promptuary prompt show other --label p") == {"production", "preview"}
    folder = cli.folder.parent / "config" / "promptuary"
    folder.mkdir(parents=True)
    (folder / "profiles.toml").write_text('[staging]\nhost = "http://127.0.0.1:9"\napi_key = "phx_x"\nproject = "1"\n')
    (folder / "profiles.toml").chmod(0o600)
    assert _complete(cli, shell, "promptuary pull --profile s") == {"staging"}


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[RemoteCli]:
    body = b'{"count": 1, "next": null, "results": [{"name": "x$(touch hit)", "version": 1}]}'
    with answering(lambda *_: (200, {}, body)) as host:
        yield RemoteCli(tmp_path, host, "phx_x", "1")


def test_what_cannot_be_asked_is_completed_with_nothing(cli: RemoteCli, hostile: RemoteCli, shell: str) -> None:
    assert _complete(cli, shell, "promptuary log gr", api_key="phx_wrong") == set()
    assert _complete(cli, shell, "promptuary log gr", host="http://127.0.0.1:9") == set()
    assert _complete(cli, shell, "promptuary log gr", host="", api_key="", project="") == set()
    assert _complete(hostile, shell, "promptuary log x") == set()
    assert not (hostile.folder / "hit").exists()


def test_the_script_of_powershell_is_printed_and_other_shells_are_refused(command_line: CommandLine) -> None:
    script = command_line.run("completion", "powershell").stdout
    assert "Register-ArgumentCompleter -Native -CommandName promptuary" in script
    assert '$Env:_PROMPTUARY_COMPLETE = "complete_powershell"' in script
    assert command_line.run("completion", "tcsh").returncode == 2
