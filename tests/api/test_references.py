"""References on the wire: what a fetch returns, what is refused, and who depends on whom. Texts are those of the contract."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from builders import Api, Registry, make_api
from httpx2 import Response
from wire import invalid

from promptuary.registry import usage
from promptuary.store.engine.database import Database

TONE = "@@@prompt:name=tone|label=production@@@"
RULES = "@@@prompt:name=rules|version=1@@@"
REMOVE = "Remove those references before"


def create(api: Api, name: str, prompt: object, **body: object) -> dict[str, Any]:
    answer = api.client.post(api.path, json={"name": name, "prompt": prompt} | body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish(api: Api, name: str, base: int, prompt: object) -> Response:
    return api.client.patch(f"{api.path}name/{name}/", json={"base_version": base, "prompt": prompt})


def label(api: Api, name: str, version: int, label: str = "production") -> Response:
    return api.client.put(f"{api.path}name/{name}/labels/{label}/", json={"version": version})


def fetch(api: Api, name: str, query: str = "") -> Response:
    return api.client.get(f"{api.path}name/{name}/{query}")


def archive(api: Api, name: str) -> Response:
    return api.client.post(f"{api.path}name/{name}/archive/")


def make_parts(api: Api) -> None:
    """Two parts: tone, labelled production, and rules."""
    create(api, "tone", "Be kind.\n")
    label(api, "tone", 1)
    create(api, "rules", "# Rules\nNo {{forbidden}}.")


@contextmanager
def api_with_depth(registry: Registry, depth: int) -> Iterator[Api]:
    opened = Database(registry.database.engine, clock=registry.database.clock, reference_depth=depth)
    with make_api(Registry(opened, registry.project, registry.user, registry.actor)) as api:
        yield api


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


@pytest.mark.parametrize(
    ("prompt", "code", "detail"),
    [
        (
            "".join(f"@@@prompt:name=n{number}|version=1@@@" for number in range(21)),
            "too_many_references",
            "A prompt can reference at most 20 other prompts. Remove some references and try again.",
        ),
        (
            "@@@prompt:name=x|version=1@@@",
            "self_reference",
            "A prompt cannot reference itself. Remove the reference to 'x' or point it at another prompt.",
        ),
        (
            "@@@prompt:name=missing|version=1@@@",
            "reference_not_found",
            "The referenced prompt 'missing' does not exist. Create it first or remove the reference.",
        ),
        (
            "@@@prompt:name=rules|version=9@@@",
            "reference_version_not_found",
            "Prompt 'rules' has no version 9. Pin an existing version or use a label.",
        ),
        (
            "@@@prompt:name=rules|label=prod@@@",
            "reference_label_not_found",
            "Prompt 'rules' has no label 'prod'. Create the label first or pin a version instead.",
        ),
        (
            "@@@prompt:name=rules|label=latest@@@",
            "reference_label_not_found",
            "Prompt 'rules' has no label 'latest'. Create the label first or pin a version instead.",
        ),
        (
            "@@@prompt:name=data|version=1@@@",
            "reference_not_text",
            "Prompt 'data' cannot be referenced because its content is not plain text.",
        ),
    ],
)
def test_create_publish_and_duplicate_refuse_bad_references(api: Api, prompt: str, code: str, detail: str) -> None:
    make_parts(api)
    create(api, "data", {"a": 1})
    create(api, "y", "plain")
    expected = (400, invalid(code, detail, None))
    answer = api.client.post(api.path, json={"name": "x", "prompt": prompt})
    assert (answer.status_code, answer.json()) == expected
    assert fetch(api, "x").status_code == 404
    answer = publish(api, "y", 1, prompt.replace("name=x", "name=y"))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert fetch(api, "y").json()["latest_version"] == 1


def test_earlier_checks_of_an_endpoint_come_first(api: Api) -> None:
    create(api, "taken", "x")
    bad = "@@@prompt:name=missing|version=1@@@"
    assert api.client.post(api.path, json={"name": "taken", "prompt": bad}).json()["code"] == "unique"
    assert publish(api, "missing", 1, bad).status_code == 404
    assert publish(api, "taken", 7, bad).status_code == 409


def test_a_copy_is_checked_under_its_new_name(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    answer = api.client.post(f"{api.path}name/parent/duplicate/", json={"new_name": "copy"})
    assert (answer.status_code, answer.json()["prompt"]) == (201, TONE)
    assert fetch(api, "copy").json()["prompt"] == "Be kind.\n"


def test_an_old_version_whose_references_are_gone_gets_no_label(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    publish(api, "parent", 1, "none")
    api.client.delete(f"{api.path}name/tone/labels/production/")
    answer = api.client.put(f"{api.path}name/parent/labels/beta/", json={"version": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "reference_label_not_found")


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


def test_what_others_refer_to_is_neither_archived_nor_loses_its_label(api: Api) -> None:
    make_parts(api)
    create(api, "b", TONE)
    create(api, "a", f"{TONE}{RULES}")
    answer = archive(api, "tone")
    detail = f"This prompt is referenced by a, b. {REMOVE} archiving."
    assert (answer.status_code, answer.json()) == (409, {"detail": detail, "referencing_prompts": ["a", "b"]})
    answer = api.client.delete(f"{api.path}name/tone/labels/production/")
    detail = f"This label is referenced by a, b. {REMOVE} deleting the label."
    assert (answer.status_code, answer.json()) == (409, {"detail": detail, "referencing_prompts": ["a", "b"]})
    # A pin does not protect a label, and an unknown label is not found first.
    label(api, "rules", 1)
    assert api.client.delete(f"{api.path}name/rules/labels/production/").status_code == 204
    assert api.client.delete(f"{api.path}name/tone/labels/other/").status_code == 404
    # What depends no more frees the part.
    publish(api, "b", 1, "none")
    assert archive(api, "a").status_code == 204
    assert archive(api, "tone").status_code == 204


def test_an_old_version_protects_a_part_while_it_has_a_label(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    label(api, "parent", 1)
    publish(api, "parent", 1, "none")
    assert archive(api, "tone").json()["referencing_prompts"] == ["parent"]
    label(api, "parent", 2)
    assert archive(api, "tone").status_code == 204
    answer = fetch(api, "parent", "?version=1")
    detail = "This prompt references 'tone' at label 'production', which no longer exists."
    assert (answer.status_code, answer.json()) == (404, {"detail": detail, "reference_name": "tone"})


def test_a_label_does_not_move_to_what_cannot_be_a_part(api: Api) -> None:
    make_parts(api)
    create(api, "a", f"{TONE}{'x' * 600_000}")
    publish(api, "tone", 1, {"not": "text"})
    publish(api, "tone", 2, "y" * 500_000)
    publish(api, "tone", 3, "@@@prompt:name=a|version=1@@@")
    answers = [label(api, "tone", version).json() for version in (2, 3)]
    texts = ["Version 2 is not plain text.", "With version 3 its text exceeds 1000000 bytes."]
    assert answers == [
        invalid(code, f"This label is referenced by a. {text}", None)
        for code, text in zip(("reference_not_text", "assembled_too_large"), texts, strict=True)
    ]
    assert fetch(api, "a").status_code == 200


def test_chains_are_five_references_long_and_have_no_circles(api: Api) -> None:
    create(api, "p5", "end")
    label(api, "p5", 1)
    for number in (4, 3, 2, 1, 0):
        create(api, f"p{number}", f"{number}@@@prompt:name=p{number + 1}|label=production@@@")
        label(api, f"p{number}", 1)
    assert fetch(api, "p0").json()["prompt"] == "01234end"
    assert [each["name"] for each in fetch(api, "p0").json()["resolved_references"]] == ["p1", "p2", "p3", "p4", "p5"]
    answer = api.client.post(api.path, json={"name": "top", "prompt": "@@@prompt:name=p0|label=production@@@"})
    assert answer.json() == invalid("nested_reference", "Prompt 'p0' contains references of its own, deeper than 5 levels.", None)
    answer = publish(api, "p5", 1, "@@@prompt:name=p3|version=1@@@")
    detail = "A prompt cannot reference itself through other prompts: p5, p3, p4, p5."
    assert answer.json() == invalid("reference_cycle", detail, None)
    publish(api, "p5", 1, "END")
    label(api, "p5", 2)
    assert fetch(api, "p0").json()["prompt"] == "01234END"
    assert archive(api, "p5").json()["referencing_prompts"] == ["p4"]


def test_a_depth_of_one_has_the_rules_of_posthog(registry: Registry) -> None:
    with api_with_depth(registry, 1) as api:
        make_parts(api)
        create(api, "parent", TONE)
        answer = api.client.post(api.path, json={"name": "top", "prompt": "@@@prompt:name=parent|version=1@@@"})
        nested = "Prompt 'parent' contains references of its own. Referenced prompts cannot contain references."
        assert (answer.status_code, answer.json()) == (400, invalid("nested_reference", nested, None))
        answer = publish(api, "tone", 1, RULES)
        detail = "This prompt is referenced by parent. A referenced prompt cannot contain references of its own."
        assert (answer.status_code, answer.json()) == (400, invalid("referenced_prompt_cannot_reference", detail, None))


def test_a_server_that_allows_no_more_depth_still_serves_what_is_there(registry: Registry) -> None:
    with api_with_depth(registry, 2) as api:
        make_parts(api)
        create(api, "middle", f"({TONE})")
        create(api, "top", "@@@prompt:name=middle|version=1@@@!")
        assert fetch(api, "top").json()["prompt"] == "(Be kind.\n)!"
    with api_with_depth(registry, 1) as api:
        assert fetch(api, "top").json()["prompt"] == "(Be kind.\n)!"
        assert label(api, "top", 1).json()["code"] == "nested_reference"


def test_switched_off_tags_are_text_and_nothing_is_guarded(registry: Registry) -> None:
    with api_with_depth(registry, 0) as api:
        make_parts(api)
        create(api, "parent", f"{TONE}@@@prompt:name=missing|version=1@@@")
        fetched = fetch(api, "parent").json()
        assert fetched["prompt"] == f"{TONE}@@@prompt:name=missing|version=1@@@"
        assert "resolved_references" not in fetched
        resolved = api.client.get(f"{api.path}resolve/name/tone/").json()
        assert (resolved["referenced_by"], resolved["references"]) == ([], [])
        assert archive(api, "tone").status_code == 204
    with api_with_depth(registry, 5) as api:
        assert fetch(api, "parent").json()["reference_name"] == "tone"


def test_a_restored_prompt_needs_its_references(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    archive(api, "parent")
    api.client.delete(f"{api.path}name/tone/labels/production/")
    answer = api.client.post(f"{api.path}name/parent/restore/")
    detail = "Prompt 'tone' has no label 'production'. Create the label first or pin a version instead."
    assert (answer.status_code, answer.json()) == (409, {"detail": detail, "reference_name": "tone"})
    label(api, "tone", 1)
    assert api.client.post(f"{api.path}name/parent/restore/").status_code == 200
    assert fetch(api, "parent").json()["prompt"] == "Be kind.\n"


def test_resolve_shows_references_of_both_directions(api: Api) -> None:
    make_parts(api)
    create(api, "parent", f"{RULES}{TONE}{RULES}")
    create(api, "other", f"@@@prompt:name=tone|version=1@@@{TONE}")
    shown = api.client.get(f"{api.path}resolve/name/parent/").json()
    assert shown["prompt"]["prompt"] == f"{RULES}{TONE}{RULES}"
    assert shown["references"] == [
        {"name": "rules", "version": 1, "label": None, "resolved_version": 1, "problem": None},
        {"name": "tone", "version": None, "label": "production", "resolved_version": 1, "problem": None},
    ]
    assert api.client.get(f"{api.path}resolve/name/tone/").json()["referenced_by"] == [
        {"name": "other", "label": "production", "version": None},
        {"name": "other", "label": None, "version": 1},
        {"name": "parent", "label": "production", "version": None},
    ]


def test_dependents_are_listed_in_pages_with_what_each_refers_to(api: Api) -> None:
    make_parts(api)
    create(api, "a", f"{TONE}{TONE}")
    publish(api, "a", 1, f"{TONE}@@@prompt:name=tone|version=1@@@")
    label(api, "a", 2, "beta")
    create(api, "b", TONE)
    path = f"{api.path}name/tone/dependents/"
    newest = {"name": "a", "version": 2, "is_latest": True, "labels": ["beta"], "occurrences": 1}
    follows, pins = (
        newest | {"reference": {"label": "production", "version": None}},
        newest | {"reference": {"label": None, "version": 1}},
    )
    body = api.client.get(path).json()
    assert (body["count"], body["next"], body["previous"]) == (3, None, None)
    assert body["results"][:2] == [follows, pins]
    assert [row["name"] for row in api.client.get(f"{path}?label=production").json()["results"]] == ["a", "b"]
    assert api.client.get(f"{path}?version=1").json()["results"] == [pins]
    old = api.client.get(f"{path}?inactive=true&limit=2&offset=2").json()
    listed = [(row["name"], row["version"], row["occurrences"]) for row in old["results"]]
    assert (old["count"], listed) == (4, [("a", 1, 2), ("b", 1, 1)])
    assert api.client.get(f"{path}?label=production&version=1").json()["detail"] == "Use either version or label, not both."
    assert api.client.get(f"{api.path}name/missing/dependents/").status_code == 404
    assert api.client.head(path).status_code == 200


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


def test_a_move_tells_which_prompts_it_changes(api: Api) -> None:
    make_parts(api)
    create(api, "parent", TONE)
    create(api, "top", "@@@prompt:name=parent|version=1@@@")
    publish(api, "tone", 1, "Be brief.")
    label(api, "tone", 2)
    changes = api.client.get(f"{api.path}changes/?name=top").json()["results"]
    assert [(change["kind"], change["prompt_name"], change["affected_prompts"]) for change in changes] == [
        ("prompt.created", "top", []),
        ("label.moved", "tone", ["parent", "top"]),
    ]


def test_a_served_part_counts_under_its_own_head(api: Api) -> None:
    make_parts(api)
    create(api, "parent", f"{TONE}{TONE}")
    for _ in range(3):
        fetch(api, "parent")
    fetch(api, "parent", "?resolve=false")
    with api.registry.database.write() as tx:
        usage.record_fetches(tx, api.usage.take())
    used = api.client.get(f"{api.path}name/tone/usage/").json()
    assert (used["fetches"], used["inside_other_prompts"]["fetches"]) == (0, 3)
    assert used["inside_other_prompts"]["prompts"] == [{"name": "parent", "fetches": 3}]
    assert [day["fetches"] for day in used["inside_other_prompts"]["days"]] == [3]
    assert api.client.get(f"{api.path}name/parent/usage/").json()["fetches"] == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_twenty_parts_of_a_megabyte_are_too_large_together_and_none_is_served(api: Api) -> None:
    for number in range(20):
        create(api, f"part-{number}", "x" * 990_000)
    tags = "".join(f"@@@prompt:name=part-{number}|version=1@@@" for number in range(20))
    answer = api.client.post(api.path, json={"name": "parent", "prompt": tags})
    assert (answer.status_code, answer.json()["code"]) == (400, "assembled_too_large")
    assert create(api, "one", "@@@prompt:name=part-1|version=1@@@" + "y" * 10_000)["version"] == 1
    assert len(fetch(api, "one").json()["prompt"]) == 1_000_000
