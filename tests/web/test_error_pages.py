"""Pages of things that are not there: what they say of them, and where they lead back to."""

import html
import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import make, path

from promptuary.model.access import Role

NO_KEY = "/settings/keys/nope/revoke"
NO_SESSION = "/settings/sessions/nope/end"
UUID = "00000000-0000-4000-8000-000000000000"


def said_on(page: Response) -> tuple[int, str, list[tuple[str, str]]]:
    """The status of a page, its paragraphs in one line, and its links: their addresses and texts."""
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    links = [(href, re.sub(r"<[^>]*>", "", text)) for href, text in re.findall(r'<a href="([^"]*)">(.*?)</a>', main)]
    paragraphs = re.findall(r"<p[^>]*>(.*?)</p>", main)
    return page.status_code, " / ".join(html.unescape(re.sub(r"<[^>]*>", "", text)) for text in paragraphs), links


@pytest.mark.parametrize(
    ("address", "said", "back"),
    [
        (NO_SESSION, "This session has already ended.", ("/settings/sessions/", "To your sessions")),
        (NO_KEY, "No personal API key has the id 'nope'.", ("/settings/keys/", "To your API keys")),
    ],
)
def test_errors_of_accounts_lead_back_to_the_account(
    web: Api, browser: TestClient, address: str, said: str, back: tuple[str, str]
) -> None:
    browser.get(path(web, "prompts/"))
    assert said_on(browser.post(address)) == (404, f"{said} / {back[1]}", [back])


@pytest.mark.parametrize("action", ["", "edit/"])
@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("999", "No change request has the number 999."),
        ("nope", "No change request has this number. / Look for it in the list of change requests."),
    ],
)
def test_errors_of_change_requests_lead_back_to_their_list(
    web: Api, browser: TestClient, number: str, said: str, action: str
) -> None:
    back = (path(web, "requests/"), "To the change requests")
    shown = browser.get(path(web, f"requests/{number}/{action}"))
    assert said_on(shown) == (404, f"{said} / To the change requests", [back])


@pytest.mark.parametrize(
    ("address", "said", "back", "name"),
    [
        (
            f"settings/webhooks/{UUID}/remove/",
            f"No webhook has the ID '{UUID}' in this project. / It may have been removed.",
            "settings/webhooks/",
            "To the webhooks",
        ),
        (
            "settings/remove-rule",
            "No rule for labels has the id 7. / It may have been removed.",
            "settings/labels/",
            "To the protected labels",
        ),
    ],
)
def test_errors_of_settings_lead_back_to_the_settings(web: Api, address: str, said: str, back: str, name: str) -> None:
    admin = browser_of(web, Role.ADMIN)
    shown = admin.post(path(web, address), data={"rule": "7", "rule_id": "7"})
    assert said_on(shown) == (404, f"{said} / {name}", [(path(web, back), name)])


@pytest.mark.parametrize("part", ["labels/history/", "labels/undo/", "labels/remove/"])
def test_an_address_without_a_label_says_so_and_leads_to_the_labels(web: Api, browser: TestClient, part: str) -> None:
    make(web)
    back = (path(web, "prompts/greeting/labels/"), "To the labels of the prompt")
    for query, said in (
        ("", "The address of this page names no label."),
        ("?label=beta", "Label 'beta' not found on prompt 'greeting'."),
    ):
        shown = browser.get(path(web, f"prompts/greeting/{part}{query}"))
        assert said_on(shown) == (404, f"{said} / {back[1]}", [back])


def test_a_prompt_may_be_in_the_archive_and_nothing_else(web: Api, browser: TestClient) -> None:
    _, said, _ = said_on(browser.get(path(web, "prompts/none/")))
    back = f"To the prompts of {web.registry.project.name}"
    assert said == f"There is no prompt 'none' in this project. It may be in the archive. / {back}"
    status, said, links = said_on(browser.get(path(web, f"archive/{UUID}/")))
    assert (status, links) == (404, [(path(web, "archive/"), "To the archive")])
    assert said.endswith("in the archive of this project. / It may have been restored. / To the archive")


def test_projects_of_others_are_not_led_back_to(browser: TestClient) -> None:
    shown = browser.get("/projects/999999/requests/1/")
    status, said, [link] = said_on(shown)
    assert (status, said, link[0]) == (404, "Project not found. / Only members see a project. / To the start page", "/")
