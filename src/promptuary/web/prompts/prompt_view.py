"""A version's text as a page shows it: in one passage, or in one for each chat message."""

from dataclasses import dataclass, replace

from markupsafe import Markup

from promptuary.model.json_text import dump_indented, parse
from promptuary.model.messages import Message, messages_of
from promptuary.model.outline import Heading
from promptuary.model.prompts import Version
from promptuary.web.prompts.highlighting import mark_text, mark_variables
from promptuary.web.prompts.markdown import MAX_CHARACTERS, render_markdown
from promptuary.web.prompts.message_parts import MessagePart, split_rest
from promptuary.web.prompts.visible_text import PageBudget


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text. ``role`` and ``rest`` are those of a message; ``rendered`` is `None` if it was not requested.

    ``parts`` are what the message has beside its text, ``rest`` is the JSON of what is no such part.
    """

    written: Markup
    role: str = ""
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
    if version.content.startswith('"'):
        return _read_text(version, budget, is_rendered=is_rendered)
    prompt = parse(version.content)
    messages = messages_of(prompt)
    if messages is None:
        return Reading((Passage(mark_variables(dump_indented(prompt), budget)),), (), can_render=False)
    passages = tuple(_passage(each, budget) for each in messages)
    if not is_rendered or len(version.content) > MAX_CHARACTERS:
        return Reading(passages, ())
    rendered = [render_markdown(each.text, prefix=f"message-{number}") for number, each in enumerate(messages, 1)]
    if None in rendered:
        return Reading(passages, ())
    shown = tuple(replace(passage, rendered=each.html if each else None) for passage, each in zip(passages, rendered, strict=True))
    return Reading(shown, (), is_rendered=True)


def _passage(message: Message, budget: PageBudget) -> Passage:
    parts, rest = split_rest(message.rest, budget)
    return Passage(mark_variables(message.text, budget), message.role, budget.show(rest), parts)


def _read_text(version: Version, budget: PageBudget, *, is_rendered: bool) -> Reading:
    written = mark_text(version.text, budget)
    rendered = render_markdown(version.text) if is_rendered else None
    if rendered is None:
        return Reading((Passage(written),), tuple(version.outline))
    return Reading((Passage(written, rendered=rendered.html),), rendered.headings, is_rendered=True)
