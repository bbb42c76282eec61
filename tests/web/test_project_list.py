"""The menu and the page of projects, for users who have many of them."""

import re
from collections.abc import Callable

import pytest
from browsing import signed_in_browser
from builders import Api, make_user
from fastapi.testclient import TestClient
from prompt_pages import text_of

from promptuary.model.access import Role
from promptuary.registry.operator import members, projects
from promptuary.web.page_request import MAX_PROJECTS_IN_MENU
from promptuary.web.projects.project_list import PER_PAGE

Join = Callable[..., list[str]]


@pytest.fixture
def join(web: Api) -> Join:
    """Make the user a member of new projects with these names, and return the addresses of their prompts."""

    def make(*names: str) -> list[str]:
        with web.registry.database.write() as tx:
            made = [projects.create_project(tx, name=name) for name in names]
            for project in made:
                members.set_member(tx, project_id=project.id, email=web.registry.user.email, role=Role.VIEWER)
        return [f"/projects/{project.id}/prompts/" for project in made]

    return make


def linked(html: str) -> list[str]:
    return re.findall(r'href="(/projects/\d+/prompts/)" dir="auto"', html)


def menu_of(html: str) -> str:
    return html.partition('<details class="menu switcher"')[2].partition("</details>")[0]


def table_of(html: str) -> str:
    return html.partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_few_projects_are_all_in_the_menu_without_a_search(browser: TestClient, join: Join) -> None:
    joined = join("Beta", "Alpha")
    menu = menu_of(browser.get(joined[0]).text)
    assert {*joined} <= {*linked(menu)}
    assert "<input" not in menu
    assert "All" not in menu


def test_of_many_projects_the_menu_lists_the_current_one_and_leads_to_all(browser: TestClient, join: Join) -> None:
    joined = join(*(f"Team {number:03}" for number in range(200)))
    menu = menu_of(browser.get(joined[150]).text)
    assert len(linked(menu)) == MAX_PROJECTS_IN_MENU
    assert linked(menu)[0] == joined[150]
    assert 'name="search"' in menu
    assert "All 201 projects" in text_of(browser.get(joined[150]))


def test_the_page_of_projects_shows_them_all_page_by_page(browser: TestClient, join: Join) -> None:
    joined = join(*(f"Team {number:03}" for number in range(PER_PAGE)))
    first, second = browser.get("/projects/"), browser.get("/projects/?search=&page=2")
    assert {*joined} <= {*linked(table_of(first.text)), *linked(table_of(second.text))}
    assert len(linked(table_of(first.text))) == PER_PAGE
    assert "101 projects" in text_of(first)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("beta", ["Beta and Alpha", "Alpha and beta"]),
        ("ALPHA  beta", ["Alpha and beta", "Beta and Alpha"]),
        ("straße", ["STRASSE"]),
        ("מטבח", ["מטבח"]),
    ],
)
def test_projects_are_found_by_words_in_any_order_and_case(
    browser: TestClient, join: Join, search: str, expected: list[str]
) -> None:
    names = ["Alpha and beta", "Beta and Alpha", "STRASSE", "מטבח"]
    addresses = dict(zip(names, join(*names), strict=True))
    found = browser.get("/projects/", params={"search": search})
    assert linked(table_of(found.text)) == [addresses[name] for name in expected]


def test_a_search_without_results_says_so_and_shows_the_search_as_text(browser: TestClient) -> None:
    found = browser.get("/projects/", params={"search": "<b>none"})
    assert found.status_code == 200
    assert "None of your projects has “<b>none” in its name." in text_of(found)
    assert "<b>none" not in found.text


def test_projects_of_others_are_not_listed(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        projects.create_project(tx, name="Secret")
        stranger = make_user(tx, email="alone@example.com")
    assert "Secret" not in browser.get("/projects/").text
    assert "Nothing found" in text_of(signed_in_browser(web, stranger).get("/projects/"))


def test_strangers_have_to_sign_in_to_see_projects(stranger: TestClient) -> None:
    assert stranger.get("/projects/").headers["location"].startswith("/sign-in")
