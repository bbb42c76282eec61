"""Formats of reviews: text for people, JSON for programs, annotations of GitHub, and Markdown for comments on pull requests."""

import html
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


class Format(StrEnum):
    """Format of the output of a review."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


class CheckFormat(StrEnum):
    """Format of the output of a check."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


ChosenFormat = Annotated[
    Format | None, typer.Option("--format", help="The format. Default: text; github prints annotations for GitHub Actions.")
]
ChosenCheckFormat = Annotated[
    CheckFormat | None, typer.Option("--format", help="The format. Default: github under GitHub Actions, else text.")
]


def is_github() -> bool:
    """Return `True` if the command runs under GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation(level: str, path: Path, line: int, message: str, *, title: str = "") -> str:
    """Return an annotation of a file for GitHub Actions; ``level`` is error, warning or notice."""
    properties = {"file": _in_repository(path), "line": str(line), "title": title}
    shown = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {shown}::{_escaped(message)}"


def in_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, and that mentions no user and no issue."""
    escaped = _MARKDOWN.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
    return escaped.replace("@", "&#64;")


def fenced(text: str, language: str = "") -> str:
    """Return a block of code in Markdown, with a fence that is not in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _in_repository(path: Path) -> str:
    """Return a path from the root of the repository, to which GitHub refers."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links are not resolved
    if root and absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return path.as_posix()


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
