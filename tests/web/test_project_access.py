"""Who may open which page of a project, and send which form."""

import re

from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import latest, make, path

from promptuary.model.access import Role
from promptuary.registry.operator import projects

READING = [
    "prompts/",
    "prompts/greeting/",
    "prompts/greeting/compare/",
    "prompts/greeting/use/",
    "activity/",
    "archive/",
    "prompts/greeting/labels/",
    "requests/",
    "settings/labels/",
]
WRITING_PAGES = [
    "new-prompt/",
    "new-request/",
    *(f"prompts/greeting/{page}/" for page in ("edit", "labels/set", "duplicate", "archive", "restore")),
]
FORMS = {
    "new-prompt/": {"name": "x", "prompt": "x"},
    "prompts/greeting/publish/": {"base_version": "1", "prompt": "x"},
    "prompts/greeting/review/": {"base_version": "1", "prompt": "x"},
    "prompts/greeting/merge/": {"base_version": "1", "prompt": "x"},
    "prompts/greeting/edit/": {"base_version": "1", "prompt": "x"},
    "prompts/greeting/labels/set/": {"label": "production", "version": "1"},
    "prompts/greeting/labels/remove/": {"label": "staging"},
    "prompts/greeting/duplicate/": {"new_name": "x"},
    "prompts/greeting/archive/": {},
    "prompts/greeting/unarchive/": {},
    "new-request/": {"position": "production 1 greeting", "title": "x"},
}


def test_a_viewer_reads_everything_sees_no_way_to_write_and_is_refused_when_forcing_it(web: Api) -> None:
    make(web)
    viewer = browser_of(web, Role.VIEWER)
    for rest in READING:
        shown = viewer.get(path(web, rest))
        assert shown.status_code == 200
        assert not re.search(
            r'href="[^"]*(/new-(prompt|request)/|/greeting/(edit|labels/(set|remove|undo)|duplicate|archive|restore)/)', shown.text
        )
        assert set(re.findall(r'<form method="post" action="([^"]*)"', shown.text)) <= {"/sign-out"}
    assert [viewer.get(path(web, rest)).status_code for rest in WRITING_PAGES] == [403] * len(WRITING_PAGES)
    assert [viewer.post(path(web, rest), data=form).status_code for rest, form in FORMS.items()] == [403] * len(FORMS)
    assert latest(web) == (1, "one\ntwo\nthree\n", None)


def test_strangers_are_sent_to_sign_in_and_come_back(web: Api, stranger: TestClient) -> None:
    make(web)
    for rest in [*READING, *WRITING_PAGES]:
        sent = stranger.get(path(web, rest))
        assert sent.status_code == 303
        assert sent.headers["location"] == f"/sign-in?next={path(web, rest)}"
    for rest, form in FORMS.items():
        assert stranger.post(path(web, rest), data=form).status_code == 303
    assert latest(web) == (1, "one\ntwo\nthree\n", None)


def test_members_of_other_projects_find_nothing(web: Api, browser: TestClient) -> None:
    make(web)
    with web.registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
    for rest in READING:
        assert browser.get(f"/projects/{other.id}/{rest}").status_code == 403
        for reference in ("999", "0", "-1", "x", "1" * 50):
            assert browser.get(f"/projects/{reference}/{rest}").status_code == 404
    for rest, form in FORMS.items():
        assert browser.post(f"/projects/{other.id}/{rest}", data=form).status_code == 403


def test_forms_of_other_sites_change_nothing(web: Api, browser: TestClient) -> None:
    make(web)
    for rest, form in FORMS.items():
        assert browser.post(path(web, rest), data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert latest(web) == (1, "one\ntwo\nthree\n", None)


def test_who_has_to_sign_in_again_while_writing_comes_back_to_the_form(web: Api, stranger: TestClient, browser: TestClient) -> None:
    make(web)
    for part in ("review", "publish", "merge"):
        page = path(web, f"prompts/greeting/{part}/")
        sent = stranger.post(page, data={"prompt": "x"}, headers={"Referer": f"http://testserver{page}"})
        assert sent.headers["location"] == f"/sign-in?next={page}"
        back = browser.get(page)
        assert (back.status_code, back.headers["location"]) == (303, path(web, "prompts/greeting/edit/"))
    edit = path(web, "prompts/greeting/edit/?version=1")
    sent = stranger.post(path(web, "prompts/greeting/review/"), headers={"Referer": f"http://testserver{edit}"})
    assert sent.headers["location"] == f"/sign-in?next={edit.replace('?', '%3F').replace('=1', '%3D1')}"
    for elsewhere in ("https://evil.test/projects/1/", "http://testserver@evil.test/projects/", "not an address", "http://["):
        sent = stranger.post(path(web, "prompts/greeting/review/"), headers={"Referer": elsewhere})
        assert sent.headers["location"] == "/sign-in"
