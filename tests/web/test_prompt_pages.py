"""Reading prompts: versions, history, comparisons, activity."""

import html
import json
import re
from datetime import timedelta
from itertools import islice

import pytest
from browsing import browser_of, signed_in_browser
from builders import Api, make_prompt
from fastapi.testclient import TestClient
from prompt_pages import make, path, publish, text_of

from promptuary.model.access import Role, operator
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import demo, labels, prompts, usage
from promptuary.registry.operator import members

HOSTILE = "<script>alert(1)</script>{{ config }}{% raw %}\u202e\"'</textarea></pre><img src=x onerror=alert(1)>"


def test_what_looks_like_a_variable_is_pointed_out_on_the_page_and_in_the_review(web: Api, browser: TestClient) -> None:
    make(web, prompt="{{#if paid}} {{ name }} {{x|<b>}}")
    shown = text_of(browser.get(path(web, "prompts/greeting/")))
    assert "Text, although it looks like a variable: {{#if paid}}, {{x|<b>}}." in shown
    assert "A variable that the posthog package leaves as it is: {{ name }}." in shown
    written = {"prompt": "{{/if}}", "format": "text", "base_version": "1"}
    review = text_of(browser.post(path(web, "prompts/greeting/review/"), data=written))
    assert "Text, although it looks like a variable: {{/if}}." in review
    publish(web, base=1, prompt="{{name}}")
    assert "Check these variables" not in browser.get(path(web, "prompts/greeting/")).text


def test_only_declared_variables_are_marked_and_are_listed_with_what_is_declared(web: Api, browser: TestClient) -> None:
    declared = {
        "name": {"description": "Who is <b>greeted</b>", "enum": ["Ada", "Bob"]},
        "n": {"type": "integer", "default": 3},
        "unused": {},
    }
    with web.registry.database.write() as tx:
        text = "Hello {{name}} {{ n }} {{other}} {{#if x}} {{nme}}"
        prompts.create_prompt(tx, web.registry.actor, name="greeting", prompt=text, variables=declared)
    page = browser.get(path(web, "prompts/greeting/"))
    assert re.findall(r'<span class="variable">({{.*?)</span>', page.text) == ["{{name}}", "{{ n }}"]
    shown = text_of(page)
    assert "Declared for this version: only these names are variables." in shown
    assert "name one of Ada, Bob Who is <b>greeted</b> n integer, optional unused" in shown
    assert "Text, although a declared variable has a similar name: {{nme}}." in shown
    assert "The variable 'unused' is declared and not used." in shown
    assert json.loads(html.unescape(re.findall(r'data-try-variables value="([^"]*)"', page.text)[0])) == declared
    assert '<span class="variable">{{other}}' not in browser.get(path(web, "prompts/greeting/?view=rendered")).text
    assert "Only declared variables are filled in" in browser.get(path(web, "prompts/greeting/edit/")).text


def test_every_link_of_a_project_with_prompts_leads_to_a_page(web: Api) -> None:
    with web.registry.database.write() as tx:
        seeded = demo.seed(tx)
        members.set_member(tx, project_id=seeded.project.id, email=web.registry.user.email, role=Role.ADMIN)
        prompts.archive_prompt(tx, operator(seeded.project.id), name="code-review")
    browser = signed_in_browser(web, web.registry.user)
    own = f"/projects/{seeded.project.id}/"
    addresses = [f"{own}prompts/"]
    known = set(addresses)
    for address in islice(addresses, 700):
        shown = browser.get(address)
        # The link to an archived prompt in what was done leads to a page that says so.
        assert shown.status_code == (404 if "/code-review/" in address else 200), address
        links = {html.unescape(link) for link in re.findall(r'href="([^"#]+)"', shown.text)}
        addresses += sorted(link for link in links if link.startswith(own) and link not in known)
        known |= links
    assert {f"{own}prompts/support-reply/usage/", f"{own}activity/", f"{own}archive/"} <= set(addresses[:700])


def test_a_megabyte_of_text_is_shown(web: Api, browser: TestClient) -> None:
    make(web, prompt="word {{x}}\n" * 80_000)
    for rest in ("", "?view=both", "edit/"):
        shown = browser.get(path(web, f"prompts/greeting/{rest}"))
        assert shown.status_code == 200
        assert len(shown.text) > 800_000


