"""The wheel has the whole package and nothing of the server, and the README's words are those of the code."""

import inspect
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from client_service import Service
from serving import environment

import promptuary_client
from promptuary_client import AsyncPromptuary, Promptuary, __version__

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
UV = Path(sysconfig.get_path("scripts"), "uv")
README = (ROOT / "README.md").read_text()


def test_the_wheel_has_every_file_of_the_package_and_tells_what_it_is(tmp_path: Path) -> None:
    options = ["--offline", "--quiet", "--no-build-isolation", f"--python={sys.executable}", f"--out-dir={tmp_path}"]
    subprocess.run([UV, "build", "--wheel", *options, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    present = {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert packed == present
    assert "promptuary_client/py.typed" in packed
    for line in (f"Version: {__version__}", "License-Expression: MIT", "Requires-Python: >=3.10"):
        assert f"\n{line}\n" in metadata
    assert re.findall(r"\nRequires-Dist: (.*)", metadata) == ["httpx2<3,>=2.14"]


@pytest.mark.parametrize("kind", [Promptuary, AsyncPromptuary])
def test_every_option_of_a_client_is_told_of_in_its_docstring_and_every_variable_in_the_readme(kind: type[object]) -> None:
    options = {f"``{name}``" for name in inspect.signature(kind).parameters}
    texts = [path.read_text() for path in SOURCES.rglob("*.py")]
    variables = {variable for text in texts for variable in re.findall(r"PROMPTUARY_[A-Z_]+", text)}
    assert {option for option in options if option not in (kind.__doc__ or "")} == set()
    assert {variable for variable in variables if variable not in README} == set()


def _run(program: str, service: Service, folder: Path) -> str:
    settings = {"host": service.server.url, "api_key": service.key.value, "cache_dir": str(folder)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readmes_examples_run_as_they_stand(service: Service, tmp_path: Path) -> None:
    use, on_change, _, _, changes, releases, request, reads, follow = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert _run(f"{use}print(text, openai_kwargs)", service, tmp_path) == "You are helpful. {}\n"
    rebuilt = "build()\ncompile, config = chains['support-reply']\nprint(compile(), config)"
    assert _run(f"{on_change}{rebuilt}", service, tmp_path) == "You are helpful. {}\n"
    ends = "\n".join(f"prompts.archive({name!r})" for name in ("support-reply", "sales-reply", "sales-tone"))
    start = "from promptuary_client import Promptuary\nprompts = Promptuary()\n"
    read = f"prompts.get('support-reply')\n{reads}page = prompts.changes(limit=1)\n{follow}"
    assert _run(f"{start}{changes}{releases}{request}{read}{ends}", service, tmp_path).endswith("prompt.created 1\n")


def test_a_program_without_an_event_loop_starts_without_asyncio() -> None:
    program = (
        "import sys, promptuary_client as c; print('asyncio' in sys.modules, c.AsyncPromptuary.__name__, 'asyncio' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False AsyncPromptuary True\n"
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = promptuary_client.Nothing  # type: ignore[attr-defined]  # what the test is about
    assert "AsyncPromptuary" in dir(promptuary_client)
