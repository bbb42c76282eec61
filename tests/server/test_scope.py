"""All keys and types of messages that the server adds to ASGI are on one page, with the modules that use them."""

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import promptuary
from promptuary.http import scope as page

SOURCES = Path(promptuary.__file__).parent
PAGE = Path(page.__file__)
NAMES = {name for name in vars(page) if name.isupper()}
ASGI_KEYS = frozenset(
    {"client", "headers", "http_version", "method", "path", "query_string", "raw_path", "root_path", "scheme", "server", "type"}
)
ASGI_TYPES = re.compile(r"(http|lifespan)\.[a-z.]+")


@cache
def read_trees() -> dict[str, ast.Module]:
    """Read all modules but the page that have to do with scopes or messages."""
    return {
        path.relative_to(SOURCES).with_suffix("").as_posix().replace("/", "."): ast.parse(text)
        for path in SOURCES.rglob("*.py")
        if path != PAGE and ("scope" in (text := path.read_text()) or "send(" in text)
    }


def is_scope(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "scope") or (isinstance(node, ast.Attribute) and node.attr == "scope")


def keys_of(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield all keys by which a module reads or writes scopes."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, slice=key) if is_scope(value):
                yield key
            case ast.Call(func=ast.Attribute(value=value, attr="get" | "setdefault" | "pop"), args=[key, *_]) if is_scope(value):
                yield key
            case ast.Dict(keys=keys, values=values) if any(
                key is None and is_scope(value) for key, value in zip(keys, values, strict=True)
            ):
                yield from (key for key in keys if key is not None)


def types_of(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the types of all messages that a module sends."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="send") | ast.Attribute(attr="send" | "_send"), args=[ast.Dict() as message]):
                yield from (
                    value
                    for key, value in zip(message.keys, message.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "type"
                )


def described() -> dict[str, set[str]]:
    """Return the modules that the page names for each of its constants."""
    body = ast.parse(PAGE.read_text()).body
    return {
        constant.target.id: set(re.findall(r"`([a-z]+(?:\.[a-z_]+)+)`", text.value.value))
        for constant, text in itertools.pairwise(body)
        if isinstance(constant, ast.AnnAssign) and isinstance(constant.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def test_scopes_have_no_keys_but_those_of_asgi_and_of_the_page() -> None:
    keys = [(module, key) for module, tree in read_trees().items() for key in keys_of(tree)]
    unknown = {
        f"{module}: {ast.unparse(key)}"
        for module, key in keys
        if not (isinstance(key, ast.Constant) and key.value in ASGI_KEYS)
        if not (isinstance(key, ast.Name) and (key.id in NAMES or key.id == "name"))
    }
    assert unknown == set()
    assert len(keys) > 20


def test_messages_have_no_types_but_those_of_asgi_and_of_the_page() -> None:
    types = [(module, kind) for module, tree in read_trees().items() for kind in types_of(tree)]
    unknown = {
        f"{module}: {ast.unparse(kind)}"
        for module, kind in types
        if not (isinstance(kind, ast.Constant) and ASGI_TYPES.fullmatch(str(kind.value)))
        if not (isinstance(kind, ast.Name) and kind.id in NAMES)
    }
    assert unknown == set()
    assert len(types) > 10


def test_the_page_names_the_modules_that_use_each_key() -> None:
    used = defaultdict(set)
    for module, tree in read_trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "promptuary.http.scope":
                for name in node.names:
                    used[name.name].add(module)
    assert described() == used
    assert used.keys() == NAMES
