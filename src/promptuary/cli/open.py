"""``promptuary open``: the page of a prompt in the browser."""

import webbrowser
from typing import Annotated
from urllib.parse import quote

import typer

from promptuary.cli.output import AsJson, show_json, show_line
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.cli.version_choices import PromptName
from promptuary.remote import find_project


def open_prompt(
    name: PromptName,
    only_print: Annotated[bool, typer.Option("--print", help="Print the address only.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Open the page of a prompt in the browser, and print its address."""
    with reached_prompts(profile) as prompts:
        prompts.resolve(name)
        project = find_project(prompts.remote)
    address = f"{project.host}/projects/{project.number}/prompts/{quote(name, safe='')}/"
    if as_json:
        show_json({"name": name, "address": address})
    else:
        show_line(address)
    if not only_print:
        # It says if there is no browser, and then the address is printed already.
        webbrowser.open(address)
