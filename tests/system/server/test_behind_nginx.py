"""Two real servers on one PostgreSQL behind a real nginx, with the configuration that `docs/deployment/nginx.conf` shows."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from following import Event, create, listed, stream
from ports import free_port
from serving import START_SECONDS, Server, running_server, wait_until

from promptuary.model.accounts import NewKey

EXAMPLE = Path(__file__).parents[3] / "docs" / "deployment" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="There is no nginx; on Debian: apt-get install nginx"),
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@dataclass
class Cluster:
    """nginx and its log, the servers behind it, and a key of an editor."""

    url: str
    log: Path
    servers: list[Server]
    registry: Registry
    key: NewKey

    @property
    def path(self) -> str:
        return f"/api/projects/{self.registry.project.id}/llm_prompts/"

    def has_repeated_a_read(self) -> bool:
        """Tell whether nginx has asked a second server after a first one, and answered with 200."""
        return re.search(r" GET \S+ 200 \S+ [\d.:]+, [\d.:]+$", self.log.read_text(), re.MULTILINE) is not None

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=bearer(self.key), timeout=START_SECONDS)


@pytest.fixture
def cluster(registry: Registry, database_url: str, tmp_path: Path) -> Iterator[Cluster]:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        make_prompt(tx, registry.actor, name="fetched")
        make_prompt(tx, registry.actor, name="published")
    with ExitStack() as stack:
        run = partial(running_server, database_url, trust_forwarded="true", rate_limit_writes="", drain_seconds="2")
        servers = [stack.enter_context(run(tmp_path / name)) for name in ("one.txt", "two.txt")]
        url = stack.enter_context(running_nginx(tmp_path, servers))
        yield Cluster(url, tmp_path / "access.log", servers, registry, key)


@contextmanager
def running_nginx(folder: Path, servers: list[Server]) -> Iterator[str]:
    """Run nginx with the example, changed only in addresses and in the folders it writes to."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(adapted_example(folder, port, servers))
    with (folder / "nginx.txt").open("wb") as output:
        command = [str(NGINX), "-c", str(config), "-e", str(folder / "error.log"), "-g", "daemon off;"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or (folder / "nginx.pid").exists())
        assert process.poll() is None, (folder / "nginx.txt").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def adapted_example(folder: Path, port: int, servers: list[Server]) -> str:
    text = EXAMPLE.read_text()
    changes = [
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("10.0.0.11:8000", servers[0].url.removeprefix("http://")),
        ("10.0.0.12:8000", servers[1].url.removeprefix("http://")),
        ("/run/", f"{folder}/"),
        ("/var/log/nginx/error.log", f"{folder}/error.log"),
        ("/var/log/nginx/access.log", f"{folder}/access.log"),
        ("http {", "http {" + "".join(f" {kind}_temp_path {folder}/{kind};" for kind in TEMPORARY)),
        # Its processes give up root's rights, and with them the test's folder.
        ("worker_processes", "user root; worker_processes" if os.getuid() == 0 else "worker_processes"),
    ]
    for shown, used in changes:
        assert text.count(shown) == 1, shown
        text = text.replace(shown, used)
    return text


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass
class Load:
    """What clients see who fetch and write without a pause."""

    cluster: Cluster
    is_over: threading.Event = field(default_factory=threading.Event)
    reads: int = 0
    failed_reads: list[str] = field(default_factory=list)
    failed_writes: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    published: int = 1

    def read(self) -> None:
        with self.cluster.client() as client:
            while not self.is_over.is_set():
                answer = client.get(f"{self.cluster.path}name/fetched/")
                self.reads += 1
                if answer.status_code != 200:
                    self.failed_reads.append(answer.text)

    def create(self) -> None:
        with self.cluster.client() as client:
            for number in range(1_000_000):
                if self.is_over.is_set():
                    break
                answer = client.post(self.cluster.path, json={"name": f"created-{number}", "prompt": "Hello!"})
                if answer.status_code == 201:
                    self.created.append(f"created-{number}")
                else:
                    self.failed_writes.append(answer.text)

    def publish(self) -> None:
        path = f"{self.cluster.path}name/published/"
        with self.cluster.client() as client:
            while not self.is_over.is_set():
                answer = client.patch(path, json={"base_version": self.published, "prompt": "Hello again!"})
                if answer.status_code == 200:
                    self.published = answer.json()["version"]
                else:
                    self.failed_writes.append(answer.text)
                    # It may have been done all the same.
                    self.published = answer.json()["current_version"] if answer.status_code == 409 else self.published

    def require_all_that_was_acknowledged(self) -> None:
        with self.cluster.client() as client:
            statuses = {name: client.get(f"{self.cluster.path}name/{name}/").status_code for name in self.created}
            published = client.get(f"{self.cluster.path}name/published/").json()
        assert set(statuses.values()) == {200}, statuses
        assert published["version"] >= self.published > 1

    def wait_for_more(self) -> None:
        """Wait until every kind of request was answered several times from now on."""
        reads, created, published = self.reads + 40, len(self.created) + 5, self.published + 5
        wait_until(lambda: self.reads > reads and len(self.created) > created and self.published > published)


