"""The manifests in `docs/deployment/kubernetes/`, as kubectl renders them, are consistent and fit the image and the program."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import all_commands
from ruamel.yaml import YAML

from promptuary.api.operations.health import ROUTES
from promptuary.settings import PREFIX, Settings
from promptuary.supervisor.pool import GRACE_SECONDS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "deployment" / "kubernetes"
DOCKERFILE = (ROOT / "Dockerfile").read_text()

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="There is no kubectl, which renders the manifests.")

Manifest = dict[str, Any]


def render(name: str) -> dict[tuple[str, str], Manifest]:
    """Return the rendered objects of a folder by kind and name without the hash of generated ones."""
    command = [str(shutil.which("kubectl")), "kustomize", str(FOLDER / name)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {(each["kind"], each["metadata"]["name"]): each for each in YAML(typ="safe").load_all(text)}


@pytest.fixture(scope="module")
def example() -> dict[tuple[str, str], Manifest]:
    return render("example")


def pods(manifests: dict[tuple[str, str], Manifest]) -> Iterator[Manifest]:
    """Yield the templates of all pods."""
    for manifest in manifests.values():
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield template


def container(pod: Manifest) -> Manifest:
    [only] = pod["spec"]["containers"]
    return dict(only)


def server_of(manifests: dict[tuple[str, str], Manifest]) -> Manifest:
    return manifests["Deployment", "promptuary"]


def variables(manifests: dict[tuple[str, str], Manifest]) -> dict[str, str]:
    """Return the values of all generated maps and secrets."""
    found: dict[str, str] = {}
    for (kind, _), manifest in manifests.items():
        if kind == "ConfigMap":
            found |= manifest["data"]
        elif kind == "Secret":
            found |= {name: base64.b64decode(value).decode() for name, value in manifest["data"].items()}
    return found


def test_the_base_has_servers_an_upgrade_a_backup_and_no_secret() -> None:
    kinds = sorted(kind for kind, _ in render("base"))
    assert kinds == ["ConfigMap", "CronJob", "Deployment", "Job", "PersistentVolumeClaim", "PodDisruptionBudget", "Service"]


def test_the_example_adds_what_belongs_to_an_installation(example: dict[tuple[str, str], Manifest]) -> None:
    assert {kind for kind, _ in example} - {kind for kind, _ in render("base")} == {"Ingress", "Namespace", "Secret"}
    assert {each["metadata"].get("namespace") for (kind, _), each in example.items() if kind != "Namespace"} == {"promptuary"}
    images = {container(pod)["image"] for pod in pods(example)}
    assert len(images) == 1
    assert images != {"promptuary"}


def test_every_variable_is_a_valid_setting(example: dict[tuple[str, str], Manifest]) -> None:
    given = variables(example)
    assert {name.removeprefix(PREFIX).lower() for name in given} <= set(Settings.model_fields)
    settings = Settings.model_validate({name.removeprefix(PREFIX).lower(): value for name, value in given.items()})
    assert settings.database_url.startswith("postgresql://")
    assert settings.trust_forwarded


def test_pods_get_the_variables_and_volumes_that_exist(example: dict[tuple[str, str], Manifest]) -> None:
    for pod in pods(example):
        sources = container(pod)["envFrom"]
        assert ("ConfigMap", sources[0]["configMapRef"]["name"]) in example
        assert ("Secret", sources[1]["secretRef"]["name"]) in example
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert {mount["name"] for mount in container(pod)["volumeMounts"]} == set(volumes)
        claims = [each["persistentVolumeClaim"]["claimName"] for each in volumes.values() if "persistentVolumeClaim" in each]
        assert all(("PersistentVolumeClaim", claim) in example for claim in claims)


def test_pods_run_read_only_without_rights_as_the_user_of_the_image(example: dict[tuple[str, str], Manifest]) -> None:
    user = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    templates = list(pods(example))
    assert len(templates) == 3
    for pod in templates:
        whole, own = pod["spec"]["securityContext"], container(pod)["securityContext"]
        assert [(str(whole["runAsUser"]), str(whole["runAsGroup"]))] == user
        assert whole["runAsNonRoot"] is True
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert {"name": "tmp", "mountPath": "/tmp"} in container(pod)["volumeMounts"]  # noqa: S108 - in the container
        assert (pod["spec"]["automountServiceAccountToken"], pod["spec"]["enableServiceLinks"]) == (False, False)
        assert set(container(pod)["resources"]["requests"]) == {"cpu", "memory"}
        assert set(container(pod)["resources"]["limits"]) == {"memory"}


def test_probes_ask_what_the_server_has_and_notice_a_stop_while_it_drains(example: dict[tuple[str, str], Manifest]) -> None:
    server = container(server_of(example)["spec"]["template"])
    probes = {name: server[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
    paths = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
    assert paths == {"startup": "/_livez", "liveness": "/_livez", "readiness": "/_readyz"}
    assert {f"{path}/" for path in paths.values()} == {route.path for route in ROUTES}
    assert {probe["httpGet"]["port"] for probe in probes.values()} == {port["name"] for port in server["ports"]}
    drain = float(variables(example)["PROMPTUARY_DRAIN_SECONDS"])
    readiness = probes["readiness"]
    assert drain > readiness["periodSeconds"] * readiness["failureThreshold"] + readiness["timeoutSeconds"]


def test_a_pod_gets_more_time_to_stop_than_a_server_takes(example: dict[tuple[str, str], Manifest]) -> None:
    given = server_of(example)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert given > float(variables(example)["PROMPTUARY_DRAIN_SECONDS"]) + GRACE_SECONDS + 5


def test_servers_are_replaced_without_a_gap(example: dict[tuple[str, str], Manifest]) -> None:
    spec = server_of(example)["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert example["PodDisruptionBudget", "promptuary"]["spec"]["maxUnavailable"] == 1


def test_service_budget_and_ingress_lead_to_the_servers_only(example: dict[tuple[str, str], Manifest]) -> None:
    spec, service = server_of(example)["spec"], example["Service", "promptuary"]["spec"]
    selector = service["selector"]
    budget = example["PodDisruptionBudget", "promptuary"]["spec"]
    [spread] = spec["template"]["spec"]["topologySpreadConstraints"]
    assert (
        spec["selector"]["matchLabels"] == budget["selector"]["matchLabels"] == spread["labelSelector"]["matchLabels"] == selector
    )
    matching = [pod for pod in pods(example) if selector.items() <= pod["metadata"]["labels"].items()]
    assert matching == [spec["template"]]
    [port] = service["ports"]
    assert port["targetPort"] in {each["name"] for each in container(matching[0])["ports"]}
    [rule] = example["Ingress", "promptuary"]["spec"]["rules"]
    [path] = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "promptuary", "port": {"name": port["name"]}}
    assert variables(example)["PROMPTUARY_PUBLIC_URL"] == f"https://{rule['host']}"


def test_jobs_run_commands_that_exist(example: dict[tuple[str, str], Manifest]) -> None:
    upgrade = container(example["Job", "promptuary-upgrade"]["spec"]["template"])
    backup = container(example["CronJob", "promptuary-backup"]["spec"]["jobTemplate"]["spec"]["template"])
    assert " ".join(upgrade["args"]) in all_commands()
    [shell, option, line] = backup["command"]
    assert (shell, option) == ("sh", "-c")
    assert re.fullmatch(r'exec promptuary admin db backup --force "/backups/promptuary-\$\(date \+%u\)\.db"', line)
    assert {"name": "backups", "mountPath": "/backups"} in backup["volumeMounts"]
    assert {"admin db upgrade", "admin db backup"} <= set(all_commands())
