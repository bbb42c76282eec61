"""`compose.yaml` is sound and fits the image, the program and the page that explains it."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from promptuary.settings import Settings
from promptuary.supervisor.pool import GRACE_SECONDS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
PROJECT: Any = YAML(typ="safe").load(TEXT)
SERVICES = PROJECT["services"]
SERVER = SERVICES["promptuary"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PAGE = (ROOT / "docs" / "deployment.md").read_text()

VARIABLES = set(re.findall(r"\$\{(\w+)", TEXT))
"""What `.env` can set for Compose itself."""


def test_only_the_server_starts_without_a_profile() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items()} == {
        "promptuary": None,
        "postgres": ["postgres"],
        "proxy": ["proxy"],
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_read_only_without_rights_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - in the container
    assert service["restart"] == "unless-stopped"


def test_only_the_proxy_has_a_right_and_ports_that_others_reach() -> None:
    assert {name: service["cap_add"] for name, service in SERVICES.items() if "cap_add" in service} == {
        "proxy": ["NET_BIND_SERVICE"]
    }
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"promptuary": ["127.0.0.1:${PORT:-8000}:8000"], "proxy": ["80:80", "443:443", "443:443/udp"]}


def test_all_data_is_in_volumes() -> None:
    mounted = {name: [volume.partition(":")[0] for volume in service["volumes"]] for name, service in SERVICES.items()}
    assert mounted.pop("proxy") == ["./docs/deployment/Caddyfile", "certificates", "proxy"]
    assert mounted == {"promptuary": ["data"], "postgres": ["postgres"]}
    assert set(PROJECT["volumes"]) == {"data", "postgres", "certificates", "proxy"}
    assert (ROOT / "docs/deployment/Caddyfile").is_file()


def test_the_server_runs_with_the_folder_and_the_port_of_the_image() -> None:
    assert "\nVOLUME /data\n" in DOCKERFILE
    assert "\nEXPOSE 8000\n" in DOCKERFILE
    assert SERVER["volumes"] == ["data:/data"]
    assert SERVER["environment"]["PROMPTUARY_DATA_DIR"] == "/data"
    assert all(port.endswith(":8000") for port in SERVER["ports"])


def test_the_server_gets_more_time_to_stop_than_it_takes() -> None:
    seconds = int(SERVER["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings.model_fields["drain_seconds"].default + GRACE_SECONDS


def test_the_server_waits_for_the_database_of_the_profile_and_does_without() -> None:
    assert SERVER["depends_on"] == {"postgres": {"condition": "service_healthy", "required": False}}
    assert SERVER["env_file"] == [{"path": ".env", "required": False}]
    postgres = SERVICES["postgres"]
    assert postgres["environment"]["POSTGRES_USER"] == "promptuary"
    assert "${POSTGRES_PASSWORD:+postgresql://promptuary@postgres/promptuary}" in SERVER["environment"]["PROMPTUARY_DATABASE_URL"]
    assert SERVER["environment"]["PGPASSWORD"] == postgres["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-}"


def test_the_page_shows_a_file_for_every_profile_whose_variables_exist() -> None:
    examples = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "COMPOSE_PROFILES=" in block]
    assert {"postgres", "proxy"} <= set(re.findall(r"COMPOSE_PROFILES=(\S+)", "".join(examples)))
    for name in re.findall(r"^(\w+)=", "".join(examples), re.MULTILINE):
        known = name == "COMPOSE_PROFILES" or name in VARIABLES
        assert known or name.removeprefix("PROMPTUARY_").lower() in Settings.model_fields, name
