"""Start and end of the command line. ``--help`` and ``--version`` are answered here, before Typer and its libraries are loaded."""

import errno
import os
import sys

from promptuary import __version__

_INTERRUPTED = 130
_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

VERSION = f"promptuary {__version__}"


def main() -> None:
    """Run the command line on the process's arguments and end the process."""
    try:
        try:
            _run()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # The program that reads, such as head, has read enough.
        _discard_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_OUTPUT or error.filename is not None:
            raise
        _discard_output()
        sys.exit(f"Error: Cannot write the output: {error.strerror}.")


def _discard_output() -> None:
    """Let nothing fail again when Python itself writes at its end what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> None:
    match sys.argv[1:]:
        case ["--version"]:
            _print(VERSION)
        case ["--help" | "-h"]:
            from promptuary.cli.root_help import root_help  # noqa: PLC0415 - only this needs the table of commands

            _print(root_help())
        case _:
            from promptuary.cli.application import run  # noqa: PLC0415 - most of the time of a start is spent there

            run()


def _print(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(f"{text}\n")
