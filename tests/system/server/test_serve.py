from pathlib import Path

import httpx2
from serving import running_server


def test_a_started_server_is_ready_and_says_where_it_is(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        assert httpx2.get(f"{server.url}/_livez").json() == {"status": "ok"}
        assert server.url in server.output


def test_a_body_that_is_too_large_is_answered_and_the_connection_goes_on(prepared_url: str, tmp_path: Path) -> None:
    with running_server(prepared_url, tmp_path / "output.txt") as server, httpx2.Client(base_url=server.url) as client:
        path = "/api/projects/1/llm_prompts/"
        refused = client.post(path, content=b"a" * 9_000_000, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")
        assert client.get("/_livez").status_code == 200
