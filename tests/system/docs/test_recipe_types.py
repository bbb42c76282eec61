"""What the client returns fits the types of the packages themselves, as strict type checkers see it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from recipes import CLIENT, RECIPES, python_of

TYPED = ["OpenAI", "Anthropic"]
# Messages go by the types that the packages name, too, and nothing makes them fit whatever they are.
NAMED = """
from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionMessageParam
from promptuary_client import AsyncPromptuary, Prompt

def for_openai(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    return prompt.compile_messages(question="Why?")

def for_anthropic(prompt: Prompt) -> list[MessageParam]:
    return prompt.compile_messages({"question": "Why?"}, missing="keep")

async def for_either(prompts: AsyncPromptuary) -> str | list[ChatCompletionMessageParam]:
    return (await prompts.get("support-chat", fallback=[])).compile(question="Why?")
"""
MISUSE = """
from promptuary_client import Prompt

def misuse(prompt: Prompt) -> str:
    return prompt.compile_messages(question="Why?")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the recipes that are checked, and a file with a mistake."""
    for name in TYPED:
        (tmp_path / f"{name.lower()}_recipe.py").write_text(RECIPES[name], encoding="utf-8")
    (tmp_path / "named.py").write_text(NAMED)
    (tmp_path / "misuse.py").write_text(MISUSE)
    return tmp_path


def run(command: list[str], folder: Path, **variables: str) -> str:
    return subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=280, check=False
    ).stdout


def test_mypy_accepts_the_recipes_and_the_types_of_the_packages(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", "/dev/null"]
    found = run([*command, "--python-executable", python_of("OpenAI"), "."], folder, MYPYPATH=str(CLIENT))
    assert [line.partition(" ")[0] for line in found.splitlines()] == ["misuse.py:5:"]


def test_pyright_accepts_the_recipes_and_the_types_of_the_packages(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed.")
    shutil.copytree(Path(__file__).with_name("node"), folder, dirs_exist_ok=True)
    done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        # Without a network there is nothing to run.
        pytest.skip(f"npm cannot install pyright: {done.stderr.strip().partition(chr(10))[0]}")
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(CLIENT)]}))
    program = ["node_modules/.bin/pyright", "--outputjson", "--pythonpath", python_of("OpenAI")]
    found = json.loads(run(program, folder))["generalDiagnostics"]
    assert [Path(each["file"]).name for each in found] == ["misuse.py"]
