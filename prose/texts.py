"""Extraction of the texts of a file: one function for each kind of file, each text with the line on which it begins."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

Kind = Literal["text", "docstring", "setting", "name"]


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of prose: its kind, the line on which it begins, and its words."""

    kind: Kind
    line: int
    words: str


_CODE_BLOCK = re.compile(r"^( *)(```|~~~).*?^ *\2 *$", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"(`+).+?\1", re.DOTALL)
_LINK_TARGET = re.compile(r"(?<=\])\([^)\s]*\)|https?://\S+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TEMPLATE_CODE = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_TAG = re.compile(r"<[^>]*>")
_PYTHON_STRING_OR_COMMENT = re.compile(
    r"""(['"])\1\1(?:\\.|.)*?\1{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?P<comment>#[^\n]*)""", re.DOTALL
)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_READ_ATTRIBUTES = {"alt", "aria-description", "aria-label", "content", "label", "placeholder", "title"}
_FIELD_TEXTS = {"description"}


def texts_of(path: Path, source: str) -> Iterator[Text]:
    """Yield the texts of a file. Files of unknown types are one text."""
    yield from _READERS.get(path.suffix, _whole)(source)


def _whole(source: str) -> Iterator[Text]:
    yield Text("text", 1, source)


def _markdown(source: str) -> Iterator[Text]:
    for pattern in (_CODE_BLOCK, _COMMENT, _CODE_SPAN, _LINK_TARGET, _TAG):
        source = pattern.sub(_blank, source)
    yield Text("text", 1, source)


def _template(source: str) -> Iterator[Text]:
    source = _TEMPLATE_COMMENT.sub(_blank, source)
    for code in _TEMPLATE_CODE.finditer(source):
        for string in _STRING.finditer(code[0]):
            if " " in string[0]:
                yield Text("text", _line_of(source, code.start() + string.start()), string[0])
    reader = _ReadByUsers()
    reader.feed(_TEMPLATE_CODE.sub(_blank, source))
    yield from reader.texts


class _ReadByUsers(HTMLParser):
    """Collects the text between tags and the attributes that browsers show or read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[Text] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.texts += [Text("text", self.getpos()[0], value) for name, value in attrs if value and name in _READ_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        self.texts.append(Text("text", self.getpos()[0], data))


def _python(source: str) -> Iterator[Text]:
    # To walk through a tree takes most of the time.
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    settings = {id(part) for field in _settings(nodes) for part in ast.walk(field)}
    for node in nodes:
        if name := _defined_name(node):
            yield Text("name", getattr(node, "lineno", 1), _CAPITAL.sub(" ", name).replace("_", " "))
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in docstrings:
            yield Text("docstring", node.lineno, _CODE_SPAN.sub(_blank, node.value))
        elif id(node) in settings:
            yield Text("setting", node.lineno, _CODE_SPAN.sub(_blank, node.value))
        elif " " in node.value:
            yield Text("text", node.lineno, _CODE_SPAN.sub(_blank, node.value))
    for found in _PYTHON_STRING_OR_COMMENT.finditer(source):
        if comment := found["comment"]:
            yield Text("text", _line_of(source, found.start()), _CODE_SPAN.sub(_blank, comment))


def _defined_name(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            return name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return name
    return None


def _settings(nodes: Sequence[ast.AST]) -> Iterator[ast.expr]:
    for defined in nodes:
        if isinstance(defined, ast.ClassDef) and any(getattr(base, "id", "") == "BaseSettings" for base in defined.bases):
            for node in ast.walk(defined):
                if isinstance(node, ast.keyword) and node.arg in _FIELD_TEXTS:
                    yield node.value


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"\S", " ", found[0])


def _line_of(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


_READERS: dict[str, Callable[[str], Iterator[Text]]] = {".md": _markdown, ".html": _template, ".py": _python}
