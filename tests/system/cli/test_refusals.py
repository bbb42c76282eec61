"""Exit status 1 is a refusal with one sentence, 2 a misuse; neither shows a traceback, and neither changes anything."""

import socket
from pathlib import Path

import pytest
from command_line import CommandLine
from ports import free_port

NOWHERE = "postgresql://user:top-secret@127.0.0.1:1/promptuary"


def _refusal(command_line: CommandLine, *arguments: str, stdin: str | bytes = "", **settings: str) -> str:
    """Run a command that must be refused and return its sentence."""
    run = command_line.run if arguments[0] == "serve" else command_line.admin
    finished = run(*arguments, stdin=stdin, **settings)
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1)
    start, sentence = finished.stderr.split(": ", maxsplit=1)
    assert start == "Error"
    assert sentence.endswith(".\n")
    return sentence.removesuffix("\n")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["user", "create", "--email", "nobody"], "'nobody' is not an e-mail address."),
        (["user", "create", "--email", ""], "Email: This field may not be blank."),
        (["user", "create", "--email", "a@" + "x" * 253], "Email: Ensure this field has no more than 254 characters."),
        (
            ["user", "create", "--email", "a@example.com", "--first-name", "x" * 151],
            "First name: Ensure this field has no more than 150 characters.",
        ),
        (["user", "disable", "--email", "nobody@example.com"], "No user has the e-mail address 'nobody@example.com'."),
        (["project", "create", "--name", "  "], "Name: This field may not be blank."),
        (["project", "create", "--name", "x" * 151], "Name: Ensure this field has no more than 150 characters."),
        (["project", "rotate-token", "--project", "99"], "Project not found."),
        (["project", "rotate-token", "--project", "9" * 30], "Project not found."),
        (["member", "list", "--project", "-1"], "Project not found."),
        (
            ["member", "set", "--project", "99", "--email", "a@example.com", "--role", "viewer"],
            "Project not found.",
        ),
        (
            ["key", "create", "--email", "nobody@example.com", "--label", "x", "--scope", "*"],
            "No user has the e-mail address 'nobody@example.com'.",
        ),
        (["key", "list", "--email", "nobody@example.com"], "No user has the e-mail address 'nobody@example.com'."),
        (["key", "revoke", "nothing"], "No personal API key has the id 'nothing'."),
        (["db", "restore", "missing.db"], "Cannot read missing.db: No such file or directory."),
        (["db", "backup", "missing/backup.db"], "Cannot write missing/backup.db: No such file or directory."),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_done_is_refused_with_one_sentence(command_lines: CommandLine, command: list[str], sentence: str) -> None:
    assert _refusal(command_lines, *command) == sentence


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        (b"short\n", "A password has 8 to 1024 characters."),
        (b"", "A password has 8 to 1024 characters."),
        (b"x" * 1025, "A password has 8 to 1024 characters."),
        (b"long enough, but \xff\n", "The password is not UTF-8 text."),
    ],
)
def test_a_bad_password_is_refused_and_no_account_made(command_line: CommandLine, password: bytes, sentence: str) -> None:
    command = ["user", "create", "--email", "dev@example.com", "--password-stdin"]
    assert _refusal(command_line, *command, stdin=password) == sentence
    assert command_line.admin_json("user", "list") == []


def test_arguments_that_are_no_text_are_refused(command_line: CommandLine) -> None:
    assert _refusal(command_line, "project", "create", "--name", "\udcff") == "The arguments are not UTF-8 text."


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("database_url", "mysql://host/x", "The database URL must be sqlite:///path/to/file.db or"),
        ("database_url", "postgresql://host:port/x", "The database URL must be sqlite:///path/to/file.db or"),
        ("database_url", "postgresql://host/x?colour=red", "The database URL must be sqlite:///path/to/file.db or"),
        ("database_url", "sqlite:////dev/null/x.db", "There is no Promptuary database at /dev/null/x.db. "),
        ("database_url", "sqlite:////tmp", "The database is not available: unable to open database file."),
        ("database_url", NOWHERE, "The database is not available: connection failed: "),
        ("database_pool_size", "0", "The setting PROMPTUARY_DATABASE_POOL_SIZE is invalid: "),
        ("public_url", "prompts.example.com", "The setting PROMPTUARY_PUBLIC_URL is invalid: must look like https://"),
        ("public_url", "https://h:99999", "The setting PROMPTUARY_PUBLIC_URL is invalid: must look like https://"),
        ("public_url", "https://h:port", "The setting PROMPTUARY_PUBLIC_URL is invalid: must look like https://"),
        ("public_url", "https://h/a b", "The setting PROMPTUARY_PUBLIC_URL is invalid: must look like https://"),
        ("public_url", 'https://h"><b>', "The setting PROMPTUARY_PUBLIC_URL is invalid: must look like https://"),
        ("outbound_proxy", "http://h:abc", "The setting PROMPTUARY_OUTBOUND_PROXY is invalid: must look like http://proxy"),
        ("outbound_proxy", "http://h:99999", "The setting PROMPTUARY_OUTBOUND_PROXY is invalid: must look like http://proxy"),
        ("trust_forwarded", "perhaps", "The setting PROMPTUARY_TRUST_FORWARDED is invalid: "),
        ("log_level", "loud", "The setting PROMPTUARY_LOG_LEVEL is invalid: "),
        ("rate_limit_writes", "many", "The setting PROMPTUARY_RATE_LIMIT_WRITES is invalid: must look like 600/minute."),
        ("rate_limit_storage", "file://x", "The setting PROMPTUARY_RATE_LIMIT_STORAGE is invalid: must be memory://, "),
    ],
)
def test_a_bad_setting_is_refused(command_line: CommandLine, setting: str, value: str, sentence: str) -> None:
    assert _refusal(command_line, "user", "list", **{setting: value}).startswith(sentence)


