"""The last known good content on disk: private, whole, bounded, believed only when it is what the client wrote."""

import json
import stat
from pathlib import Path

import pytest
from client_service import EitherMaker, Service
from faults import Proxy, server_error
from serving import wait_until

from promptuary_client import Promptuary
from promptuary_client.disk import Disk
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings

KEY = PromptKey("greeting", label="production")
CONTENT = Content("greeting", "Grüß 👋 \0 {{name}}", {"model": "small"}, 3, "production", 'W/"tag"')


def settings(folder: Path, **options: object) -> Settings:
    return Settings(**({"host": "http://localhost", "api_key": "phx_secret", "folder": folder} | options))  # type: ignore[arg-type]


def files(folder: Path) -> list[Path]:
    """All files that are there to stay."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]


def test_what_is_stored_is_loaded(tmp_path: Path) -> None:
    Disk(settings(tmp_path)).store(KEY, CONTENT)
    record = Disk(settings(tmp_path)).load(KEY)
    assert record is not None
    assert record.content == CONTENT
    assert Disk(settings(tmp_path)).load(PromptKey("greeting")) is None


def test_files_are_their_owners_only_and_tell_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Disk(settings(folder)).store(KEY, CONTENT)
    (path,) = files(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "phx_secret" not in str(path)
    assert b"phx_secret" not in path.read_bytes()


@pytest.mark.parametrize("other", [{"host": "http://elsewhere"}, {"project": "7"}, {"api_key": "phx_other"}])
def test_each_host_project_and_key_has_its_own(tmp_path: Path, other: dict[str, str]) -> None:
    Disk(settings(tmp_path)).store(KEY, CONTENT)
    assert Disk(settings(tmp_path, **other)).load(KEY) is None


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "emptied of its digest", "another's"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    disk = Disk(settings(tmp_path))
    disk.store(KEY, CONTENT)
    (path,) = files(tmp_path)
    data = path.read_bytes()
    disk.store(PromptKey("other"), CONTENT)
    (other,) = set(files(tmp_path)) - {path}
    damaged = {
        "truncated": data[:-1],
        "flipped": data.replace(b"small", b"large"),
        "empty": b"",
        "emptied of its digest": data.partition(b"\n")[2],
        "another's": other.read_bytes(),
    }
    path.write_bytes(damaged[damage])
    assert disk.load(KEY) is None
    disk.store(KEY, CONTENT)
    assert disk.load(KEY) is not None


def test_a_file_of_another_form_is_as_good_as_none(tmp_path: Path) -> None:
    disk = Disk(settings(tmp_path))
    disk.store(KEY, Content("greeting", "text", None, version=None))
    assert disk.load(KEY) is None


ROW = {"name": "greeting", "prompt": "text", "config": None, "version": 1, "label": None, "etag": None}


@pytest.mark.parametrize(
    "row",
    [
        [],
        [ROW],
        5,
        None,
        "text",
        {},
        ROW | {"etag": 5},
        ROW | {"etag": "a\nb"},
        ROW | {"etag": "é"},
        ROW | {"prompt": [{"role": "user", "content": "x"}]},
        ROW | {"config": []},
        ROW | {"label": 1},
        ROW | {"version": True},
    ],
)
def test_a_file_that_another_version_of_the_client_wrote_in_its_own_form_is_as_good_as_none(tmp_path: Path, row: object) -> None:
    _write_row(tmp_path, row)
    assert Disk(settings(tmp_path)).load(KEY) is None


def test_a_file_with_more_than_this_version_of_the_client_knows_is_used(tmp_path: Path) -> None:
    _write_row(tmp_path, ROW | {"tags": ["new"], "etag": 'W/"1"'})
    record = Disk(settings(tmp_path)).load(KEY)
    assert record is not None
    assert (record.content.text, record.content.etag) == ("text", 'W/"1"')


def _write_row(folder: Path, row: object) -> None:
    disk = Disk(settings(folder))
    disk.store(KEY, CONTENT)
    (path,) = files(folder)
    body = json.dumps(row).encode()
    path.write_bytes(disk._digest(KEY, body).encode() + b"\n" + body)  # noqa: SLF001 - as another version with the same key would.


def test_age_is_never_negative_when_the_clock_goes_back(tmp_path: Path) -> None:
    Disk(settings(tmp_path), clock=lambda: 2_000_000_000.0).store(KEY, CONTENT)
    record = Disk(settings(tmp_path), clock=lambda: 1_000_000_000.0).load(KEY)
    later = Disk(settings(tmp_path), clock=lambda: 2_000_000_090.0).load(KEY)
    assert record is not None
    assert later is not None
    assert (record.age, later.age) == (0.0, 90.0)


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    disk = Disk(settings(tmp_path / "cache"))
    disk.store(KEY, CONTENT)
    (path,) = files(tmp_path / "cache")
    moved = path.parent.rename(tmp_path / "elsewhere")
    path.parent.symlink_to(moved)
    with pytest.raises(PermissionError, match="not a folder that this user owns"):
        disk.load(KEY)


def test_a_folder_that_others_may_enter_is_closed_to_them(tmp_path: Path) -> None:
    disk = Disk(settings(tmp_path))
    disk.store(KEY, CONTENT)
    (path,) = files(tmp_path)
    path.parent.chmod(0o777)
    assert disk.load(KEY) is not None
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_disk_is_as_bounded_as_memory(tmp_path: Path) -> None:
    times = iter(range(1_000_000_000, 1_000_000_100))
    disk = Disk(settings(tmp_path, max_entries=3), clock=lambda: float(next(times)))
    for number in range(6):
        disk.store(PromptKey(f"prompt-{number}"), CONTENT)
    assert len(files(tmp_path)) == 3
    assert disk.load(PromptKey("prompt-2")) is None
    assert disk.load(PromptKey("prompt-3")) is not None


def test_a_program_that_starts_while_the_server_fails_has_what_the_last_one_had(
    make_either: EitherMaker, proxy: Proxy, tmp_path: Path
) -> None:
    first = make_either(proxy.url)
    fetched = first.get("greeting", label="production")
    first.until(lambda: len(files(tmp_path / "cache")) == 1)
    proxy.fault = server_error
    prompt = make_either(proxy.url).get("greeting", label="production", fallback="Hello!")
    assert (prompt.source, prompt.text, prompt.version, prompt.label) == ("disk", fetched.text, 2, "production")
    assert prompt.age is not None
    assert prompt.age >= 0


def test_a_program_that_starts_asks_with_the_tag_of_what_is_on_disk(make_either: EitherMaker, proxy: Proxy, tmp_path: Path) -> None:
    first = make_either(proxy.url)
    first.get("greeting")
    first.until(lambda: len(files(tmp_path / "cache")) == 1)
    assert make_either(proxy.url).get("greeting").source == "server"
    assert [answer.split(b" ", 2)[1] for answer in proxy.answers] == [b"200", b"304"]


def test_no_file_is_written_when_the_disk_is_not_wanted(
    make_either: EitherMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTUARY_CACHE_DIR", str(tmp_path))
    client = make_either(cache_dir=False)
    assert client.get("greeting").source == "server"
    client.call("close")
    assert files(tmp_path) == []


def test_a_file_says_what_it_holds(service: Service, tmp_path: Path) -> None:
    with Promptuary(service.server.url, api_key=service.key.value, cache_dir=tmp_path, timeout=60) as client:
        client.get("greeting")
        wait_until(lambda: len(files(tmp_path)) == 1)
    (path,) = files(tmp_path)
    row = json.loads(path.read_bytes().partition(b"\n")[2])
    assert (row["name"], row["prompt"], row["version"], row["label"]) == ("greeting", "Grüß Gott, {{name}}!", 3, None)
