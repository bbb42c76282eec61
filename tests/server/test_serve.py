from pathlib import Path

import httpx2
from serving import running_server


def test_a_started_server_is_ready_and_says_where_it_is(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        assert httpx2.get(f"{server.url}/_livez").json() == {"status": "ok"}
        assert server.url in server.output
