"""One prompt as one file: front matter in YAML, and the content as people read it.

    ---
    name: support-reply
    version: 4
    labels:
    - production
    ---
    Answer {{customer}} kindly.

The content is what stands between the line ``---`` and the last line break. Texts are written as they are. Their line breaks are
LF in the file, whatever git or an editor makes of them; texts with CRLF say so (``newlines: crlf``). Chats are written entry by
entry (``format: chat``), anything else as JSON (``format: json``), also texts with characters that files do not keep.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from promptuary.files.chats import read_chat, write_chat
from promptuary.files.errors import InvalidFile
from promptuary.model.chats import chat_of
from promptuary.model.contracts import encode_contract
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump_indented, find_surrogate, parse
from promptuary.model.names import check_prompt_name

T = TypeVar("T")

_FENCE = "---"
_KEYS = ("name", "version", "labels", "description", "config", "variables", "format", "newlines")
_START = re.compile(rb"(\xef\xbb\xbf)?---[ \t]*\r?\n")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_FRAGILE = re.compile("[\0\r]")


@dataclass(frozen=True, slots=True)
class Document:
    """Contents of a file. ``variables`` are names that programs fill in, which stay in the file; ``contract`` goes to the server.

    Both are `variables` in the front matter, a list or a mapping, so that a file has at most one of them.
    """

    name: str
    content: object
    config: dict[str, object] | None = None
    version: int | None = None
    labels: tuple[str, ...] = ()
    description: str | None = None
    variables: tuple[str, ...] | None = None
    contract: dict[str, object] | None = None

    @property
    def parts(self) -> list[object]:
        """Content, config and contract, to be compared."""
        return [self.content, self.config, self.contract]


def is_document(data: bytes) -> bool:
    """Return `True` if a file begins as one of a prompt does."""
    text = data.decode("utf-16", "replace").encode() if data.startswith(_UTF_16) else data
    return _START.match(text) is not None


def render_document(document: Document) -> bytes:
    """Write a file; `parse_document` returns the same document."""
    form, body = _written(document.content)
    values: dict[str, object | None] = {
        "name": document.name,
        "version": document.version,
        "labels": list(document.labels) or None,
        "description": document.description,
        "config": document.config,
        "variables": document.contract if document.variables is None else list(document.variables),
        **form,
    }
    # YAML takes long to load, and most commands read and write no file.
    from promptuary.files import front_matter  # noqa: PLC0415

    head = front_matter.write({key: value for key, value in values.items() if value is not None})
    return f"{_FENCE}\n{head}{_FENCE}\n{body}\n".encode()


def parse_document(data: bytes, *, default_name: str = "") -> Document:
    """Read a file; ``default_name`` is the prompt's name where the front matter has none. Raises `InvalidFile`."""
    head, body = _divided(in_line_feeds(decoded(data, "file")))
    from promptuary.files import front_matter  # noqa: PLC0415 - the same

    values = front_matter.load(head)
    variables = values.get("variables")
    unknown = [key for key in values if key not in _KEYS]
    if unknown:
        raise InvalidFile(f"The front matter has an unknown key: {unknown[0]!r}.", line=line_of_key(head, unknown[0]))

    def read(key: str, reader: Callable[[Any], T], default: object = None) -> T:
        return _placed(line_of_key(head, key), lambda: reader(values.get(key, default)))

    return Document(
        name=read("name", _name, default_name),
        content=_placed(head.count("\n") + 3, lambda: _content(body, values.get("format", "text"), values.get("newlines"))),
        config=read("config", _config),
        version=read("version", _version),
        labels=read("labels", lambda value: _texts("labels", value) or ()),
        description=read("description", _description),
        variables=read("variables", lambda value: _texts("variables", value)) if isinstance(variables, list) else None,
        contract=None if isinstance(variables, list) else read("variables", _contract),
    )


