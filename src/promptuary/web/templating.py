"""The templates: one environment, in which every value is escaped and every missing name is an error."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from promptuary.model.accounts import Author, User, shown_name
from promptuary.model.text import counted
from promptuary.model.values import text_of_value
from promptuary.web.account.scopes import describe_scopes
from promptuary.web.prompts.visible_text import show_plainly, show_visibly
from promptuary.web.user_agents import format_user_agent

_KILOBYTE = 1000
_UNITS = (
    (timedelta(days=365), "year"),
    (timedelta(days=30), "month"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    created = Environment(
        loader=PackageLoader("promptuary.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    created.filters |= {
        "ago": _ago,
        "as_text": text_of_value,
        "browser": format_user_agent,
        "counted": counted,
        "exact": format_exact_time,
        "person": format_person,
        "plain": show_plainly,
        "powers": describe_scopes,
        "relative": _relative,
        "size": format_size,
        "thousands": "{:,}".format,
        "visible": show_visibly,
    }
    return created


def render(template: str, context: Mapping[str, object]) -> str:
    """Return a template with its values filled in. ``now`` in the context is what `ago` counts from."""
    return environment().get_template(template).render(context)


def format_ago(moment: datetime, now: datetime) -> str:
    """Tell in words how long ago something was."""
    passed = now - moment
    for length, unit in _UNITS:
        if passed >= length:
            return f"{counted(passed // length, unit)} ago"
    return "just now"


def format_exact_time(moment: datetime) -> str:
    """Return an exact timestamp, with seconds."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def format_person(person: Author | User | None) -> str:
    """Return the display name of a user; for an author without an account also its origin."""
    if person is None:
        return "the operator"
    is_recorded = isinstance(person, Author) and person.is_recorded
    return f"{shown_name(person)} (imported)" if is_recorded else shown_name(person)


def format_size(size: int) -> str:
    """Tell a number of bytes in the unit that suits it: `812 B`, `1.5 KB`."""
    return f"{size} B" if size < _KILOBYTE else f"{size / _KILOBYTE:,.1f} KB"


def _relative(moment: datetime) -> str:
    # Macros that templates import do not see what the page was given, so this looks at the clock itself.
    return format_ago(moment, datetime.now(UTC))


@pass_context
def _ago(context: Context, moment: datetime) -> Markup:
    """Return a timestamp relative to now, with the exact time in the attributes."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), format_exact_time(moment), format_ago(moment, context["now"])
    )
