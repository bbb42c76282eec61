"""The unit for systemd in `docs/deployment/` is sound."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

UNIT = (Path(__file__).parents[3] / "docs" / "deployment" / "promptuary.service").read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="There is no systemd to check the unit.")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "promptuary.service"
    unit.write_text(UNIT.replace("/opt/promptuary/bin", sysconfig.get_path("scripts")))
    command = [str(shutil.which("systemd-analyze")), "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