def line_of_key(head: str, key: str) -> int:
    """Return the line of a file on which its front matter ``head`` has a key; 1 if that is not found."""
    lines = head.split("\n")
    spellings = tuple(f"{quote}{key}{quote}" for quote in ("", '"', "'"))
    return next((number for number, line in enumerate(lines, 2) if line.startswith(spellings) and ":" in line), 1)


def decoded(data: bytes, what: str) -> str:
    """Return the text of a file, without a byte order mark. Raises `InvalidFile` unless it is UTF-8."""
    if data.startswith(_UTF_16):
        raise InvalidFile(f"The {what} is UTF-16 text. Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidFile(f"The {what} is not UTF-8 text.") from None


def in_line_feeds(text: str) -> str:
    """Return a text of a file as it is meant: programs that made a carriage return of a line feed meant none."""
    return text.replace("\r\n", "\n")


def _placed(line: int, read: Callable[[], T]) -> T:
    try:
        return read()
    except InvalidFile as error:
        raise InvalidFile(str(error), line=error.line or line) from None


def _written(content: object) -> tuple[dict[str, object], str]:
    if isinstance(content, str):
        lines = content.replace("\r\n", "\n")
        if not _FRAGILE.search(content):
            return {}, content
        if lines.replace("\n", "\r\n") == content and not _FRAGILE.search(lines):
            return {"newlines": "crlf"}, lines
    elif (chat := chat_of(content)) is not None:
        return {"format": "chat"}, write_chat(chat)
    return {"format": "json"}, dump_indented(content)


def _divided(text: str) -> tuple[str, str]:
    start, _, rest = text.partition("\n")
    if start.rstrip() != _FENCE:
        raise InvalidFile("The file does not begin with front matter, between two lines of ---.", line=1)
    lines = rest.split("\n")
    end = next((number for number, line in enumerate(lines) if line.rstrip(" \t") == _FENCE), None)
    if end is None:
        raise InvalidFile("The front matter has no end, a second line of ---.", line=1)
    return "\n".join(lines[:end]) + "\n", "\n".join(lines[end + 1 :]).removesuffix("\n")


def _content(body: str, form: object, newlines: object) -> object:
    if newlines not in {None, "lf", "crlf"}:
        raise InvalidFile("newlines must be lf or crlf.")
    if form == "text":
        return body.replace("\n", "\r\n") if newlines == "crlf" else body
    if form == "chat":
        return _checked("content", read_chat(body))
    if form == "json":
        return _json("content", body)
    raise InvalidFile("format must be text, chat or json.")


def _json(field: str, text: str) -> object:
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The {field} is not JSON: {error}.") from None
    if value is None:
        raise InvalidFile(f"The {field} may not be null.")
    return _checked(field, value)


def _checked(field: str, value: object) -> object:
    if find_surrogate(value):
        raise InvalidFile(f"The {field} has half of a surrogate pair.")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidFile("name must be a text; put it in quotes.")
    try:
        check_prompt_name(value)
    except InvalidValue as refusal:
        raise InvalidFile(f"name: {refusal}") from None
    return value


def _config(value: object) -> dict[str, object] | None:
    return _mapping("config", value, "config must be a mapping.")


def _contract(value: object) -> dict[str, object] | None:
    sentence = "variables must be a list of names, or a mapping of names to what is declared of them."
    contract = _mapping("variables", value, sentence)
    try:
        encode_contract(contract)
    except InvalidValue as reason:
        raise InvalidFile(f"variables: {reason}") from None
    return contract


def _mapping(key: str, value: object, sentence: str) -> dict[str, object] | None:
    # What YAML would not bring back exactly is a text with its JSON.
    value = _json(key, value) if isinstance(value, str) else value
    if value is not None and not isinstance(value, dict):
        raise InvalidFile(sentence)
    if find_surrogate(value):
        raise InvalidFile(f"{key} has half of a surrogate pair.")
    return value


def _version(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InvalidFile("version must be a number from 1.")
    return value


def _description(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidFile("description must be a text; put it in quotes.")
    return value


def _texts(key: str, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidFile(f"{key} must be a list of texts.")
    return tuple(value)
