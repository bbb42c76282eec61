"""The contract of variables on the wire: it goes with each version, and no answer of a prompt without one has it."""

import json

import pytest
from builders import Api, bearer, make_key, make_member

from promptuary.model.access import Role

CONTRACT = {
    "customer": {"type": "string", "description": "Name of the company", "examples": ["Acme"]},
    "n": {"type": "integer", "default": 3},
}


def create(api: Api, **body: object) -> dict[str, object]:
    answer = api.client.post(api.path, json={"name": "greeting", "prompt": "Hello {{customer}}"} | body)
    assert answer.status_code == 201
    found: dict[str, object] = answer.json()
    return found


def publish(api: Api, base: int, **body: object) -> dict[str, object]:
    answer = api.client.patch(f"{api.path}name/greeting/", json={"base_version": base} | body)
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def test_a_contract_goes_with_each_version_and_is_carried_forward(api: Api) -> None:
    assert create(api, variables=CONTRACT)["variables"] == CONTRACT
    assert publish(api, 1, prompt="Bye {{customer}}")["variables"] == CONTRACT
    assert publish(api, 2, variables={"customer": {}})["variables"] == {"customer": {}}
    assert "variables" not in publish(api, 3, variables=None)
    assert "variables" not in publish(api, 4, prompt="x")
    found = [api.client.get(f"{api.path}name/greeting/?version={version}").json() for version in range(1, 6)]
    assert [each.get("variables") for each in found] == [CONTRACT, CONTRACT, {"customer": {}}, None, None]


def test_a_contract_stands_beside_the_content_wherever_that_is(api: Api) -> None:
    create(api, variables=CONTRACT)
    assert api.client.get(f"{api.path}resolve/name/greeting/").json()["prompt"]["variables"] == CONTRACT
    assert api.client.get(f"{api.path}?content=full").json()["results"][0]["variables"] == CONTRACT
    for content in ("preview", "none"):
        assert "variables" not in api.client.get(f"{api.path}?content={content}").json()["results"][0]
        assert "variables" not in api.client.get(f"{api.path}name/greeting/?content={content}").json()
    copy = api.client.post(f"{api.path}name/greeting/duplicate/", json={"new_name": "copy"}).json()
    assert copy["variables"] == CONTRACT
    api.client.post(f"{api.path}name/greeting/archive/")
    assert api.client.post(f"{api.path}name/greeting/restore/").json()["variables"] == CONTRACT


def test_no_answer_of_a_prompt_without_a_contract_has_the_key(api: Api) -> None:
    assert "variables" not in create(api)
    assert "variables" not in create(api, name="other", variables=None)
    answers = [
        api.client.get(path)
        for path in (f"{api.path}name/greeting/", f"{api.path}?content=full", f"{api.path}resolve/name/greeting/")
    ]
    assert all(answer.status_code == 200 and "variables" not in answer.text for answer in answers)


def test_an_empty_contract_is_one(api: Api) -> None:
    assert create(api, variables={})["variables"] == {}


def test_a_form_carries_a_contract_as_json_text(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, data={"name": "greeting", "prompt": '"x"', "variables": json.dumps(CONTRACT)})
    assert answer.json()["variables"] == CONTRACT
    bad = sqlite_api.client.post(sqlite_api.path, data={"name": "other", "prompt": '"x"', "variables": "{"})
    assert (bad.status_code, bad.json()["detail"], bad.json()["attr"]) == (400, "Value must be valid JSON.", "variables")


@pytest.mark.parametrize(
    ("variables", "code", "detail"),
    [
        ([], "invalid_variables", 'Variables must be a JSON object, e.g. {"customer": {"type": "string", "required": true}}.'),
        ({"a": {"type": "integer", "default": "x"}}, "invalid_variables", "The default of 'a' must be of the type integer."),
        ({"a": {"description": "x" * 1_000_000}}, "max_size", "Variables must be 100000 bytes or fewer."),
    ],
)
def test_a_bad_contract_is_refused_and_changes_nothing(sqlite_api: Api, variables: object, code: str, detail: str) -> None:
    body = {"name": "greeting", "prompt": "x", "variables": variables}
    refused = sqlite_api.client.post(sqlite_api.path, json=body)
    assert (refused.status_code, refused.json()) == (
        400,
        {"type": "validation_error", "code": code, "detail": detail, "attr": "variables"},
    )
    create(sqlite_api, variables=CONTRACT)
    again = sqlite_api.client.patch(f"{sqlite_api.path}name/greeting/", json={"base_version": 1, "variables": variables})
    assert (again.status_code, again.json()["attr"]) == (400, "variables")
    assert sqlite_api.client.get(f"{sqlite_api.path}name/greeting/").json()["version"] == 1


def test_surrogates_in_a_contract_are_refused(sqlite_api: Api) -> None:
    raw = '{"name": "greeting", "prompt": "x", "variables": {"a": {"description": "\\ud800"}}}'
    refused = sqlite_api.client.post(sqlite_api.path, content=raw, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["attr"]) == (400, "variables")


def test_a_contract_is_exported_and_imported(api: Api) -> None:
    create(api, variables=CONTRACT)
    create(api, name="without")
    with api.registry.database.write() as tx:
        admin = api.client_with(bearer(make_key(tx, make_member(tx, api.registry.project, role=Role.ADMIN))))
    exported = admin.get(f"{api.path}export/").text
    assert exported.count("variables") == 1
    assert f'"config": null, "variables": {json.dumps(CONTRACT)}}}' in exported
    lines = exported.replace('"name": "greeting"', '"name": "imported"').partition("\n")[2]
    imported = admin.post(f"{api.path}import/", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert imported.json()["skipped"] == []
    assert api.client.get(f"{api.path}name/imported/").json()["variables"] == CONTRACT
