"""References on pages: what a prompt refers to, with the texts in place, who uses it, and what stands in the way of a change."""

import re

from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import headline, make, path, publish, text_of

from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, prompts, usage

TONE = "@@@prompt:name=tone|label=production@@@"


def label(web: Api, name: str, version: int, label: str = "production") -> None:
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name=name, label=label, version=version)


def make_family(web: Api) -> None:
    """A part that is in production, and a parent that follows it."""
    make(web, name="tone", prompt="Be <kind> to {{name}}.\n")
    label(web, "tone", 1)
    make(web, name="greeting", prompt=f"{TONE}Hello {{{{other}}}}!\n")


def sent(base: int, prompt: str) -> dict[str, str]:
    return {"base_version": str(base), "prompt": prompt, "format": "text", "config": "", "note": ""}


def test_a_prompt_shows_its_references_and_on_request_their_texts(web: Api, browser: TestClient) -> None:
    make_family(web)
    page = browser.get(path(web, "prompts/greeting/"))
    assert f'<span class="reference">{TONE}</span>' in page.text
    assert "tone production → v1" in text_of(page)
    whole = browser.get(path(web, "prompts/greeting/?resolved=true"))
    assert "Be &lt;kind&gt; to" in whole.text
    assert re.search(r'<span class="part"><a class="part-name" href="[^"]*/prompts/tone/\?version=1">tone v1</a>Be ', whole.text)
    assert TONE not in text_of(whole)
    assert "This is what programs get" in text_of(whole)


def test_both_variables_of_the_text_and_of_its_parts_are_listed(web: Api, browser: TestClient) -> None:
    make_family(web)
    page = browser.get(path(web, "prompts/greeting/")).text
    aside = page[page.index('id="variables-heading"') :]
    assert re.findall(r'<span class="variable">(\w+)</span>', aside) == ["name", "other"]


def test_a_chat_is_shown_with_the_texts_in_its_messages(web: Api, browser: TestClient) -> None:
    make_family(web)
    make(web, name="chat", prompt=[{"role": "system", "content": f"<{TONE}>"}])
    assert "Be &lt;kind&gt; to" in browser.get(path(web, "prompts/chat/?resolved=true")).text
    assert "Be &lt;kind&gt; to" in browser.get(path(web, "prompts/greeting/?resolved=true&view=rendered")).text


def test_a_part_shows_who_uses_it(web: Api, browser: TestClient) -> None:
    make_family(web)
    assert "Used by 1 prompt" in text_of(browser.get(path(web, "prompts/tone/")))
    page = text_of(browser.get(path(web, "prompts/tone/dependents/")))
    assert "greeting v1 latest production 1" in page
    assert "No prompt in use contains this one." in text_of(browser.get(path(web, "prompts/greeting/dependents/")))
    publish(web, base=1, prompt="none")
    assert "No prompt in use" in text_of(browser.get(path(web, "prompts/tone/dependents/")))
    assert "greeting v1" in text_of(browser.get(path(web, "prompts/tone/dependents/?inactive=true")))
    assert browser.get(path(web, "prompts/tone/dependents/?label=production")).status_code == 200


def test_a_version_that_cannot_be_fetched_says_why(web: Api, browser: TestClient) -> None:
    make_family(web)
    publish(web, base=1, prompt="none")
    browser.post(path(web, "prompts/tone/labels/remove/"), data={"label": "production"})
    page = browser.get(path(web, "prompts/greeting/?version=1"))
    assert "Programs cannot fetch this version: This prompt references 'tone' at label 'production'" in text_of(page)
    assert "there is no such label" in text_of(page)


