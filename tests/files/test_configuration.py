"""``promptuary.toml``: what it may say, where it is found, and that it leads nowhere else."""

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from promptuary.files import CONFIGURATION, InvalidFile, find_configuration
from promptuary.files.configuration import parse_configuration

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "configurations.json").read_text())
SCHEMA = json.loads((ROOT / "src" / "promptuary" / "files" / "schemas" / "configuration.schema.json").read_text())
DEV = '[env.dev]\nhost = "https://prompts.example.com/"\nproject = 1\n'


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["text"][:60])
def test_the_parser_and_the_schema_accept_the_same_documents(vector: dict[str, Any]) -> None:
    try:
        parse_configuration(vector["text"].encode(), Path(CONFIGURATION))
        problem = None
    except InvalidFile as error:
        problem = str(error)
    assert problem == vector.get("problem")
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(tomllib.loads(vector["text"])) is (problem is None)


def test_an_environment_has_its_server_its_label_and_its_lock() -> None:
    found = parse_configuration(f'{DEV}label = "production"\n'.encode(), Path("/repository") / CONFIGURATION)
    environment = found.environments["dev"]
    assert (environment.host, environment.project, environment.label) == ("https://prompts.example.com", 1, "production")
    assert environment.lock_name == "prompts.dev.lock"
    assert found.folder_path == Path("/repository/prompts")


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"\xff", "It is not TOML: "),
        (b"a = ", "It is not TOML: "),
        (b"a = " + b"[" * 100_000, "It is not TOML: "),
        (b"# phx_" + b"a" * 43, "It has a key, phx_.... Keys do not belong in this file: "),
        (b"\0", "It is not TOML: "),
    ],
)
def test_hostile_bytes_are_refused_in_one_sentence(data: bytes, start: str) -> None:
    with pytest.raises(InvalidFile) as error:
        parse_configuration(data, Path(CONFIGURATION))
    assert str(error.value).startswith(start)
    assert "\n" not in str(error.value)


def test_the_file_is_found_in_a_parent_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    below = tmp_path / "repository" / "prompts" / "notes"
    below.mkdir(parents=True)
    (tmp_path / CONFIGURATION).write_text(DEV)
    assert find_configuration(below) is None
    (tmp_path / "repository" / ".git").mkdir()
    assert find_configuration(below) is None
    (tmp_path / "repository" / CONFIGURATION).write_text(DEV)
    found = find_configuration(below)
    assert found is not None
    assert found.path == tmp_path / "repository" / CONFIGURATION
    # One that only declares variables, as it was before there were environments, does not hide it.
    (below.parent / CONFIGURATION).write_text('[variables]\ngreeting = ["name"]\n')
    assert find_configuration(below) == found
    (below.parent / CONFIGURATION).write_text('folder = "notes"\n')
    nearest = find_configuration(below)
    assert nearest is not None
    assert nearest.folder_path == below


def test_links_folders_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / CONFIGURATION
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()

    def refusal() -> str:
        with pytest.raises(InvalidFile) as error:
            find_configuration(tmp_path)
        return str(error.value)

    path.symlink_to("/etc/passwd")
    assert refusal() == "promptuary.toml: It is a symbolic link, which is not followed."
    path.unlink()
    path.mkdir()
    assert refusal() == "promptuary.toml: It is no regular file."
    path.rmdir()
    os.mkfifo(path)
    assert refusal() == "promptuary.toml: It is no regular file."
    path.unlink()
    path.write_text("# " + "a" * 1_000_000)
    assert refusal() == "promptuary.toml: It is larger than 1,000,000 bytes."
    path.write_text('folder = "linked"\n')
    (tmp_path / "linked").symlink_to(outside)
    assert refusal() == "promptuary.toml: The folder linked leads out of the repository by a symbolic link."
    (tmp_path / "linked").unlink()
    (tmp_path / "linked").symlink_to(tmp_path / "linked")
    assert refusal().startswith("promptuary.toml: The folder linked ")


@pytest.mark.parametrize("name", ["prompt", "configuration"])
def test_the_schemas_of_the_documentation_are_those_of_the_package(name: str) -> None:
    shipped = (ROOT / "src" / "promptuary" / "files" / "schemas" / f"{name}.schema.json").read_bytes()
    assert (ROOT / "docs" / "schemas" / f"{name}.schema.json").read_bytes() == shipped
    jsonschema.Draft202012Validator.check_schema(json.loads(shipped))