def test_a_folder_in_which_no_database_can_be_made_is_named(command_line: CommandLine) -> None:
    error = _refusal(command_line, "db", "upgrade", database_url="sqlite:////dev/null/x.db")
    assert error.startswith("Cannot use the folder /dev/null: ")


def test_a_server_refuses_bad_settings_as_every_command_does(command_line: CommandLine) -> None:
    command = ["serve", f"--port={free_port()}"]
    assert _refusal(command_line, *command, log_level="loud").startswith("The setting PROMPTUARY_LOG_LEVEL is invalid: ")
    unreachable = _refusal(command_line, *command, database_url=NOWHERE)
    assert unreachable.startswith("The database is not available: connection failed: ")
    assert "top-secret" not in unreachable
    other = _refusal(command_line, *command, database_url="mysql://u:top-secret@h/d")
    assert other.startswith("The database URL must be sqlite:///path/to/file.db or postgresql://")
    assert "Cannot use the folder /dev/null: " in _refusal(command_line, *command, database_url="sqlite:////dev/null/x.db")


def test_a_path_that_no_file_can_have_is_refused(command_line: CommandLine) -> None:
    url = f"sqlite:///{command_line.folder / ('a' * 300)}"
    assert _refusal(command_line, "user", "list", database_url=url).endswith(": File name too long.")


def test_a_file_that_is_no_database_is_refused(command_line: CommandLine) -> None:
    (command_line.folder / "letter.txt").write_text("Dear reader, " * 100)
    url = f"sqlite:///{command_line.folder / 'letter.txt'}"
    assert (
        _refusal(command_line, "db", "check", database_url=url)
        == "The database is damaged or not a database: file is not a database."
    )


def test_a_settings_file_that_is_no_text_is_refused(command_line: CommandLine) -> None:
    (command_line.folder / ".env").write_bytes(b"PROMPTUARY_DATA_DIR=\xff\n")
    assert _refusal(command_line, "user", "list") == "The file .env is not UTF-8 text."


def test_a_byte_order_mark_before_a_settings_file_is_ignored(command_line: CommandLine) -> None:
    (command_line.folder / ".env").write_bytes(b"\xef\xbb\xbfPROMPTUARY_DATA_DIR=elsewhere\n")
    assert "elsewhere/promptuary.db" in _refusal(command_line, "user", "list")


def test_an_address_that_is_none_is_refused(command_line: CommandLine) -> None:
    assert _refusal(command_line, "serve", "--host", "256.1.1.1").startswith("Cannot listen on 256.1.1.1:8000: ")


def test_a_port_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = _refusal(CommandLine(tmp_path), "serve", f"--port={port}")
    assert error == f"Cannot listen on 127.0.0.1:{port}: Address already in use."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ([], " [OPTIONS] COMMAND [ARGS]..."),
        (["frobnicate"], "No such command 'frobnicate'."),
        (["admin"], " admin [OPTIONS] COMMAND [ARGS]..."),
        (["admin", "frobnicate"], "No such command 'frobnicate'."),
        (["admin", "user"], " user [OPTIONS] COMMAND [ARGS]..."),
        (["admin", "user", "create"], "Missing option '--email'."),
        (["admin", "user", "list", "--yaml"], "No such option: --yaml"),
        (
            ["admin", "member", "set", "--project", "one", "--email", "a@example.com", "--role", "viewer"],
            "Invalid value for '--project'",
        ),
        (["admin", "member", "set", "--project", "1", "--email", "a@example.com", "--role", "owner"], "Invalid value for '--role'"),
        (["admin", "key", "create", "--email", "a@example.com", "--label", "x"], "Missing option '--scope'."),
        (["key", "create", "--label", "x"], "Missing option '--scope'."),
        (["key", "create", "--label", "x", "--scope", "all"], "Invalid value for '--scope'"),
        (["key", "revoke"], "Missing argument 'ID'."),
        (["member", "set", "a@example.com"], "Missing option '--role'."),
        (["serve", "--port", "65536"], "Invalid value for '--port'"),
        (["serve", "--workers", "0"], "Invalid value for '--workers'"),
        (["admin", "db", "restore"], "Missing argument 'FILE'."),
    ],
)
def test_misuse_ends_with_status_2_and_says_what_is_wrong(tmp_path: Path, command: list[str], complaint: str) -> None:
    finished = CommandLine(tmp_path).run(*command)
    assert finished.returncode == 2
    assert complaint in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
