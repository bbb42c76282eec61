"""A worker process, as the supervisor starts it: its options, and what has to be so before the application is loaded."""

import argparse
import gc
import sys

from promptuary.supervisor.lifeline import follow_supervisor


def main() -> None:
    """Run as the command that the supervisor starts, on the settings of the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", required=True, type=int)
    parser.add_argument("--listener", required=True, type=int, help="descriptor of the listening socket")
    parser.add_argument("--lifeline", required=True, type=int, help="descriptor of a pipe that ends with the supervisor")
    parser.add_argument("--prepare-for", metavar="ADDRESS", help="prepare the database, and welcome people to this address")
    options = parser.parse_args()
    follow_supervisor(options.lifeline)
    # Nearly all that is loaded now stays. To look it through for garbage again and again takes a tenth of a start.
    gc.disable()
    _leave_out("rich")
    from promptuary.worker.serving import run  # noqa: PLC0415 - not before

    run(number=options.number, listener=options.listener, prepare_for=options.prepare_for)


def _leave_out(package: str) -> None:
    """Make a package look as if it was not installed.

    structlog loads ``rich`` if there is one, and has no option for that. It would color tracebacks, and those of workers are plain;
    without it a start takes a twentieth less time. The command line draws with it, in a process of its own.
    """
    sys.modules[package] = None  # type: ignore[assignment]


if __name__ == "__main__":
    main()
