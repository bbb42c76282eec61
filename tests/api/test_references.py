"""Fetches of prompts that reference others: what is put together, and how to get the tags. Texts are those of the contract."""

import pytest
from builders import Api, Registry
from reference_requests import RULES, TONE, api_with_depth, create, fetch, label, make_parts, publish
from wire import invalid


def test_a_fetch_puts_texts_in_the_place_of_tags(api: Api) -> None:
    make_parts(api)
    created = create(api, "parent", f"{TONE}Hi {{{{name}}}}\n{RULES}{TONE}")
    assert created["prompt"] == f"{TONE}Hi {{{{name}}}}\n{RULES}{TONE}"
    fetched = fetch(api, "parent").json()
    assert fetched["prompt"] == "Be kind.\nHi {{name}}\n# Rules\nNo {{forbidden}}.Be kind.\n"
    assert fetched["outline"] == [{"level": 1, "text": "Rules"}]
    assert fetched["resolved_references"] == [
        {"name": "tone", "version": 1, "label": "production"},
        {"name": "rules", "version": 1, "label": None},
    ]


@pytest.mark.parametrize("query", ["resolve=false", "resolve=0", "resolve=No", "content=preview", "content=none"])
def test_without_resolving_tags_stay(api: Api, query: str) -> None:
    make_parts(api)
    create(api, "parent", f"{TONE}!")
    fetched = fetch(api, "parent", f"?{query}").json()
    assert "resolved_references" not in fetched
    assert fetched.get("prompt", TONE + "!") == f"{TONE}!"
    assert fetched.get("prompt_preview", f"{TONE}!") == f"{TONE}!"


@pytest.mark.parametrize("query", ["resolve=true", "resolve=", "resolve=%20", "resolve=Yes", "resolve=T", "content=full"])
def test_resolving_is_the_default(api: Api, query: str) -> None:
    make_parts(api)
    create(api, "parent", f"{TONE}!")
    assert fetch(api, "parent", f"?{query}").json()["prompt"] == "Be kind.\n!"


def test_resolve_is_a_boolean(api: Api) -> None:
    make_parts(api)
    answer = fetch(api, "tone", "?resolve=maybe")
    assert (answer.status_code, answer.json()) == (400, invalid("invalid_input", "Must be a valid boolean.", "resolve"))


def test_all_ways_to_a_version_resolve_alike(api: Api) -> None:
    make_parts(api)
    first = create(api, "parent", f"1 {TONE}")
    publish(api, "parent", 1, f"2 {TONE}")
    label(api, "parent", 1)
    assert fetch(api, "parent").json()["prompt"] == "2 Be kind.\n"
    assert fetch(api, "parent", "?version=1").json()["prompt"] == "1 Be kind.\n"
    by_label = fetch(api, "parent", "?label=production").json()
    assert (by_label["prompt"], list(by_label)[-2:]) == ("1 Be kind.\n", ["label", "resolved_references"])
    assert fetch(api, first["id"]).json()["prompt"] == "2 Be kind.\n"
    environments = api.path.replace("/projects/", "/environments/")
    assert api.client.get(f"{environments}name/parent").json()["prompt"] == "2 Be kind.\n"


def test_in_json_texts_are_put_inside_of_strings(api: Api) -> None:
    create(api, "tone", 'Say "hi"\\\n')
    label(api, "tone", 1)
    create(api, "chat", [{"role": "system", "content": f"<{TONE}>"}, {TONE: 1}])
    fetched = fetch(api, "chat").json()
    assert fetched["prompt"] == '[{"role": "system", "content": "<Say \\"hi\\"\\\\\\n>"}, {"' + TONE + '": 1}]'


def test_tags_in_config_notes_and_names_are_text(api: Api) -> None:
    create(api, "plain", "x", config={"a": TONE}, version_description=TONE, variables={"v": {"description": TONE}})
    fetched = fetch(api, "plain").json()
    assert (fetched["config"], fetched["resolved_references"]) == ({"a": TONE}, [])
    assert api.client.get(f"{api.path}name/tone/dependents/").status_code == 404


def test_a_label_of_a_part_moves_all_that_follow_it_at_once_and_a_publish_moves_none(api: Api) -> None:
    make_parts(api)
    create(api, "parent", f"{TONE}!")
    before = fetch(api, "parent")
    publish(api, "tone", 1, "Be brief.")
    assert fetch(api, "parent").headers["etag"] == before.headers["etag"]
    assert label(api, "tone", 2).status_code == 200
    after = api.client.get(f"{api.path}name/parent/", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["prompt"], after.json()["version"]) == (200, "Be brief.!", 1)
    assert after.json()["updated_at"] == before.json()["updated_at"]


def test_a_list_resolves_on_request_and_tells_what_it_cannot(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    create(api, "broken", TONE)
    publish(api, "broken", 1, "none")
    rows = {row["name"]: row for row in api.client.get(f"{api.path}?content=full").json()["results"]}
    assert rows["parent"]["prompt"] == TONE
    assert "resolved_references" not in rows["parent"]
    body = api.client.get(f"{api.path}?content=full&resolve=true").json()
    rows = {row["name"]: row for row in body["results"]}
    assert (rows["parent"]["prompt"], body["unresolved"]) == ("Be kind.\n", [])
    assert rows["parent"]["resolved_references"] == [{"name": "tone", "version": 1, "label": "production"}]
    assert rows["tone"]["resolved_references"] == []
    assert "unresolved" not in api.client.get(f"{api.path}?resolve=true&content=preview").json()


def test_an_assembled_prompt_declares_the_variables_of_its_parts(api: Api) -> None:
    create(
        api, "tone", "Be {{mood}} with {{name}}.", variables={"mood": {"enum": ["kind", "brief"]}, "name": {"description": "part"}}
    )
    label(api, "tone", 1)
    create(api, "plain", f"{TONE} Hi {{{{name}}}} {{{{extra}}}}")
    assert fetch(api, "plain").json()["variables"] == {"name": {}, "extra": {}, "mood": {"enum": ["kind", "brief"]}}
    create(api, "declaring", TONE, variables={"name": {"description": "own"}})
    assert fetch(api, "declaring").json()["variables"] == {"name": {"description": "own"}, "mood": {"enum": ["kind", "brief"]}}
    assert fetch(api, "declaring", "?resolve=false").json()["variables"] == {"name": {"description": "own"}}


def test_a_server_that_allows_no_more_depth_still_serves_what_is_there(registry: Registry) -> None:
    with api_with_depth(registry, 2) as api:
        make_parts(api)
        create(api, "middle", f"({TONE})")
        create(api, "top", "@@@prompt:name=middle|version=1@@@!")
        assert fetch(api, "top").json()["prompt"] == "(Be kind.\n)!"
    with api_with_depth(registry, 1) as api:
        assert fetch(api, "top").json()["prompt"] == "(Be kind.\n)!"
        assert label(api, "top", 1).json()["code"] == "nested_reference"
