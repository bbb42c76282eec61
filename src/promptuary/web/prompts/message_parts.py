"""Contents of chat messages besides text, for display: content parts, images, tool calls."""

from dataclasses import dataclass

from markupsafe import Markup

from promptuary.model.json_text import InvalidJson, dump_indented, parse
from promptuary.web.prompts.highlighting import Names, mark_json, mark_variables
from promptuary.web.prompts.visible_text import PageBudget


@dataclass(frozen=True, slots=True)
class MessagePart:
    """A part of a message; ``title`` says what it is, empty for text."""

    title: str
    written: Markup


def split_rest(rest: str, budget: PageBudget, declared: Names) -> tuple[tuple[MessagePart, ...], str]:
    """Divide the JSON of everything but role and text into parts to read, as far as there is room, and the JSON of the rest."""
    value = parse(rest) if rest else {}
    if not isinstance(value, dict):
        return (), rest
    parts: list[MessagePart] = []
    for name in ("content", "tool_calls"):
        items = value.get(name)
        if isinstance(items, list) and items and all(isinstance(item, dict) for item in items):
            shown = [item for item in items if budget.open()]
            parts += [_content_part(each, budget, declared) if name == "content" else _call_part(each, budget) for each in shown]
            del value[name]
    if value.get("content", "") is None:
        del value["content"]
    return tuple(parts), dump_indented(value) if value else ""


def _content_part(part: dict[str, object], budget: PageBudget, declared: Names) -> MessagePart:
    others = part.keys() - {"type", "text"}
    if isinstance(part.get("text"), str) and not others:
        return MessagePart("", mark_variables(str(part["text"]), budget, declared))
    picture = part.get("image_url")
    url = picture.get("url") if isinstance(picture, dict) and picture.keys() == {"url"} else picture
    if isinstance(url, str) and part.keys() <= {"type", "image_url"}:
        return MessagePart("Picture", mark_variables(url, budget, declared))
    kind = part.get("type")
    return MessagePart(f"Part: {kind}" if isinstance(kind, str) else "Part", mark_json(dump_indented(part), budget, declared))


def _call_part(call: dict[str, object], budget: PageBudget) -> MessagePart:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return MessagePart("Call", budget.show(dump_indented(call)))
    arguments = function.get("arguments", "")
    title = f"Calls {function['name']}" + (f" ({call['id']})" if isinstance(call.get("id"), str) else "")
    return MessagePart(title, budget.show(_indented(arguments)))


def _indented(arguments: object) -> str:
    """Return the arguments of a call, which are mostly JSON in a text, as indented JSON."""
    if not isinstance(arguments, str):
        return dump_indented(arguments)
    try:
        return dump_indented(parse(arguments))
    except InvalidJson:
        return arguments
