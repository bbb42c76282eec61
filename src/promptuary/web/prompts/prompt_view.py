"""A version's text as a page shows it: in one passage, or in one for each chat message."""

from dataclasses import dataclass, replace

from markupsafe import Markup

from promptuary.model.chats import ReadableEntry, chat_of_text, readable_entries
from promptuary.model.json_text import dump_indented, parse
from promptuary.model.outline import Heading
from promptuary.model.prompts import Version
from promptuary.model.templates import TemplateKind
from promptuary.web.prompts.highlighting import Names, mark_json, mark_text, mark_variables
from promptuary.web.prompts.markdown import MAX_CHARACTERS, render_markdown
from promptuary.web.prompts.message_parts import MessagePart, split_rest
from promptuary.web.prompts.visible_text import PageBudget


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text. ``heading`` and ``rest`` are those of an entry of a chat; ``rendered`` is `None` if it was not requested.

    ``drawn_heading`` is the heading as HTML, as far as there is room.
    ``parts`` are what the message has beside its text, ``rest`` is the JSON of what is no such part.
    """

    written: Markup
    heading: str = ""
    drawn_heading: Markup | None = None
    rest: Markup | None = None
    parts: tuple[MessagePart, ...] = ()
    rendered: Markup | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All passages, with the headings to jump to. ``can_render``: the text is no JSON but that of messages."""

    passages: tuple[Passage, ...]
    headings: tuple[Heading, ...]
    can_render: bool = True
    is_rendered: bool = False


def read(version: Version, budget: PageBudget, *, is_rendered: bool) -> Reading:
    """Return what to show of a version, as far as there is room. What is too long to be rendered is shown as it is written."""
    declared = version.template.declared
    is_text = version.content.startswith('"')
    prompt = chat_of_text(version.text) if is_text else parse(version.content)
    entries = readable_entries(prompt)
    if entries is None and is_text:
        return _read_text(version, budget, declared, is_rendered=is_rendered)
    if entries is None:
        return Reading((Passage(mark_json(dump_indented(prompt), budget, declared)),), (), can_render=False)
    passages = tuple(_passage(each, budget, declared) for each in entries)
    if not is_rendered or len(version.content) > MAX_CHARACTERS:
        return Reading(passages, ())
    rendered = [render_markdown(each.text, prefix=f"message-{number}", declared=declared) for number, each in enumerate(entries, 1)]
    if None in rendered:
        return Reading(passages, ())
    shown = tuple(replace(passage, rendered=each.html if each else None) for passage, each in zip(passages, rendered, strict=True))
    return Reading(shown, (), is_rendered=True)


def _passage(entry: ReadableEntry, budget: PageBudget, declared: Names) -> Passage:
    drawn_heading = budget.show(entry.heading)
    parts, rest = split_rest(entry.rest, budget, declared)
    return Passage(mark_variables(entry.text, budget, declared), entry.heading, drawn_heading, budget.show(rest), parts)


def _read_text(version: Version, budget: PageBudget, declared: Names, *, is_rendered: bool) -> Reading:
    mark = mark_json if version.template.kind is TemplateKind.JSON else mark_text
    written = mark(version.text, budget, declared)
    rendered = render_markdown(version.text, declared=declared) if is_rendered else None
    if rendered is None:
        return Reading((Passage(written),), tuple(version.outline))
    return Reading((Passage(written, rendered=rendered.html),), rendered.headings, is_rendered=True)
