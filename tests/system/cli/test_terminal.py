"""Output and its readers: colors, quiet commands, closed pipes, full disks and interruptions."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from answering import Answer, answering
from cli_harness import RemoteCli
from command_line import CommandLine
from serving import PROGRAM, interruptible

_FULL = "/dev/full"
_MISSING = "No prompt matching 'missing' in this project. List the project's prompts to see which names exist."


def _shell(cli: RemoteCli, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``promptuary`` is the command line."""
    program = f'promptuary() {{ "{sys.executable}" -m promptuary "$@"; }}\n'
    environment = CommandLine(cli.folder).environment(host=cli.host, api_key=cli.key, project=cli.project) | variables
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", program + command],
        cwd=cli.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def published(cli: RemoteCli) -> RemoteCli:
    cli.create("greeting", "One")
    cli.publish("greeting", 1, prompt="Two")
    return cli


@pytest.mark.parametrize(
    "command",
    ["--help", "prompt list", "prompt list --json", "prompt show greeting --content", "prompt diff greeting", "log greeting"],
)
def test_a_reader_that_has_read_enough_ends_a_command_without_a_word(published: RemoteCli, command: str) -> None:
    finished = _shell(published, f"promptuary {command} | true")
    assert (finished.returncode, finished.stdout, finished.stderr) in ((0, "", ""), (1, "", ""))


def test_a_full_disk_is_told(published: RemoteCli) -> None:
    finished = _shell(published, f"promptuary prompt list > {_FULL}")
    assert (finished.returncode, finished.stderr) == (1, "Error: Cannot write the output: No space left on device.\n")
    assert _shell(published, "promptuary prompt list >&-").returncode in {0, 1}


