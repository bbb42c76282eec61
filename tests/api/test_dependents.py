"""Prompts that reference others protect them, are listed with them, and count their fetches. Texts are those of the contract."""

from builders import Api
from reference_requests import RULES, TONE, archive, create, fetch, label, make_parts, publish

from promptuary.registry import usage

REMOVE = "Remove those references before"


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
