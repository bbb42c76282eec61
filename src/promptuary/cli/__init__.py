"""The command line: one module a noun. Some commands work on the database directly, also while a server runs; others over HTTP."""

from promptuary.cli.entry import main

__all__ = ["main"]
