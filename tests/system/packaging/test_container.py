"""The image that the Dockerfile makes: built on Debian's packages, and run read-only, without rights and as its own user."""

import re
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import postgres_server
import psycopg
import pytest
from containers import NO_MOUNTS, NO_VARIABLES, Container, command_of, make_volume, started_container
from images import Image, reason_to_skip, shared_image
from ports import free_port
from ruamel.yaml import YAML
from serving import START_SECONDS, wait_until

from promptuary import __version__

MEGABYTE = 1_000_000
ENDLESS = "3600"
BACKUP = Path(__file__).parents[3] / "docs/deployment/kubernetes/base/backup.yaml"

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip()),
    # The first test builds the image, and others wait for it.
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Iterator[Image]:
    with shared_image(tmp_path_factory.getbasetemp().parent / f"image-{testrun_uid}") as image:
        yield image


@pytest.fixture
def volume(image: Image, tmp_path: Path) -> Path:
    return make_volume(image, tmp_path / "volume")


@contextmanager
def running(
    image: Image, folder: Path, *, mounts: Mapping[str, Path] = NO_MOUNTS, variables: Mapping[str, str] = NO_VARIABLES
) -> Iterator[Container]:
    """Run a server as the image starts it, except that its port is free on this machine, and wait until it is ready."""
    port = free_port()
    command = [*command_of(image), f"--port={port}"]
    variables = {"PROMPTUARY_DRAIN_SECONDS": "0", **variables}
    with started_container(image, folder, command, mounts=mounts, variables=variables, port=port) as container:
        wait_until(lambda: container.process.poll() is not None or container.is_ready())
        assert container.process.poll() is None, container.output
        yield container


def first_key(container: Container) -> str:
    return str(re.findall(r"phx_[\w-]+", container.output)[0])


def client_of(container: Container, key: str) -> httpx2.Client:
    url = f"{container.url}/api/projects/@current/llm_prompts/"
    return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=START_SECONDS)