def test_versions_and_labels_are_compared(web: Api, browser: TestClient) -> None:
    make(web, config={"a": 1})
    publish(web, base=1, prompt="one\nzwei\nthree\n", config={"a": 2})
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
    for query in ("", "?from=1&to=2", "?from=production&to=2", "?from=1&to=2&view=side"):
        shown = browser.get(path(web, f"prompts/greeting/compare/{query}"))
        assert "zwei" in shown.text
        assert "<del><code>1</code></del>" in shown.text
    assert browser.get(path(web, "prompts/greeting/compare/?from=1&to=9")).status_code == 404
    assert browser.get(path(web, "prompts/greeting/compare/?from=none&to=1")).status_code == 404
    same = browser.get(path(web, "prompts/greeting/compare/?from=2&to=2"))
    assert "The versions are identical." in text_of(same)


def test_moments_are_relative_and_exact_for_whoever_points_at_them(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        at = make_prompt(tx, web.registry.actor).created_at
    shown = browser.get(path(web, "prompts/greeting/")).text
    moment = re.escape(at.isoformat()), at.strftime("%Y-%m-%d %H:%M:%S UTC")
    [told] = set(re.findall(rf'<time datetime="{moment[0]}" title="{moment[1]}">([^<]+)</time>', shown))
    assert re.fullmatch(r"just now|\d+ \w+ ago", told)


def test_the_history_and_the_activity_show_exact_times_in_their_text(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="two")
    with web.registry.database.write() as tx:
        at = prompts.fetch_prompt(tx, web.registry.actor, "greeting").created_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    for rest, count in {"": 3, "history/?before=3": 2, "activity/": 2, "compare/?from=1&to=2": 2}.items():
        assert len(re.findall(rf"ago,? {at}", text_of(browser.get(path(web, f"prompts/greeting/{rest}"))))) == count, rest


def test_activity_tells_who_did_what(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="two")
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=2)
        labels.remove_label(tx, web.registry.actor, name="greeting", label="production")
        prompts.duplicate_prompt(tx, web.registry.actor, name="greeting", new_name="copy")
    for rest in ("activity/", "prompts/greeting/activity/"):
        shown = text_of(browser.get(path(web, rest)))
        for told in (
            "created greeting",
            "published v2 of greeting",
            "set production of greeting to v1",
            "moved production of greeting: v1 → v2",
            "removed production of greeting from v2",
            "copied greeting to copy",
        ):
            assert told in shown


