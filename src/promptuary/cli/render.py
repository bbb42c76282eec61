"""``promptuary render``: a prompt as programs get it, with its variables filled in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from promptuary.cli.default_label import Latest, ReadLabel, chosen_label
from promptuary.cli.inputs import read_object
from promptuary.cli.moments import read_moment
from promptuary.cli.output import AsJson, show_json, write_out
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.cli.version_choices import PromptName
from promptuary.model.chats import placeholder_name
from promptuary.model.contracts import contract_of, variables_of
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import dump_indented
from promptuary.model.templates import Template
from promptuary.model.values import list_problems, read_values, text_of_value, with_defaults
from promptuary.remote import RemotePrompts, RemoteReleases

Values = Mapping[str, object]


def render(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    name: PromptName,
    values: Annotated[
        list[str] | None,
        typer.Option("--value", "-v", metavar="NAME=VALUE", help="A value for a variable; JSON if it is no string. Repeatable."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--values", help="A file with values, an object of JSON; - is standard input.", allow_dash=True)
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="The version's number.", min=1)] = None,
    label: ReadLabel = None,
    latest: Latest = False,
    at: Annotated[str | None, typer.Option(help="What programs got at this time of the past; without an offset it is UTC.")] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Print a prompt as programs get it, with values in the place of its variables; a chat as JSON."""
    if at is not None and version is not None:
        raise typer.BadParameter("--at and --version exclude each other.")
    moment = None if at is None else read_moment(at)
    from_file = {} if file is None else read_object(f"@{file}", "values", "are") or {}
    with chosen_label(label, latest=latest, version=version) as by_label, _reached(profile, moment) as prompts:
        found = prompts.fetch_whole(name, version=version, label=by_label, at=moment)
    try:
        content = fill(found["prompt"], found.get("variables"), from_file, _read(values or ()))
    except InvalidValue as error:
        raise InvalidValue(error.code, f"Version {found['version']} of {found['name']}: {error}") from None
    if as_json:
        show_json({"name": found["name"], "version": found["version"], "content": content, "config": found["config"]})
    else:
        write_out(f"{content if isinstance(content, str) else dump_indented(content)}\n".encode())


def fill(text: str, declared: object, values: Values, texts: Mapping[str, str]) -> object:
    """Return the text of a prompt, or the messages of a chat, with values; ``texts`` are values that arrive as texts.

    Raises `InvalidValue` with a sentence for each value that is missing, unknown, or not as declared.
    """
    contract = contract_of(declared)
    template = Template(text, contract)
    variables = variables_of(template, contract)
    given = {name: value for name, value in values.items() if value is not None} | read_values(variables, texts)
    if contract is None:
        # Without a declaration, a value of any type is written as text.
        given = {name: value if name in template.placeholders else text_of_value(value) for name, value in given.items()}
    problems = list_problems(variables, given)
    if problems:
        raise InvalidValue("invalid_values", " ".join(problems))
    return _filled(template, with_defaults(variables, given))


@contextmanager
def _reached(profile: str | None, at: datetime | None) -> Iterator[RemotePrompts]:
    with reached_prompts(profile) as prompts:
        if at is not None:
            # An older server would answer with what is there now.
            RemoteReleases(prompts.remote).require_known()
        yield prompts


def _read(values: Sequence[str]) -> dict[str, str]:
    for each in values:
        if "=" not in each:
            raise typer.BadParameter(f"Write a value as NAME=VALUE; '{each}' has no '='.")
    return dict(each.split("=", maxsplit=1) for each in values)


def _filled(template: Template, values: Values) -> object:
    """Return the text, or the messages of a chat, with values for all variables and placeholders."""
    texts = {name: text_of_value(value) for name, value in values.items()}
    if template.chat is None:
        return template.fill(texts)
    return [message for entry in template.chat for message in _messages(template, entry, values, texts)]


def _messages(template: Template, entry: dict[str, Any], values: Values, texts: Mapping[str, str]) -> Iterator[object]:
    name = placeholder_name(entry)
    if not name:
        yield {field: template.fill_value(value, texts) if field == "content" else value for field, value in entry.items()}
    elif isinstance(messages := values.get(name), list):
        yield from messages