def test_a_move_shows_the_other_prompts_that_it_changes(web: Api, browser: TestClient) -> None:
    make_family(web)
    publish(web, name="tone", base=1, prompt="Be brief to {{name}}.\n")
    review = browser.get(path(web, "prompts/tone/labels/set/?label=production&version=2"))
    assert "Also changes 1 prompt" in text_of(review)
    assert "greeting v1: about" in text_of(review)
    assert review.text.count("brief") >= 2
    publish(web, name="tone", base=2, prompt={"not": "text"})
    refused = browser.get(path(web, "prompts/tone/labels/set/?label=production&version=3"))
    assert "production cannot move to v3. This label is referenced by greeting. Version 3 is not plain text." in text_of(refused)
    assert "<button" not in refused.text[refused.text.index("cannot move") : refused.text.index("See who follows")]
    data = {"label": "production", "version": "3", "expected_version": "1"}
    assert "cannot move to v3" in text_of(browser.post(path(web, "prompts/tone/labels/set/"), data=data))


def test_what_is_in_use_is_neither_archived_nor_loses_its_label(web: Api, browser: TestClient) -> None:
    make_family(web)
    for place in ("archive/", "labels/remove/?label=production"):
        page = browser.get(path(web, f"prompts/tone/{place}"))
        assert "1 prompt in use" in text_of(page)
        assert 'class="button danger"' not in page.text
    answer = browser.post(path(web, "prompts/tone/archive/"))
    assert (answer.status_code, headline(answer)) == (409, "Archive tone?")
    answer = browser.post(path(web, "prompts/tone/labels/remove/"), data={"label": "production"})
    assert "so it cannot be removed: greeting" in text_of(answer)


def test_a_bad_reference_is_told_beside_the_text_before_it_is_published(web: Api, browser: TestClient) -> None:
    make_family(web)
    bad = "@@@prompt:name=missing|version=1@@@ and my text"
    answer = browser.post(path(web, "prompts/greeting/review/"), data=sent(1, bad))
    assert answer.status_code == 400
    assert "The referenced prompt 'missing' does not exist." in text_of(answer)
    assert "and my text" in answer.text
    answer = browser.post(path(web, "new-prompt/"), data={"name": "new", **sent(0, bad)})
    assert (answer.status_code, "and my text" in answer.text) == (400, True)


def test_a_publish_of_a_part_says_that_others_stay(web: Api, browser: TestClient) -> None:
    make_family(web)
    review = text_of(browser.post(path(web, "prompts/tone/review/"), data=sent(1, "Be brief.")))
    assert "1 prompt follows production, which stays at v1 unless you move it: greeting. It changes when the label moves." in review


def test_a_restore_says_which_reference_is_missing(web: Api, browser: TestClient) -> None:
    make_family(web)
    browser.post(path(web, "prompts/greeting/archive/"))
    browser.post(path(web, "prompts/tone/labels/remove/"), data={"label": "production"})
    answer = browser.post(path(web, "prompts/greeting/unarchive/"))
    assert answer.status_code == 409
    assert "Prompt 'tone' has no label 'production'." in text_of(answer)


def test_declarations_that_differ_are_shown_before_a_publish(web: Api, browser: TestClient) -> None:
    make_family(web)
    with web.registry.database.write() as tx:
        declared = {"name": {"description": "of a user"}}
        prompts.publish_version(tx, web.registry.actor, name="tone", base_version=1, variables=declared)
    move = text_of(browser.get(path(web, "prompts/tone/labels/set/?label=production&version=2")))
    assert "declare the variable" not in move
    label(web, "tone", 2)
    data = sent(1, f"{TONE}!") | {"variables": '{"name": {"type": "integer"}}'}
    review = text_of(browser.post(path(web, "prompts/greeting/review/"), data=data))
    assert "'greeting' and 'tone' declare the variable 'name' differently. That of 'greeting' counts." in review


