"""Prompts as rendered Markdown.

The text of a prompt never becomes HTML of a page: raw HTML in it is shown as text, and what the renderer makes of the rest is
cleaned again before it is trusted. Images are named, not loaded, so that viewing a prompt sends no requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup

from promptuary.model.outline import Heading
from promptuary.model.variables import variable_at
from promptuary.web.prompts.highlighting import Names
from promptuary.web.prompts.visible_text import show_visibly

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MAX_CHARACTERS = 100_000
"""Longest text that is rendered; a longer one is shown as it is written."""

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "pre", "code", "hr", "br", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s", "a", "span"),
}
MAX_DEPTH = 80
"""Deepest nesting of quotations and lists that is rendered."""

MAX_BRACKETS = 2000
"""Maximum opening brackets in a text that is rendered. For each, the renderer looks for the closing one up to the end."""

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"data-code", "dir", "title"}} | {tag: {"id"} for tag in _HEADINGS}
_CLASSES = {"span": {"variable", "image", "hidden-character"}}
_DECLARED = "declared"
_SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as HTML, and its headings; the first one has the id ``rendered-1``."""

    html: Markup
    headings: tuple[Heading, ...]


def render_markdown(text: str, *, prefix: str = "rendered", declared: Names = None) -> Rendered | None:
    """Render a text with its variables marked; `None` for one that is too long, too deep or too full of brackets for it.

    The ids of headings begin with ``prefix``. ``declared`` are the names of variables that count, `None` if all do.
    """
    if len(text) > MAX_CHARACTERS or text.count("[") > MAX_BRACKETS:
        return None
    markdown = _renderer()
    tokens = markdown.parse(text, {_DECLARED: declared})
    # The renderer leaves out what is nested deeper, without a word.
    if any(token.level >= MAX_DEPTH for token in tokens):
        return None
    headings = _number_headings(tokens, prefix)
    cleaned = nh3.clean(
        markdown.renderer.render(tokens, markdown.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Rendered(Markup(cleaned), headings)  # noqa: S704 - cleaned


def _number_headings(tokens: Sequence["Token"], prefix: str) -> tuple[Heading, ...]:
    headings = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            headings.append(Heading(int(opening.tag[1:]), inline.content))
            opening.attrSet("id", f"{prefix}-{len(headings)}")
    return tuple(headings)


@cache
def _renderer() -> "MarkdownIt":
    # Its sixty modules take a fortieth of a start, and a server of programs may never show a prompt.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_DEPTH + 4}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("emphasis", "variable", _read_variable)
    markdown.add_render_rule("variable", _show_variable)
    markdown.add_render_rule("image", _show_image)
    markdown.add_render_rule("text", _show_text)
    markdown.add_render_rule("code_inline", _show_code)
    markdown.add_render_rule("code_block", _show_block)
    markdown.add_render_rule("fence", _show_block)
    return markdown


def _read_variable(state: "StateInline", silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    place = variable_at(state.src, state.pos, state.env[_DECLARED])
    if place is None:
        return False
    if not silent:
        state.push("variable", "span", 0).content = state.src[place.start : place.end]
    state.pos = place.end
    return True


def _show_variable(
    _renderer: "RendererHTML", tokens: Sequence["Token"], index: int, _options: "OptionsDict", _env: "EnvType"
) -> str:
    return f'<span class="variable">{show_visibly(tokens[index].content)}</span>'


def _show_image(_renderer: "RendererHTML", tokens: Sequence["Token"], index: int, _options: "OptionsDict", _env: "EnvType") -> str:
    return f'<span class="image">{show_visibly(tokens[index].content or "image")}</span>'


def _show_text(_renderer: "RendererHTML", tokens: Sequence["Token"], index: int, _options: "OptionsDict", _env: "EnvType") -> str:
    return str(show_visibly(tokens[index].content))


def _show_code(_renderer: "RendererHTML", tokens: Sequence["Token"], index: int, _options: "OptionsDict", _env: "EnvType") -> str:
    return f"<code>{show_visibly(tokens[index].content)}</code>"


def _show_block(_renderer: "RendererHTML", tokens: Sequence["Token"], index: int, _options: "OptionsDict", _env: "EnvType") -> str:
    return f"<pre><code>{show_visibly(tokens[index].content)}</code></pre>\n"
