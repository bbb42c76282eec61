"""A real server under a path of a host, behind a real nginx that takes the path off."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from ports import free_port
from serving import START_SECONDS, running_server, wait_until

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="There is no nginx; on Debian: apt-get install nginx"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def address(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The public address, under which nginx passes requests on."""
    port = free_port()
    public = f"http://127.0.0.1:{port}/prompts"
    with running_server(database_url, tmp_path / "server.txt", public_url=public) as server:
        folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in TEMPORARY)
        location = f"location /prompts/ {{ proxy_pass {server.url}/; proxy_set_header Host $http_host; }}"
        # Its processes give up root's rights, and with them the test's folder.
        user = "user root;" if os.getuid() == 0 else ""
        http = f"access_log off; {folders} server {{ listen 127.0.0.1:{port}; {location} }}"
        config = tmp_path / "nginx.conf"
        config.write_text(f"{user} pid {tmp_path}/nginx.pid; events {{ }} http {{ {http} }}")
        with (tmp_path / "nginx.txt").open("wb") as output:
            command = [str(NGINX), "-c", str(config), "-e", str(tmp_path / "error.log"), "-g", "daemon off;"]
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until(lambda: process.poll() is not None or (tmp_path / "nginx.pid").exists())
            assert process.poll() is None, (tmp_path / "nginx.txt").read_text()
            yield public
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def test_pages_files_and_the_api_are_reached_under_the_path(registry: Registry, address: str) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        for name in ("one", "two"):
            make_prompt(tx, registry.actor, name=name)
    with httpx2.Client(timeout=START_SECONDS) as client:
        front = client.get(f"{address}/", follow_redirects=True)
        assert (front.status_code, str(front.url)) == (200, f"{address}/sign-in")
        [sheet] = [part.partition('"')[0] for part in front.text.split('rel="stylesheet" href="')[1:]]
        assert client.get(f"{address.removesuffix('/prompts')}{sheet}").status_code == 200
        listed = client.get(f"{address}/api/projects/@current/llm_prompts/?limit=1", headers=bearer(key)).json()
        following = client.get(listed["next"], headers=bearer(key))
        assert (following.status_code, len(following.json()["results"])) == (200, 1)
        assert listed["next"].startswith(f"{address}/api/")