def run_to_the_end(
    image: Image,
    folder: Path,
    command: Sequence[str],
    *,
    mounts: Mapping[str, Path] = NO_MOUNTS,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> str:
    """Run a command in a container of its own and return its output."""
    with started_container(image, folder, command, mounts=mounts, variables=variables) as container:
        assert container.process.wait(timeout=START_SECONDS) == 0, container.output
    return container.output


def test_the_image_says_how_it_is_run(image: Image) -> None:
    config = image.config
    assert config["User"] == "10001:10001"
    assert [*config["Entrypoint"], *config["Cmd"]] == ["promptuary", "serve", "--host", "0.0.0.0"]  # noqa: S104 - in a container
    assert (config["Volumes"], config["ExposedPorts"], config["WorkingDir"]) == ({"/data": {}}, {"8000/tcp": {}}, "/data")
    assert config["StopSignal"] == "SIGTERM"
    assert "PROMPTUARY_DATA_DIR=/data" in config["Env"]


def test_the_labels_name_the_version_and_no_address(image: Image) -> None:
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.title"] == "Promptuary"
    assert labels["org.opencontainers.image.version"] == __version__
    assert [value for value in labels.values() if "://" in value] == []


def test_the_image_adds_less_than_200_megabytes_to_its_base(image: Image) -> None:
    added = (image.facts["size"] - image.facts["base_size"]) / MEGABYTE
    assert 50 < added < 200


def test_the_image_has_the_whole_server_and_nothing_that_built_it(image: Image) -> None:
    [packages] = (image.root / "opt/promptuary/lib").glob("python*/site-packages")
    installed = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    assert {"promptuary", "promptuary_client", "mcp", "opentelemetry_sdk", "redis", "valkey"} <= installed
    assert not {"pip", "hatchling", "pytest"} & installed
    assert (packages / "promptuary/web/static/build/manifest.json").is_file()
    assert not (image.root / "build").exists()


def test_the_user_of_the_image_owns_its_data_only(image: Image) -> None:
    program = [image.root / "opt/promptuary", *(image.root / "opt/promptuary").rglob("*")]
    assert len(program) > 1000
    assert {path.lstat().st_uid for path in program} == {0}
    assert [path for path in program if not path.is_symlink() and path.stat().st_mode & 0o022] == []
    data = (image.root / "data").stat()
    assert (data.st_uid, data.st_gid, data.st_mode & 0o777) == (10001, 10001, 0o700)


def test_a_first_start_prints_a_link_and_a_restart_with_the_volume_keeps_the_data(
    image: Image, volume: Path, tmp_path: Path
) -> None:
    with running(image, tmp_path / "first", mounts={"/data": volume}) as container:
        assert re.search(r"http://127\.0\.0\.1:\d+/welcome/[\w-]+", container.output)
        key = first_key(container)
        with client_of(container, key) as client:
            assert client.post("", json={"name": "greeting", "prompt": "Hello!"}).status_code == 201
        container.stop()
        assert container.process.returncode == 0
    with running(image, tmp_path / "second", mounts={"/data": volume}) as container, client_of(container, key) as client:
        assert client.get("name/greeting/").json()["prompt"] == "Hello!"
        assert "phx_" not in container.output


def test_a_server_has_no_rights_and_can_write_its_data_and_temporary_files_only(image: Image, volume: Path, tmp_path: Path) -> None:
    with running(image, tmp_path / "container", mounts={"/data": volume}) as container:
        processes = container.workers()
        statuses = [Path(f"/proc/{process.pid}/status").read_text() for process in processes]
        found = container.execute("find", "/", "-path", "/proc", "-prune", "-o", "-type", "d", "-writable", "-print")
    assert len(processes) >= 2
    for status in statuses:
        assert re.findall(r"^(?:Uid|Gid|Groups):\s*(.*?)\s*$", status, re.MULTILINE)[:2] == ["\t".join(["10001"] * 4)] * 2
        assert set(re.findall(r"^Cap\w+:\t0*(.*)$", status, re.MULTILINE)) == {""}
        assert "NoNewPrivs:\t1\n" in status
    assert {Path(folder).parts[1] for folder in found.stdout.decode().splitlines()} == {"data", "tmp"}
    assert {path.stat().st_mode & 0o777 for path in volume.glob("promptuary.db*")} == {0o600}


def test_sigterm_reaches_the_supervisor_which_lets_a_request_finish_and_ends_with_status_0(
    image: Image, volume: Path, tmp_path: Path
) -> None:
    with running(
        image, tmp_path / "container", mounts={"/data": volume}, variables={"PROMPTUARY_DRAIN_SECONDS": "0.5"}
    ) as container:
        body = b'{"name": "greeting", "prompt": "Hello!"}'
        with begun_create(container, len(body)) as connection:
            container.signal("TERM")
            wait_until(lambda: "Draining: not ready" in container.output and "Stopping worker" in container.output)
            connection.sendall(body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 201 Created")
        assert container.process.wait(timeout=START_SECONDS) == 0


@contextmanager
def begun_create(container: Container, length: int) -> Iterator[socket.socket]:
    """Send the head of a request, whose body the server then waits for."""
    head = (
        "POST /api/projects/@current/llm_prompts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {first_key(container)}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    port = int(container.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        yield connection


def test_a_backup_from_inside_restores_into_the_volume_of_another_container(image: Image, volume: Path, tmp_path: Path) -> None:
    with running(image, tmp_path / "first", mounts={"/data": volume}) as container:
        with client_of(container, first_key(container)) as client:
            assert client.post("", json={"name": "greeting", "prompt": "Hello!"}).status_code == 201
        backup = container.execute("promptuary", "admin", "db", "backup", "-", TMPDIR="/data")
    assert backup.returncode == 0, backup.stderr
    other = make_volume(image, tmp_path / "other")
    (other / "backup.db").write_bytes(backup.stdout)
    restored = run_to_the_end(
        image, tmp_path / "second", command_of(image, "admin", "db", "restore", "backup.db"), mounts={"/data": other}
    )
    assert restored == "Database: /data/promptuary.db\nRestored from backup.db.\n"
    with closing(sqlite3.connect(other / "promptuary.db")) as connection:
        assert connection.execute("SELECT name FROM prompts").fetchall() == [("greeting",)]


def test_the_health_check_succeeds_when_the_server_is_ready_and_fails_when_it_stops(
    image: Image, volume: Path, tmp_path: Path
) -> None:
    check = image.config["Healthcheck"]["Test"][1:]
    folder, command = tmp_path / "container", command_of(image)
    with started_container(
        image, folder, command, mounts={"/data": volume}, variables={"PROMPTUARY_DRAIN_SECONDS": ENDLESS}, has_own_network=True
    ) as container:
        wait_until(lambda: container.process.poll() is not None or container.execute(*check).returncode == 0)
        ready = container.execute(*check)
        # Clients outside of the container can connect, which the check does not show.
        assert b" 00000000:1F40 " in container.execute("cat", "/proc/net/tcp").stdout
        container.signal("TERM")
        wait_until(lambda: "Draining: not ready" in container.output)
        stopping = container.execute(*check)
    assert (ready.returncode, ready.stdout) == (0, b'{"status":"ok"}\n')
    assert (stopping.returncode, stopping.stdout) == (1, b'{"status":"stopping"}\n')


def test_the_health_check_fails_if_no_server_listens(image: Image, tmp_path: Path) -> None:
    check = image.config["Healthcheck"]["Test"][1:]
    with started_container(image, tmp_path / "container", ["sleep", "infinity"], has_own_network=True) as container:
        wait_until(lambda: container.execute("true").returncode == 0)
        done = container.execute(*check)
    assert done.returncode == 1
    assert b"ConnectionRefusedError" in done.stderr


def test_other_commands_run_in_a_container_of_their_own(image: Image, volume: Path, tmp_path: Path) -> None:
    assert run_to_the_end(image, tmp_path / "first", command_of(image, "--version")) == f"promptuary {__version__}\n"
    settings = {"PROMPTUARY_TRACES": "otlp", "PROMPTUARY_RATE_LIMIT_STORAGE": "valkey://127.0.0.1:1"}
    upgrade = command_of(image, "admin", "db", "upgrade")
    upgraded = run_to_the_end(image, tmp_path / "second", upgrade, mounts={"/data": volume}, variables=settings)
    assert upgraded.startswith("Database: /data/promptuary.db\nThe database is now at schema")


@pytest.fixture
def postgres_variables() -> Iterator[dict[str, str]]:
    """The variables that `compose.yaml` sets for a PostgreSQL with a password."""
    installed = postgres_server.wheel_programs()
    assert installed is not None
    with postgres_server.runnable(installed) as programs, postgres_server.server_folder() as folder:
        data, port = folder / "data", free_port()
        postgres_server.initialize(programs, data)
        with (data / "pg_hba.conf").open("w") as rules:
            rules.write("local all postgres trust\nhost promptuary promptuary 127.0.0.1/32 scram-sha-256\n")
        settings = [f"--unix_socket_directories={folder}", "--listen_addresses=127.0.0.1", f"--port={port}", "--fsync=off"]
        with postgres_server.running(programs, data, settings):
            with psycopg.connect(host=str(folder), port=port, user="postgres", autocommit=True) as connection:
                connection.execute("CREATE ROLE promptuary LOGIN PASSWORD 'a/strange@password'")
                connection.execute("CREATE DATABASE promptuary OWNER promptuary")
            url = f"postgresql://promptuary@127.0.0.1:{port}/promptuary"
            yield {"PROMPTUARY_DATABASE_URL": url, "PGPASSWORD": "a/strange@password"}


def test_on_postgresql_a_server_needs_no_volume_and_the_jobs_of_kubernetes_work(
    image: Image, postgres_variables: dict[str, str], tmp_path: Path
) -> None:
    upgrade = command_of(image, "admin", "db", "upgrade")
    assert "is now at schema" in run_to_the_end(image, tmp_path / "upgrade", upgrade, variables=postgres_variables)
    with running(image, tmp_path / "server", variables=postgres_variables) as container:
        with client_of(container, first_key(container)) as client:
            assert client.post("", json={"name": "greeting", "prompt": "Hello!"}).status_code == 201
        backups = make_volume(image, tmp_path / "backups")
        [job, _] = YAML(typ="safe").load_all(BACKUP.read_text())
        [backup] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        for name in ("first-backup", "second-backup"):
            run_to_the_end(image, tmp_path / name, backup["command"], mounts={"/backups": backups}, variables=postgres_variables)
        container.stop()
        assert container.process.returncode == 0
    [written] = backups.iterdir()
    with closing(sqlite3.connect(written)) as connection:
        assert connection.execute("SELECT name FROM prompts").fetchall() == [("greeting",)]