@contextmanager
def under_load(cluster: Cluster) -> Iterator[Load]:
    load = Load(cluster)
    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(task) for task in (load.read, load.read, load.read, load.create, load.publish)]
        try:
            load.wait_for_more()
            yield load
        finally:
            load.is_over.set()
        for task in tasks:
            task.result()


def test_no_request_fails_while_one_of_two_servers_stops(cluster: Cluster) -> None:
    with under_load(cluster) as load:
        stopped = cluster.servers[0]
        stopped.process.terminate()
        assert stopped.process.wait(timeout=START_SECONDS) == 0
        # A read that was sent elsewhere is how nginx got to know of the stop, before there was anything to fail.
        assert '"status": 503' in stopped.output
        load.wait_for_more()
    assert (load.failed_reads, load.failed_writes) == ([], [])
    load.require_all_that_was_acknowledged()


def test_fetches_go_on_and_acknowledged_writes_stay_when_one_of_two_servers_is_killed(cluster: Cluster) -> None:
    with under_load(cluster) as load:
        cluster.servers[0].kill()
        wait_until(cluster.has_repeated_a_read)
        load.wait_for_more()
    assert load.failed_reads == []
    load.require_all_that_was_acknowledged()


def test_what_is_written_through_nginx_is_read_through_nginx(cluster: Cluster) -> None:
    path = f"{cluster.path}name/fetched/"
    with cluster.client() as client:
        client.patch(path, json={"base_version": 1, "prompt": "New!"}).raise_for_status()
        # In turns from both servers; the one that did not write it hears of it a moment later.
        wait_until(lambda: {client.get(path).json()["prompt"] for _ in range(4)} == {"New!"})


def test_a_stream_through_nginx_tells_at_once_and_goes_on_at_the_other_server_without_a_loss(cluster: Cluster) -> None:
    everywhere = [Server(cluster.url, server.process, server.output_path) for server in cluster.servers]
    registry, key, seen = cluster.registry, cluster.key, list[Event]()
    with stream(registry, everywhere[0], key) as (answer, events):
        assert next(events)[0] == "ready"
        create(registry, "told-at-once")
        seen.append(next(events))
        assert "x-accel-buffering" not in answer.headers
        # It may be at either server; a stop of its own ends it, and the other one goes on.
        stopped = next(server for server in cluster.servers if "/llm_prompts/changes/" in server.output)
        stopped.process.terminate()
        assert list(events) == []
    create(registry, "nobody-listened")
    with stream(registry, everywhere[0], key, last_id=seen[-1][1]) as (_, events):
        assert next(events) == ("ready", seen[-1][1])
        seen.append(next(events))
    assert seen == [("change", cursor) for cursor in listed(registry, cluster.servers[cluster.servers[0] is stopped], key)[-2:]]


def test_links_have_the_public_origin_and_clients_cannot_pretend_to_be_others(cluster: Cluster) -> None:
    pretended = {"Host": "prompts.example.com", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example.com"}
    with cluster.client() as client:
        link = client.get(f"{cluster.path}?limit=1", headers=pretended).json()["next"]
    assert link == f"http://prompts.example.com{cluster.path}?limit=1&offset=1"

    def outputs() -> str:
        return "".join(server.output for server in cluster.servers)

    # A line is written just after its answer is sent.
    wait_until(lambda: '"client": "127.0.0.1"' in outputs())
    assert "203.0.113.9" not in outputs()


def test_nginx_keeps_metrics_to_itself_and_leaves_the_limit_of_bodies_to_the_server(cluster: Cluster) -> None:
    with cluster.client() as client:
        hidden = [client.get(path) for path in ("/metrics", "/metrics/", "/%6Detrics")]
        large = client.post(cluster.path, content=b"a" * 8_500_000, headers={"Content-Type": "application/json"})
    assert [(answer.status_code, answer.headers["server"]) for answer in hidden] == [(404, "nginx")] * 3
    assert "nginx" in hidden[0].text
    assert (large.status_code, large.json()["code"]) == (413, "request_too_large")