def test_what_can_be_referred_to_is_found_with_the_tags_to_write(web: Api, browser: TestClient) -> None:
    make_family(web)
    make(web, name="data", prompt={"no": "text"})
    page = browser.get(path(web, "references/?for=greeting"))
    assert re.findall(r'data-tag="([^"]*)"', page.text) == [TONE, "@@@prompt:name=tone|version=1@@@"]
    assert "Prompt 'data' cannot be referenced because its content is not plain text." in text_of(page)
    for_part = text_of(browser.get(path(web, "references/?for=tone&search=greet")))
    assert "A prompt cannot reference itself through other prompts: tone, greeting, tone." in for_part
    assert "No prompt matches “nothing”." in text_of(browser.get(path(web, "references/?search=nothing")))
    assert 'data-tag="@@@prompt:name=greeting|version=1@@@"' in browser.get(path(web, "references/?for=new-name")).text


def test_the_plain_text_of_a_version_has_tags_or_on_request_the_texts(web: Api, browser: TestClient) -> None:
    make_family(web)
    assert browser.get(path(web, "prompts/greeting/text/?version=1")).text == f"{TONE}Hello {{{{other}}}}!\n"
    whole = browser.get(path(web, "prompts/greeting/text/?version=1&resolved=true")).text
    assert whole == "Be <kind> to {{name}}.\nHello {{other}}!\n"


def test_usage_tells_of_fetches_of_the_prompts_that_contain_a_part(web: Api, browser: TestClient) -> None:
    make_family(web)
    with web.registry.database.write() as tx:
        part, parent = (prompts.fetch_prompt(tx, web.registry.actor, name).id for name in ("tone", "greeting"))
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(parent, "", "", (part,)), 1200, tx.clock())])
    shown = text_of(browser.get(path(web, "prompts/tone/usage/")))
    assert "No program has fetched this prompt" in shown
    assert "1,200 more fetches of prompts that contain its text: greeting 1,200." in shown


def test_versions_are_compared_with_their_tags_or_with_the_texts(web: Api, browser: TestClient) -> None:
    make_family(web)
    publish(web, base=1, prompt="Be <kind> to {{name}}.\nHello {{other}}!\n")
    written = browser.get(path(web, "prompts/greeting/compare/"))
    assert "Tags are compared as they are written." in text_of(written)
    whole = browser.get(path(web, "prompts/greeting/compare/?resolved=true"))
    assert "The versions are identical." in text_of(whole)
    publish(web, base=2, prompt="none")
    browser.post(path(web, "prompts/tone/labels/remove/"), data={"label": "production"})
    broken = text_of(browser.get(path(web, "prompts/greeting/compare/?from=1&to=3&resolved=true")))
    assert "Programs cannot fetch v1, so tags are compared: This prompt references 'tone' at label 'production'" in broken
    assert "resolved" not in text_of(browser.get(path(web, "prompts/tone/compare/")))


def test_the_tags_of_a_text_are_checked_while_it_is_written(web: Api, browser: TestClient) -> None:
    make_family(web)
    tags = f"{TONE} @@@prompt:name=missing|version=1@@@ @@@prompt:name=new|label=x@@@ @@@no tag@@@"
    page = browser.get(path(web, "references/"), params={"for": "new", "tags": tags})
    assert re.findall(r'data-checked="([^"]*)" data-problem="([^"]*)"', page.text) == [
        (TONE, ""),
        (
            "@@@prompt:name=missing|version=1@@@",
            "The referenced prompt &#39;missing&#39; does not exist. Create it first or remove the reference.",
        ),
        (
            "@@@prompt:name=new|label=x@@@",
            "A prompt cannot reference itself. Remove the reference to &#39;new&#39; or point it at another prompt.",
        ),
    ]


def test_a_move_shows_declarations_that_differ_afterwards(web: Api, browser: TestClient) -> None:
    make_family(web)
    with web.registry.database.write() as tx:
        declared = {"name": {"type": "integer"}}
        prompts.publish_version(tx, web.registry.actor, name="greeting", base_version=1, variables={"name": {}, "other": {}})
        prompts.publish_version(tx, web.registry.actor, name="tone", base_version=1, variables=declared)
    move = text_of(browser.get(path(web, "prompts/tone/labels/set/?label=production&version=2")))
    assert "'greeting' and 'tone' declare the variable 'name' differently. That of 'greeting' counts." in move
