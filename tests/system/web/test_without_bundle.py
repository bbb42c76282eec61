"""A server whose scripts and faces were not built says so and serves plain pages."""

import re
import shutil
import sys
from pathlib import Path

import httpx2
import pytest
from serving import running_server

import promptuary


def test_pages_work_without_the_bundle(tmp_path: Path, prepared_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(promptuary.__file__).parent
    shutil.copytree(package, tmp_path / "sources/promptuary", ignore=shutil.ignore_patterns("build", "__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "sources"))
    with running_server(prepared_url, tmp_path / "output.txt", program=[sys.executable, "-m", "promptuary"]) as server:
        assert "Pages have no scripts here" in server.output
        page = httpx2.get(f"{server.url}/sign-in")
        addresses = re.findall(r'href="(/static/[^"]+)"', page.text)
        answers = [httpx2.get(f"{server.url}{address}") for address in addresses]
    assert page.status_code == 200
    assert "<script" not in page.text
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("url(" not in answer.text for answer in answers)
