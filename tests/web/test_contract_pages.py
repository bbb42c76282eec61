"""Declared variables on the pages: written, reviewed, merged, restored, and carried through forms that do not show them."""

import html
import json
import re
from typing import Any

from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, path, text_of

from promptuary.registry import prompts

CONTRACT: dict[str, Any] = {"name": {"description": "Who is <greeted>"}, "n": {"type": "integer", "default": 1.0}}


def create(api: Api, contract: object = CONTRACT, prompt: object = "Hello {{name}} {{n}}") -> None:
    with api.registry.database.write() as tx:
        prompts.create_prompt(tx, api.registry.actor, name="greeting", prompt=prompt, variables=contract)


def publish(api: Api, base: int, **parts: object) -> None:
    with api.registry.database.write() as tx:
        prompts.publish_version(tx, api.registry.actor, name="greeting", base_version=base, **parts)  # type: ignore[arg-type]


def stored(api: Api) -> tuple[int, str | None]:
    with api.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, api.registry.actor, "greeting")
    return version.version, version.variables_json


def written(contract: object, *, base: int = 1, text: str = "Hello {{name}} {{n}}") -> dict[str, str]:
    variables = contract if isinstance(contract, str) else json.dumps(contract, indent=2)
    return {
        "base_version": str(base),
        "source": str(base),
        "prompt": text,
        "format": "text",
        "config": "",
        "note": "",
        "variables": variables,
    }


def field(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_a_contract_is_written_with_a_new_prompt(web: Api, browser: TestClient) -> None:
    sent = written(CONTRACT) | {"name": "greeting"}
    assert "greeting was created" in follow(browser, browser.post(path(web, "new-prompt/"), data=sent))
    assert stored(web) == (1, json.dumps(CONTRACT))


def test_a_contract_is_edited_reviewed_and_published(web: Api, browser: TestClient) -> None:
    create(web)
    page = browser.get(path(web, "prompts/greeting/edit/")).text
    assert json.loads(field(page, "variables")) == CONTRACT
    changed = CONTRACT | {"locale": {}}
    review = browser.post(path(web, "prompts/greeting/review/"), data=written(changed))
    assert "For programs: breaking changes of variables breaking: adds required locale" in text_of(review)
    assert "The variable" not in text_of(review)
    carried = written(field(review.text, "variables"))
    assert follow(browser, browser.post(path(web, "prompts/greeting/publish/"), data=carried)) == "Version 2 is published."
    assert stored(web) == (2, json.dumps(changed))
    assert "adds required locale" in text_of(browser.get(path(web, "prompts/greeting/compare/")))


def test_a_contract_is_removed_by_an_empty_field_and_kept_without_one(web: Api, browser: TestClient) -> None:
    create(web)
    without = written("") | {"prompt": "other"}
    del without["variables"]
    assert follow(browser, browser.post(path(web, "prompts/greeting/publish/"), data=without)) == "Version 2 is published."
    assert stored(web) == (2, json.dumps(CONTRACT))
    follow(browser, browser.post(path(web, "prompts/greeting/publish/"), data=written(" ", base=2)))
    assert stored(web) == (3, None)


def test_a_bad_contract_is_told_at_its_field_and_nothing_is_lost(web: Api, browser: TestClient) -> None:
    create(web)
    for bad, sentence in (("{", "Variables: "), ("[]", "Variables must be a JSON object"), ('{"a": 1}', "The declaration of 'a'")):
        for page in ("review", "publish"):
            shown = browser.post(path(web, f"prompts/greeting/{page}/"), data=written(bad, text="mine"))
            assert shown.status_code == 400
            assert sentence in text_of(shown)
            assert (field(shown.text, "variables"), field(shown.text, "prompt")) == (bad, "mine")
    new = browser.post(path(web, "new-prompt/"), data=written("{") | {"name": "other"})
    assert (new.status_code, field(new.text, "variables")) == (400, "{")
    assert stored(web)[0] == 1


def test_contracts_that_both_changed_are_merged_by_variable(web: Api, browser: TestClient) -> None:
    create(web)
    publish(web, 1, variables=CONTRACT | {"theirs": {}})
    review = browser.post(path(web, "prompts/greeting/publish/"), data=written(CONTRACT | {"yours": {}}))
    assert headline(review) == "Publish version 3 of greeting?"
    assert json.loads(field(review.text, "variables")) == CONTRACT | {"theirs": {}, "yours": {}}


def test_a_declaration_that_both_changed_is_decided(web: Api, browser: TestClient) -> None:
    create(web)
    publish(web, 1, variables=CONTRACT | {"n": {"type": "integer", "default": 2}})
    sent = written(CONTRACT | {"n": {"type": "integer", "default": 3}})
    conflict = browser.post(path(web, "prompts/greeting/publish/"), data=sent)
    assert conflict.status_code == 409
    assert "Both of you changed n.default in the variables" in text_of(conflict)
    decided = sent | {"theirs": "2", "variables-n.default": "theirs"}
    review = browser.post(path(web, "prompts/greeting/merge/"), data=decided)
    assert json.loads(field(review.text, "variables"))["n"] == {"type": "integer", "default": 2}


def test_an_empty_contract_that_only_one_added_is_taken(web: Api, browser: TestClient) -> None:
    text = "Hello {{name}}\n\nBye"
    create(web, None, text)
    publish(web, 1, prompt=text.replace("Bye", "Goodbye"))
    review = browser.post(path(web, "prompts/greeting/publish/"), data=written("{}", text=text))
    assert (headline(review), field(review.text, "variables")) == ("Publish version 3 of greeting?", "{}")
    publish(web, 2, variables={})
    mine = written("", text=text.replace("Hello", "Hi"))
    review = browser.post(path(web, "prompts/greeting/publish/"), data=mine)
    assert (headline(review), field(review.text, "variables")) == ("Publish version 4 of greeting?", "{}")


def test_an_empty_contract_and_none_are_decided_as_a_whole(web: Api, browser: TestClient) -> None:
    create(web)
    publish(web, 1, variables=None)
    sent = written("{}")
    conflict = browser.post(path(web, "prompts/greeting/publish/"), data=sent)
    assert conflict.status_code == 409
    assert "Both of you changed the variables" in text_of(conflict)
    for choice, variables in (("theirs", ""), ("yours", "{}")):
        review = browser.post(path(web, "prompts/greeting/merge/"), data=sent | {"theirs": "2", "variables-": choice})
        assert field(review.text, "variables") == variables


def test_restoring_a_version_restores_its_contract(web: Api, browser: TestClient) -> None:
    create(web)
    publish(web, 1, variables=None)
    review = browser.get(path(web, "prompts/greeting/restore/?version=1"))
    assert json.loads(field(review.text, "variables")) == CONTRACT
    assert "breaking: type of n changed from string to integer" in text_of(review)


def test_values_are_tried_with_what_the_version_declares(web: Api, browser: TestClient) -> None:
    create(web)
    declared = re.search(r'data-try-variables value="([^"]*)"', browser.get(path(web, "prompts/greeting/")).text)
    assert declared is not None
    assert json.loads(html.unescape(declared[1])) == CONTRACT


def test_a_contract_that_is_too_large_is_refused_at_its_field(web: Api, browser: TestClient) -> None:
    create(web)
    answer = browser.post(path(web, "prompts/greeting/review/"), data=written({"name": {"description": "x" * 1_000_000}}))
    assert answer.status_code == 400
    assert "Variables must be 100000 bytes or fewer." in text_of(answer)
    assert 'id="variables-problem"' in answer.text
