"""What comes from outside cannot forge a field or a line of the log, nor act on the terminal that shows it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from promptuary.http.access_log import _json_line, _text_line
from promptuary.logs import configure_logs
from promptuary.settings import Settings

HOSTILE = "\x1b]0;owned\x07 a=b\r\n2026-01-01 [info] x \x9b31m\u202e\u2028\x7f\ud800"


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    before, level, structured = logging.getLogger().handlers, logging.getLogger().level, structlog.get_config()
    yield capsys
    logging.getLogger().handlers, logging.getLogger().level = before, level
    structlog.configure(**structured)


def is_harmless(text: str) -> bool:
    return all(character == "\n" or character.isprintable() for character in text)


@pytest.mark.parametrize("place", range(3))
def test_a_line_of_the_access_log_has_as_many_words_whatever_is_sent(place: int) -> None:
    method, path, client = (HOSTILE if place == number else "x" for number in range(3))
    line = _text_line(method, path, 200, 1.0, client, "id", "now")
    assert is_harmless(line)
    assert line.count("\n") == 1
    words = line.split()
    assert words[:2] == ["now", "[info"]
    assert [word.partition("=")[0] for word in words[6:]] == ["client", "milliseconds", "request_id"]
    assert json.loads(_json_line(method, path, 200, 1.0, client, "id", "now"))["client"] == client


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_every_other_line_is_one_line_in_which_nothing_acts_on_a_terminal(
    output: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure_logs(Settings(_env_file=None, log_format=log_format))  # type: ignore[call-arg, arg-type]
    structlog.stdlib.get_logger("promptuary.test").info("told", path=HOSTILE, other="\x9b1m", error=ValueError(HOSTILE))
    logging.getLogger("library").warning("foreign %s", HOSTILE)
    written = output.readouterr().err
    assert is_harmless(written)
    assert written.count("\n") == 2


def test_the_message_of_an_exception_cannot_pass_for_a_line(output: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(_env_file=None, log_format="text"))  # type: ignore[call-arg]
    structlog.stdlib.get_logger("promptuary.test").error("failed", exc_info=ValueError(HOSTILE))
    written = output.readouterr().err
    first, *others = written.rstrip("\n").split("\n")
    assert is_harmless(written)
    assert "failed" in first
    assert all(line.startswith("  ") for line in others if line)
