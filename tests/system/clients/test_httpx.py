"""Plain `httpx` against a real server process: the whole life of a prompt, as a program without a client library leads it."""

from pathlib import Path

import httpx
from builders import Registry, bearer, make_key
from serving import running_server


def test_a_prompt_is_created_published_labelled_fetched_listed_and_archived(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    with (
        running_server(database_url, tmp_path / "output.txt") as server,
        httpx.Client(base_url=f"{server.url}/api/projects/@current/llm_prompts/", headers=bearer(key)) as client,
    ):
        created = client.post("", json={"name": "greeting", "prompt": "Hello!"})
        published = client.patch("name/greeting/", json={"base_version": 1, "edits": [{"old": "Hello", "new": "Hi"}]})
        labelled = client.put("name/greeting/labels/production/", json={"version": 1})
        latest = client.get("name/greeting/")
        production = client.get("name/greeting/", params={"label": "production"})
        listed = client.get("", params={"content": "preview", "search": "hi!"})
        archived = client.post("name/greeting/archive/")
        gone = client.get("name/greeting/")
    assert (created.status_code, created.json()["version"]) == (201, 1)
    assert (published.status_code, published.json()["version"]) == (200, 2)
    assert labelled.status_code == 201
    assert (latest.json()["prompt"], production.json()["prompt"]) == ("Hi!", "Hello!")
    assert [item["prompt_preview"] for item in listed.json()["results"]] == ["Hi!"]
    assert (archived.status_code, gone.status_code) == (204, 404)
