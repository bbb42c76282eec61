from builders import Api, make_prompt


def test_a_prompt_is_fetched_by_name_with_the_keys_of_the_contract_in_order(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="# Title")
    answer = api.client.get(f"{api.path}name/greeting/")
    assert answer.status_code == 200
    assert list(answer.json()) == [
        "id",
        "name",
        "prompt",
        "config",
        "version",
        "created_at",
        "updated_at",
        "deleted",
        "is_latest",
        "latest_version",
        "version_count",
        "first_version_created_at",
        "outline",
    ]