@pytest.mark.parametrize(
    ("options", "variables", "is_colored"),
    [
        ("", {}, False),
        ("--color always", {}, True),
        ("--color=always", {"NO_COLOR": "1"}, True),
        ("", {"FORCE_COLOR": "1"}, True),
        ("", {"CLICOLOR_FORCE": "1"}, True),
        ("", {"FORCE_COLOR": "0", "CLICOLOR_FORCE": ""}, False),
        ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("--color never", {"FORCE_COLOR": "1"}, False),
        ("--color auto", {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colors_are_printed_when_they_are_asked_for(
    published: RemoteCli, options: str, variables: Mapping[str, str], *, is_colored: bool
) -> None:
    for command in (f"prompt diff greeting {options}", f"{options} prompt list"):
        finished = _shell(published, f"promptuary {command}", **variables)
        assert finished.returncode == 0
        assert ("\x1b[" in finished.stdout) is is_colored
        assert finished.stderr == ""


def test_a_color_that_is_none_is_misuse(command_line: CommandLine) -> None:
    finished = command_line.run("--color", "blue", "prompt", "list")
    assert finished.returncode == 2
    assert "'auto', 'always', 'never'" in finished.stderr


def test_quiet_commands_print_results_warnings_and_errors_only(published: RemoteCli) -> None:
    run = published.run
    for words in (
        ["prompt", "create", "other", "--quiet"],
        ["-q", "label", "greeting", "production", "--version", "1"],
        ["label", "greeting", "production", "-q", "--version", "2"],
        ["pull", "-q"],
        ["verify", "-q"],
        ["bundle", "--quiet"],
        ["prompt", "archive", "other", "-q"],
    ):
        finished = run(*words, stdin="Text")
        assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", ""), words
    assert run("-q", "prompt", "show", "greeting", "--content").stdout == "Two\n"
    assert run("prompt", "list", "-q").stdout.startswith("name")
    assert run("-q", "prompt", "show", "missing").stderr == f"Error: {_MISSING}\n"
    assert run("prompt", "publish", "greeting", "--base-version", "2", "-q", stdin="a\u200bb").stderr.startswith("Warning: ")
    path = published.folder / "prompts" / "greeting.md"
    path.write_text(path.read_text().replace("Two", "Three"))
    conflict = run("push", "-q")
    assert conflict.returncode == 1
    assert conflict.stdout.startswith("conflict  greeting")


@contextmanager
def _in_front_of(cli: RemoteCli, at_second: Callable[[], object]) -> Iterator[str]:
    """Pass requests on to the server; call ``at_second`` when the prompt ``b`` is published."""

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "PATCH" and "/name/b/" in path:
            at_second()
        answer = cli.api.request(method, f"{cli.host}{path}", content=body, headers={"Content-Type": "application/json"})
        return answer.status_code, {}, answer.content

    with answering(respond) as host:
        yield host


@pytest.fixture
def edited(cli: RemoteCli) -> RemoteCli:
    for name in ("a", "b", "c"):
        cli.create(name, "One")
    cli.json("pull")
    for name in ("a", "b", "c"):
        path = cli.folder / "prompts" / f"{name}.md"
        path.write_text(path.read_text().replace("One", "Two"))
    return cli


def _with_errors_on_a_terminal(cli: RemoteCli, *arguments: str) -> tuple[str, str]:
    """Run a command whose standard error is a terminal; return its output and what the terminal got."""
    ours, theirs = os.openpty()
    environment = CommandLine(cli.folder).environment(host=cli.host, api_key=cli.key, project=cli.project)
    command = [sys.executable, "-m", "promptuary", *arguments]
    variables = environment | {"TERM": "xterm"}
    finished = subprocess.run(command, cwd=cli.folder, env=variables, stdout=-1, stderr=theirs, text=True, timeout=100, check=True)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    return finished.stdout, shown.decode()


def test_progress_is_drawn_on_a_terminal_and_keeps_away_from_the_output(edited: RemoteCli) -> None:
    output, shown = _with_errors_on_a_terminal(edited, "push")
    assert output == "publish  a (version 2)\npublish  b (version 2)\npublish  c (version 2)\n"
    assert "Comparing" in shown
    assert "Pushing" in shown
    assert _with_errors_on_a_terminal(edited, "push", "-q") == ("", "")
    exported = _with_errors_on_a_terminal(edited, "push", "--json", "--color", "never")
    assert exported[0] == "[]\n"


def test_what_was_pushed_before_an_interruption_is_told(edited: RemoteCli) -> None:
    is_second, may_answer = threading.Event(), threading.Event()

    def wait() -> None:
        is_second.set()
        may_answer.wait(100)

    with _in_front_of(edited, wait) as host:
        environment = CommandLine(edited.folder).environment(host=host, api_key=edited.key, project=edited.project)
        command = interruptible(*PROGRAM, "push")
        with subprocess.Popen(command, cwd=edited.folder, env=environment, stdout=-1, stderr=-1, text=True) as process:
            assert is_second.wait(100)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
            may_answer.set()
    assert (process.returncode, output) == (130, "publish  a (version 2)\n")
    assert errors == "Stopped: 1 of 3 prompts were pushed. Push again to continue.\n"
    assert edited.run("push").returncode == 0
    assert [edited.latest(name)["version"] for name in ("a", "b", "c")] == [2, 2, 2]


def test_what_was_pushed_before_a_folder_could_not_be_written_is_told(edited: RemoteCli) -> None:
    lock = edited.folder / "prompts" / "prompts.lock"

    def replace_lock() -> None:
        lock.rename(lock.with_name("kept"))
        lock.mkdir()

    with _in_front_of(edited, replace_lock) as host:
        stopped = edited.run("push", host=host)
    assert (stopped.returncode, stopped.stdout) == (1, "publish  a (version 2)\n")
    assert stopped.stderr == (
        "Stopped: 1 of 3 prompts were pushed. Push again to continue.\n"
        "Error: Cannot write prompts/prompts.lock: it is there and is no regular file.\n"
    )
    lock.rmdir()
    lock.with_name("kept").rename(lock)
    steps = {step["name"]: step["action"] for step in edited.json("push")}
    assert steps == {"b": "adopt", "c": "publish"}
