"""A real server behind a real Caddy, with the configuration that `docs/deployment/Caddyfile` shows."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from following import STREAM, events_of
from ports import free_port
from serving import START_SECONDS, start_server, wait_until

EXAMPLE = Path(__file__).parents[3] / "docs" / "deployment" / "Caddyfile"
CADDY = shutil.which("caddy")

pytestmark = [
    pytest.mark.skipif(CADDY is None, reason="There is no Caddy; on Debian: apt-get install caddy"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@dataclass(frozen=True)
class Proxy:
    """Caddy's address, the file of its authority, and the port that it passes requests on to."""

    url: str
    authority: Path
    upstream: int

    def client(self, **headers: str) -> httpx2.Client:
        context = ssl.create_default_context(cafile=str(self.authority))
        return httpx2.Client(base_url=self.url, verify=context, headers=headers, timeout=START_SECONDS)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    port, upstream = free_port(), free_port()
    config = tmp_path / "Caddyfile"
    # The port from which it redirects to https.
    config.write_text(EXAMPLE.read_text().replace("admin off", f"admin off\n\thttp_port {free_port()}", 1))
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    address = {"DOMAIN": f"localhost:{port}", "UPSTREAM": f"127.0.0.1:{upstream}"}
    with (tmp_path / "caddy.txt").open("wb") as output:
        command = [str(CADDY), "run", "--config", str(config), "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env=os.environ | places | address, stdout=output, stderr=output)
    found = Proxy(f"https://localhost:{port}", tmp_path / "caddy/pki/authorities/local/root.crt", upstream)
    try:
        wait_until(lambda: process.poll() is not None or is_serving(found))
        assert process.poll() is None, (tmp_path / "caddy.txt").read_text()
        yield found
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def is_serving(proxy: Proxy) -> bool:
    try:
        with proxy.client() as client:
            return client.get("/metrics").status_code == 404
    except (OSError, httpx2.TransportError):
        return False


@contextmanager
def serving(proxy: Proxy, database_url: str, folder: Path) -> Iterator[None]:
    server = start_server(database_url, folder / "server.txt", port=proxy.upstream, settings={"trust_forwarded": "true"})
    try:
        yield
    finally:
        server.stop()


def test_https_reaches_the_server_which_knows_its_public_address_and_no_other(
    proxy: Proxy, registry: Registry, database_url: str, tmp_path: Path
) -> None:
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user))
        for name in ("one", "two"):
            make_prompt(tx, registry.actor, name=name)
    pretended = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "http"}
    with serving(proxy, database_url, tmp_path), proxy.client(**headers, **pretended) as client:
        assert client.get("/_readyz").status_code == 200
        listed = client.get(f"/api/projects/{registry.project.id}/llm_prompts/?limit=1").json()
        assert listed["next"].startswith(f"{proxy.url}/api/")
        assert client.get(listed["next"]).status_code == 200
        assert "Strict-Transport-Security" in client.get("/sign-in").headers
        assert [client.get(path).status_code for path in ("/metrics", "/metrics/")] == [404, 404]
    assert "203.0.113.9" not in (tmp_path / "server.txt").read_text()


def test_a_stream_arrives_at_once(proxy: Proxy, registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user)) | STREAM
    with (
        serving(proxy, database_url, tmp_path),
        proxy.client(**headers) as client,
        client.stream("GET", f"/api/projects/{registry.project.id}/llm_prompts/changes/") as answer,
    ):
        events = events_of(answer)
        assert next(events)[0] == "ready"
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name="followed")
        assert next(events)[0] == "change"


def test_reads_wait_while_the_server_is_replaced(proxy: Proxy, registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user))
    with ThreadPoolExecutor() as pool, proxy.client(**headers) as client:
        read = pool.submit(client.get, f"/api/projects/{registry.project.id}/llm_prompts/")
        with serving(proxy, database_url, tmp_path):
            assert read.result().status_code == 200
