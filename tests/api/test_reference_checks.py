"""References that are refused: on create, publish, label, duplicate and restore. Texts are those of the contract."""

import pytest
from builders import Api, Registry, make_prompt
from reference_requests import RULES, TONE, api_with_depth, archive, create, fetch, label, make_parts, publish
from wire import invalid


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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_twenty_parts_of_a_megabyte_are_too_large_together_and_none_is_served(own_api: Api) -> None:
    with own_api.registry.database.write() as tx:
        for number in range(20):
            make_prompt(tx, own_api.registry.actor, name=f"part-{number}", prompt="x" * 990_000)
    tags = "".join(f"@@@prompt:name=part-{number}|version=1@@@" for number in range(20))
    answer = own_api.client.post(own_api.path, json={"name": "parent", "prompt": tags})
    assert (answer.status_code, answer.json()["code"]) == (400, "assembled_too_large")
    assert create(own_api, "one", "@@@prompt:name=part-1|version=1@@@" + "y" * 10_000)["version"] == 1
    assert len(fetch(own_api, "one").json()["prompt"]) == 1_000_000
