"""What is staged for the site: no page without a place, no dead link, and all that the program has in its references."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import Api
from command_line import all_commands

from docsite.commands import commands_as_markdown
from docsite.endpoints import endpoints_as_markdown, read_openapi
from docsite.links import DeadLink, Links
from docsite.navigation import Unlisted, list_sections
from docsite.refusals import EXAMPLES, answers_of_examples, refusals_as_markdown
from docsite.staging import ROOT, stage
from promptuary.model import device_authorizations, errors, release_errors

COMMANDS = all_commands()
MODULES = {errors.__name__, release_errors.__name__, device_authorizations.__name__}
ELSEWHERE = {
    errors.NotFound,
    errors.PermissionDenied,
    errors.UserNotFound,
    errors.MemberNotFound,
    errors.KeyExists,
    errors.WebhookExists,
    errors.AddressNotVerified,
    errors.LinkEnded,
    errors.PromptGone,
    device_authorizations.DeviceCodeEnded,
    errors.SessionNotFound,
    errors.EmailTaken,
    errors.InvalidExport,
    errors.SignInRefused,
    errors.Damaged,
    errors.SchemaMismatch,
    errors.NotEmpty,
    errors.InvalidBackup,
}
"""Refusals that no endpoint of the API answers with: roots, those of pages and of the command line."""


def _all_below(kind: type[errors.RegistryError]) -> Iterator[type[errors.RegistryError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _all_below(child)


def test_every_page_of_docs_has_a_place_and_every_place_a_page() -> None:
    places = [page for section in list_sections(ROOT) for page in section.pages]
    sources = {page.source for page in places}
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")} <= sources
    assert {"README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} <= sources
    assert len({page.target for page in places}) == len(places)


def test_a_page_that_nobody_gave_a_place_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "docs/stray.md"
    page.parent.mkdir()
    page.write_text("# Stray\n")
    with pytest.raises(Unlisted, match=r"docs/stray\.md has no place on the site"):
        stage(tmp_path / "build", root=tmp_path)
    assert not (tmp_path / "build").exists()


def test_links_between_files_become_links_between_pages(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("MIT")
    pages = {"README.md": "index.md", "docs/cli.md": "cli.md", "docs/decisions/README.md": "decisions/index.md"}
    links = Links(tmp_path, pages, titles={"cli.md": "The command line", "decisions/index.md": "All decisions"})
    text = """[docs/cli.md](docs/cli.md), [users](docs/cli.md#users), [all](docs/decisions/), [here](#here), [there](https://example.com)
[licence](LICENSE), [docs/cli.md](docs/cli.md#users), [docs/decisions/](docs/decisions/), [v1.0](https://example.com)
```sh
[code](stays.md)
```
<!-- site: [commands](cli.md) -->
<!-- site: [clients](client/index.md) -->
"""
    turned = """[The command line](cli.md), [users](cli.md#users), [all](decisions/index.md), [here](#here), [there](https://example.com)
[licence](files/LICENSE), [The command line](cli.md#users), [All decisions](decisions/index.md), [v1.0](https://example.com)
```sh
[code](stays.md)
```
[commands](cli.md)

"""
    assert links.turn(text, source="README.md", target="index.md") == turned
    assert links.turn("[start](../../README.md)", source="docs/decisions/1.md", target="decisions/1.md") == "[start](../index.md)"
    assert links.files == {"LICENSE": "files/LICENSE"}


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeadLink, match=r"docs/cli\.md links to docs/gone\.md, which is no file"):
        Links(tmp_path, pages={}, titles={}).turn("[gone](gone.md)", source="docs/cli.md", target="cli.md")


@pytest.fixture(scope="module")
def command_sections() -> dict[str, str]:
    sections = commands_as_markdown().split("\n## ")[1:]
    return {section.partition("\n")[0]: section for section in sections}


def test_the_reference_has_the_commands_and_no_others(command_sections: dict[str, str]) -> None:
    assert set(command_sections) == {f"promptuary {words}" for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_in_the_reference_with_all_its_options(words: str, command_sections: dict[str, str]) -> None:
    shown = command_sections[f"promptuary {words}"]
    own = [parameter for parameter in COMMANDS[words].params if not getattr(parameter, "hidden", False)]
    options = [name for parameter in own for name in parameter.opts if name.startswith("--")]
    assert [name for name in options if not re.search(f"[` ]{name}\\b", shown)] == []
    assert COMMANDS[words].help.partition(".")[0] in shown


def test_every_endpoint_is_in_the_reference_with_parameters_bodies_and_answers(sqlite_api: Api) -> None:
    document: Any = sqlite_api.client_with({}).get("/api/schema/").json()
    assert read_openapi() == document
    text = endpoints_as_markdown(document)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _, _, described = text.partition(f"```http\n{method.upper()} {path}\n```")
            described, _, _ = described.partition("```http")
            assert [each["name"] for each in operation["parameters"] if f"| `{each['name']}` |" not in described] == []
            assert [status for status in operation["responses"] if status not in described] == []
            assert ("\nBody" in described) == ("requestBody" in operation)
    fields = [name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})]
    assert len(fields) > 50
    assert [name for name in fields if f"| `{name}`" not in text] == []


def test_every_refusal_of_the_api_is_in_the_reference() -> None:
    shown = {type(made) for _, made in EXAMPLES}
    raised = {errors.InvalidValue, errors.EditRefused}
    assert {kind for kind in _all_below(errors.RegistryError) if kind.__module__ in MODULES and kind not in ELSEWHERE} == (
        shown | raised
    ) & {*_all_below(errors.RegistryError)}


def test_refusals_are_shown_word_for_word() -> None:
    text = refusals_as_markdown()
    answers = list(answers_of_examples())
    assert {status for _, status, _ in answers} == {400, 401, 403, 404, 406, 409, 413, 415, 429, 503}
    assert [body for _, _, body in answers if f"`{body}`" not in text] == []
    assert "Text to replace was not found in the prompt." in text
