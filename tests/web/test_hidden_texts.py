"""No page shows a hidden character as it is: what users wrote anywhere is drawn or named wherever others read it."""

import re

import pytest
from browsing import open_browser, signed_in_browser
from builders import Api, as_admin, make_webhook
from fastapi.testclient import TestClient
from prompt_pages import path
from raw_texts import read_page

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Profile
from promptuary.model.json_text import dump_indented
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import change_requests, labels, prompts, usage
from promptuary.registry.operator import keys, projects, users
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import members
from promptuary.store.engine.database import Transaction

H = "a\u202eb\u200bc"
CHAT = [
    {"role": H, "content": f"{H} {{{{name}}}}", "name": H},
    {"role": "user", "content": [{"type": H, "text": H}], "tool_calls": [{"id": H, "function": {"name": H, "arguments": H}}]},
    {"type": "placeholder", "name": H},
]
VARIABLES = {"name": {"type": "string", "description": H, "enum": [H, "x"], "default": H}}
FOUND = (
    "activity/",
    "prompts/chat/compare/?from=1&to=2",
    "prompts/chat/usage/",
    "prompts/plain/",
    "prompts/plain/?view=rendered",
    "requests/",
    "settings/labels/",
)
PAGES = 200
pytestmark = pytest.mark.own_application


def write(web: Api, tx: Transaction) -> None:
    """Write hidden characters into whatever users can write."""
    actor = as_admin(web.registry.actor)
    users.change_user(tx, web.registry.user, profile=Profile(f"{H}@example.com", H, H))
    members.upsert_member(tx, project_id=web.registry.project.id, user_id=web.registry.user.id, role=Role.ADMIN)
    projects.rename_project(tx, web.registry.project.id, name=H)
    first = prompts.create_prompt(tx, actor, name="chat", prompt=CHAT, config={H: H}, description=H, variables=VARIABLES)
    prompts.publish_version(
        tx, actor, name="chat", base_version=1, prompt=[*CHAT, {"role": "user", "content": f"{H}!"}], config={H: 1}, description=H
    )
    prompts.create_prompt(
        tx, actor, name="plain", prompt=f"# {H}\n\n{{{{{H}}}}} {{{{#if x{H}}}}}", description=H, labelled=("live",)
    )
    prompts.create_prompt(tx, actor, name="gone", prompt=H, description=H, labelled=("live",))
    labels.move_label(tx, actor, name="chat", label="live", version=1, reason=H)
    labels.move_label(tx, actor, name="chat", label="live", version=2, reason=H)
    labels.move_label(tx, actor, name="chat", label="old", version=1, reason=H)
    prompts.archive_prompt(tx, actor, name="gone", reason=H)
    key = keys.create_key(tx, email=f"{H}@example.com", label=H, scopes=(Scope.ALL,), project_ids=None)
    usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(first.id, key.key.id, "live"), 3, tx.clock())])
    request = change_requests.open_request(
        tx, actor, title=H, description=H, positions=[WantedPosition("chat", "live", 1), WantedPosition("plain", "old", 1)]
    )
    change_requests.comment_on_request(tx, actor, request_id=request.id, text=H)
    make_webhook(tx, actor, name=H)


@pytest.fixture
def browser(web: Api) -> TestClient:
    """A browser of the user who wrote everything."""
    with web.registry.database.write() as tx:
        write(web, tx)
    return signed_in_browser(web, web.registry.user)


def crawl(web: Api, browser: TestClient) -> dict[str, list[str]]:
    """Follow the links of all pages, and return their addresses with the raw texts."""
    waiting = [path(web, "prompts/"), path(web, "settings/webhooks/"), "/settings/sessions/"]
    seen: dict[str, list[str]] = {}
    while waiting and len(seen) < PAGES:
        address = waiting.pop(0)
        if address in seen or address.partition("?")[0].endswith("/text/") or address.startswith("/api/"):
            continue
        response = browser.get(address)
        page = read_page(response.text if response.headers.get("content-type", "").startswith("text/html") else "")
        seen[address] = page.raw
        waiting += [link.partition("#")[0] for link in page.links if link.startswith("/")]
    return seen


@pytest.mark.timeout(120)
def test_no_page_shows_a_hidden_character_as_it_is(web: Api, browser: TestClient) -> None:
    seen = crawl(web, browser)
    assert {address: raw for address, raw in seen.items() if raw} == {}
    assert {path(web, page) for page in FOUND} <= seen.keys()


def test_no_answer_to_a_form_shows_a_hidden_character_as_it_is(web: Api, browser: TestClient) -> None:
    form = {"prompt": dump_indented([{"role": f"{H}1", "content": H}]), "config": f'{{"{H}": 2}}', "format": "json", "note": H}
    for address, fields, status in (
        ("prompts/chat/review/", form | {"base_version": "2", "variables": dump_indented(VARIABLES)}, 200),
        ("prompts/chat/publish/", form | {"base_version": "1"}, 409),
        ("prompts/chat/review/", form | {"base_version": "2", "variables": f'{{"{H}": {{"type": "{H}"}}}}'}, 400),
        ("prompts/chat/labels/set/", {"label": H, "version": "1"}, 400),
        ("prompts/chat/duplicate/", {"new_name": H}, 400),
        ("new-request/", {"position": "live 1 chat", "title": H * 100}, 400),
        ("settings/members", {"email": H, "role": "editor"}, 400),
    ):
        response = browser.post(path(web, address), data=fields)
        assert (address, response.status_code) == (address, status)
        assert (address, read_page(response.text).raw) == (address, [])


def test_an_invitation_shows_no_hidden_character_as_it_is(web: Api, browser: TestClient) -> None:
    invited = {"email": f"{H}@example.org", "role": "editor"}
    asked = browser.post(path(web, "settings/members"), data=invited)
    answer = browser.post(path(web, "settings/invite"), data=invited)
    [link] = re.findall(r'data-copy="[^"]*(/welcome/[^"]*)"', answer.text)
    for response in (asked, answer, browser.get(path(web, "settings/")), open_browser(web).get(link)):
        assert "U+202E" in response.text
        assert read_page(response.text).raw == []
