"""The examples of `docs/deployment/` are sound and fit the program. nginx runs with its own in `tests/system/server/`."""

import re
from pathlib import Path

import pytest

from promptuary.settings import Settings
from promptuary.supervisor.pool import GRACE_SECONDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "deployment.md").read_text()
NGINX = (DOCS / "deployment" / "nginx.conf").read_text()
UNIT = (DOCS / "deployment" / "promptuary.service").read_text()
CADDY = (DOCS / "deployment" / "Caddyfile").read_text()
IMAGE = (DOCS.parent / "Dockerfile").read_text() + (DOCS.parent / "compose.yaml").read_text()
KUBERNETES = "".join(path.read_text() for path in sorted((DOCS / "deployment" / "kubernetes").rglob("*.*")))
DRAIN_SECONDS = Settings.model_fields["drain_seconds"].default


def test_systemd_gives_a_server_more_time_to_stop_than_it_takes() -> None:
    (given,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert int(given) > DRAIN_SECONDS + GRACE_SECONDS


def test_nginx_leaves_a_stopping_server_alone_for_longer_than_it_drains() -> None:
    given = re.findall(r"fail_timeout=(\d+)s", NGINX)
    assert len(given) == 2
    assert all(int(seconds) > DRAIN_SECONDS for seconds in given)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_every_link_of_the_page_leads_to_a_file(link: str) -> None:
    assert (DOCS / link).exists()


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"PROMPTUARY_[A-Z_]*[A-Z]\b", PAGE + NGINX + UNIT + CADDY + IMAGE + KUBERNETES)))
)
def test_every_setting_that_is_named_exists(name: str) -> None:
    assert name.removeprefix("PROMPTUARY_").lower() in Settings.model_fields


def test_the_backup_by_cron_is_of_the_data_of_the_unit() -> None:
    assert "PROMPTUARY_DATA_DIR=%S/promptuary" in UNIT
    assert "StateDirectory=promptuary" in UNIT
    assert "PROMPTUARY_DATA_DIR=/var/lib/promptuary /opt/promptuary/bin/promptuary admin db backup" in PAGE