def test_older_versions_are_on_pages_of_their_own(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        make_prompt(tx, web.registry.actor, versions=40)
    shown = browser.get(path(web, "prompts/greeting/"))
    (older,) = re.findall(r'href="([^"]*)" data-older', shown.text)
    assert "v15" not in re.findall(r'<span class="version">(v\d+)</span>', shown.text)
    page = browser.get(html.unescape(older))
    assert "v15" in re.findall(r'<span class="version">(v\d+)</span>', page.text)
    assert "v1" in re.findall(r'<span class="version">(v\d+)</span>', page.text)


@pytest.mark.parametrize("rest", ["", "?view=both", "edit/", "compare/", "use/", "restore/?version=1", "history/"])
def test_what_looks_like_html_stays_text_on_every_page(web: Api, browser: TestClient, rest: str) -> None:
    make(web, prompt=HOSTILE, config={HOSTILE: HOSTILE})
    with web.registry.database.write() as tx:
        prompts.publish_version(tx, web.registry.actor, name="greeting", base_version=1, prompt=HOSTILE * 2, description=HOSTILE)
    shown = browser.get(path(web, f"prompts/greeting/{rest}"))
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert "<img" not in shown.text
    assert "{{ config }}" in html.unescape(shown.text) or rest in {"use/", "history/"}


def test_labels_come_first_and_production_before_the_others(web: Api, browser: TestClient) -> None:
    make(web, prompt="# A\n# B\n" + " ".join(f"{{{{v{number}}}}}" for number in range(500)))
    with web.registry.database.write() as tx:
        for label in ("canary", "production", *(f"zone-{number}" for number in range(12))):
            labels.move_label(tx, web.registry.actor, name="greeting", label=label, version=1)
    shown = browser.get(path(web, "prompts/greeting/")).text
    aside = shown[shown.index('<aside class="aside"') :]
    places = [aside.index(f'id="{name}-heading"') for name in ("labels", "history", "outline", "variables")]
    assert places == sorted(places)
    assert aside.index("?label=production") < aside.index("?label=canary")
    assert "<summary>4 more labels</summary>" in aside
    assert "<summary>470 more variables</summary>" in aside


def test_production_is_rolled_back_from_the_history_without_typing_a_number(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=2)
    for rest in ("prompts/greeting/", "prompts/greeting/history/"):
        shown = browser.get(path(web, rest))
        assert "Roll production back to v1" in text_of(shown)
        assert "production to v2" not in text_of(shown)
    address = re.search(r'class="release" href="([^"]*)"', shown.text)
    assert address
    review = browser.get(html.unescape(address[1]))
    assert "production: v2 → v1" in text_of(review)
    assert "production back" not in text_of(browser_of(web, Role.VIEWER).get(path(web, "prompts/greeting/")))


def test_after_publishing_the_page_offers_to_move_production(web: Api, browser: TestClient) -> None:
    make(web)
    address = path(web, "prompts/greeting/publish/")
    sent = browser.post(address, data={"base_version": "1", "prompt": "new", "config": "", "note": ""})
    shown = browser.get(sent.headers["location"])
    assert "Next: Set production to v2" in text_of(shown)
    assert "Next:" not in text_of(browser.get(sent.headers["location"]))


def test_titles_tell_versions_and_projects_apart(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    titles = [
        re.findall('<title dir="auto">(.*)</title>', browser.get(path(web, f"prompts/greeting/{query}")).text)
        for query in ("", "?version=1")
    ]
    name = web.registry.project.name
    assert titles == [[f"greeting · {name} · Promptuary"], [f"greeting v1 · {name} · Promptuary"]]


def test_a_copy_is_told_once_in_the_activity_of_the_project(web: Api, browser: TestClient) -> None:
    make(web)
    with web.registry.database.write() as tx:
        prompts.duplicate_prompt(tx, web.registry.actor, name="greeting", new_name="copy")
    told = text_of(browser.get(path(web, "activity/")))
    assert (told.count("made copy from greeting"), told.count("copied greeting to copy")) == (0, 1)
    assert "made copy from greeting" in text_of(browser.get(path(web, "prompts/copy/activity/")))


def test_usage_is_shown_for_a_range_and_for_one_version(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    with web.registry.database.write() as tx:
        for version, days, times in ((1, 0, 3), (2, 0, 5), (1, 20, 7), (2, 60, 11)):
            found = prompts.fetch_prompt(tx, web.registry.actor, "greeting", version=version)
            moment = tx.clock() - timedelta(days=days)
            usage.record_fetches(tx, [FetchCount(moment.date(), FetchKey(found.id, "", ""), times, moment)])
    wanted = {"?days=7": 8, "": 15, "?days=90": 26, "?days=90&version=2": 16, "?version=1": 10, "?days=1000": 15, "?days=x": 15}
    for query, fetches in wanted.items():
        assert f"{fetches} fetches from" in text_of(browser.get(path(web, f"prompts/greeting/usage/{query}"))), query
    assert "Usage of v2" in text_of(browser.get(path(web, "prompts/greeting/usage/?days=90&version=2")))
    assert browser.get(path(web, "prompts/greeting/usage/?version=9")).status_code == 404


def test_any_of_many_versions_can_be_compared_and_reached(web: Api, browser: TestClient) -> None:
    make(web)
    for base in range(1, 203):
        publish(web, base=base, prompt=f"text {base}")
    compared = browser.get(path(web, "prompts/greeting/compare/?from=1&to=203"))
    assert '<input type="text" id="from" name="from" value="1"' in compared.text
    assert "text 202" in compared.text
    shown = browser.get(path(web, "prompts/greeting/")).text
    assert '<input type="number" id="jump" name="version" min="1" max="203"' in shown
