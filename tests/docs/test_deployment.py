"""The examples of `docs/deployment/` are sound and fit the program; `tests/server/test_behind_nginx.py` runs nginx with its own."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from promptuary.settings import Settings
from promptuary.supervisor.pool import GRACE_SECONDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "deployment.md").read_text()
NGINX = (DOCS / "deployment" / "nginx.conf").read_text()
UNIT = (DOCS / "deployment" / "promptuary.service").read_text()
DRAIN_SECONDS = Settings.model_fields["drain_seconds"].default


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="There is no systemd to check the unit.")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "promptuary.service"
    unit.write_text(UNIT.replace("/opt/promptuary/bin", sysconfig.get_path("scripts")))
    command = [str(shutil.which("systemd-analyze")), "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


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


@pytest.mark.parametrize("name", sorted(set(re.findall(r"PROMPTUARY_[A-Z_]*[A-Z]\b", PAGE + NGINX + UNIT))))
def test_every_setting_that_is_named_exists(name: str) -> None:
    assert name.removeprefix("PROMPTUARY_").lower() in Settings.model_fields


def test_the_backup_by_cron_is_of_the_data_of_the_unit() -> None:
    assert "PROMPTUARY_DATA_DIR=%S/promptuary" in UNIT
    assert "StateDirectory=promptuary" in UNIT
    assert "PROMPTUARY_DATA_DIR=/var/lib/promptuary /opt/promptuary/bin/promptuary db backup" in PAGE
