"""The command line: one module a noun. It works on the database directly, also while a server runs."""

from promptuary.cli.application import main

__all__ = ["main"]
