"""Types for the prompts of a folder: type checkers accept what fits the declared variables, and nothing else."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_harness import RemoteCli
from promptuary_client import Prompt
from promptuary_client.prompts import Content

TSC = Path(__file__).parents[3] / "frontend/node_modules/.bin/tsc"
CONTRACT: dict[str, Any] = {
    "customer": {"description": 'Name of the "customer" */ \n"""'},
    "tone": {"enum": ["kind", 'very "kind"'], "default": "kind"},
    "first-name": {"required": False},
    "n": {"type": "integer"},
    "class": {"type": "object", "required": False},
}
SHADOWING: dict[str, Any] = {
    "dict": {"type": "object"},
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "list": {"type": "array", "description": "type: int"},
    "Literal": {"enum": ["😀", "b"]},
    "name": {"type": "boolean"},
    "object": {"enum": ["c"], "required": False},
    "prompt": {"description": "type: ignore"},
    "str": {},
    "value": {"type": "messages"},
    "values": {"required": False},
}
CHAT = [{"role": "system", "content": "Be {{tone}}."}, {"type": "placeholder", "name": "history"}]


@pytest.fixture
def prepared(cli: RemoteCli) -> RemoteCli:
    text = "{{customer}} {{tone}} {{first-name}} {{n}} {{class}} {{other}}"
    cli.create("support-reply", text, variables=CONTRACT)
    cli.create("support_reply", "{{a}}")
    cli.create("chat", CHAT)
    cli.create("1-class", "No variables")
    cli.run("pull")
    return cli


def written(cli: RemoteCli, option: str, file: str) -> Path:
    finished = cli.run("stubs", option, "--output", file)
    assert (finished.returncode, finished.stdout) == (0, f"{file} has types for 4 prompts.\n")
    return cli.folder / file


def mypy_output(cli: RemoteCli) -> str:
    """What mypy says of a program and of the module."""
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", "cache", "use.py", "prompts_typed.py"],
        cwd=cli.folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    ).stdout


def errors_of(output: str) -> list[int]:
    """Return the numbers of the lines in which a checker found an error."""
    return sorted({int(number) for number in re.findall(r"^use\.(?:ts\(|py:)(\d+)[,:](?! note)", output, re.MULTILINE)})


def test_functions_compile_prompts_of_all_names(prepared: RemoteCli) -> None:
    module = runpy.run_path(str(written(prepared, "--python", "prompts_typed.py")))
    assert module["__all__"] == ["PromptName", "_1_class", "chat", "support_reply", "support_reply_2"]
    text = "{{customer}} {{tone}} {{first-name}} {{n}} {{class}} {{other}}"
    prompt = Prompt(Content("support-reply", text, None, 1, contract=CONTRACT), "support-reply", 1, None, "server", 0.0)
    assert module["support_reply"](prompt, customer="Acme", n=3) == "Acme kind  3  {{other}}"
    assert module["support_reply"](prompt, customer="Acme", n=3, tone='very "kind"', first_name="Ada", _class={"a": 1}) == (
        'Acme very "kind" Ada 3 {"a": 1} {{other}}'
    )


def test_mypy_accepts_what_fits_and_nothing_else(prepared: RemoteCli) -> None:
    written(prepared, "--python", "prompts_typed.py")
    good = [
        "from promptuary_client import Prompt",
        "from prompts_typed import PromptName, _1_class, chat, support_reply, support_reply_2",
        "def use(prompt: Prompt, name: PromptName) -> list[str]:",
        "    messages = chat(prompt, tone=1, history=[{'role': 'user', 'content': 'x'}])",
        "    texts = [support_reply(prompt, customer='Acme', n=3, tone='kind', first_name='Ada'), support_reply_2(prompt, a=[])]",
        "    return [*texts, _1_class(prompt), *map(str, messages), name]",
    ]
    bad = [
        "def misuse(prompt: Prompt) -> None:",
        "    support_reply(prompt, customer='Acme')",
        "    support_reply(prompt, custmer='Acme', n=3)",
        "    support_reply(prompt, customer='Acme', n='3')",
        "    support_reply(prompt, customer='Acme', n=3, tone='rude')",
        "    chat(prompt, tone='kind', history='none')",
        "    name: PromptName = 'other'",
    ]
    (prepared.folder / "use.py").write_text("\n".join([*good, *bad]) + "\n")
    output = mypy_output(prepared)
    assert errors_of(output) == [len(good) + number for number in range(2, len(bad) + 1)], output
    assert "prompts_typed.py" not in output


def test_mypy_accepts_variables_and_prompts_that_are_named_as_types_are(cli: RemoteCli) -> None:
    text = " ".join(f"{{{{{name}}}}}" for name in SHADOWING if name != "value")
    chat = [{"role": "user", "content": text}, {"type": "placeholder", "name": "value"}]
    cli.create("shadowing", chat, variables=SHADOWING)
    for name in ("list", "str", "values"):
        cli.create(name, "{{prompt}}")
    cli.run("pull")
    written(cli, "--python", "prompts_typed.py")
    call = "shadowing(prompt, dict={}, float=1.5, int=1, list=[], name=True, prompt='a', str='b', value=[]"
    lines = [
        "from promptuary_client import Prompt",
        "from prompts_typed import list_2, shadowing, str_2",
        "def use(prompt: Prompt) -> list[object]:",
        "    texts = [list_2(prompt, prompt=1), str_2(prompt, prompt='')]",
        f"    return [*texts, {call}, Literal='😀'), {call}, Literal='b', object='c', values='d')]",
        "def misuse(prompt: Prompt) -> None:",
        f"    {call}, Literal='c')",
        f"    {call}, Literal='b', object='d')",
    ]
    (cli.folder / "use.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    output = mypy_output(cli)
    assert errors_of(output) == [7, 8], output
    assert "prompts_typed.py" not in output


def test_typescript_accepts_what_fits_and_nothing_else(prepared: RemoteCli) -> None:
    if shutil.which("node") is None or not TSC.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    written(prepared, "--typescript", "prompts.d.ts")
    good = [
        'import type { PromptName, PromptVariables } from "./prompts";',
        "declare function compile<Name extends PromptName>(name: Name, values: PromptVariables[Name]): string;",
        'compile("support-reply", { customer: "Acme", n: 3, tone: "kind", "first-name": "Ada" });',
        'compile("chat", { tone: 1, history: [{ role: "user", content: "x" }] });',
        'compile("1-class", {});',
    ]
    bad = [
        'compile("support-reply", { customer: "Acme" });',
        'compile("support-reply", { custmer: "Acme", n: 3 });',
        'compile("support-reply", { customer: "Acme", n: "3" });',
        'compile("support-reply", { customer: "Acme", n: 3, tone: "rude" });',
        'compile("other", {});',
    ]
    (prepared.folder / "use.ts").write_text("\n".join([*good, *bad]) + "\n")
    program = [str(TSC), "--strict", "--noEmit", "--pretty", "false", "--types", "", "use.ts"]
    checked = subprocess.run(program, cwd=prepared.folder, capture_output=True, text=True, timeout=200, check=False)
    assert errors_of(checked.stdout) == [len(good) + number for number in range(1, len(bad) + 1)], checked.stdout


def test_stubs_are_of_what_was_pulled(prepared: RemoteCli) -> None:
    assert prepared.run("stubs").returncode == 2
    assert prepared.run("stubs", "--python", "--typescript").returncode == 2
    assert "interface PromptVariables" in prepared.run("stubs", "--typescript").stdout
    path = prepared.folder / "prompts" / "chat.md"
    path.write_text(path.read_text().replace("Be ", "Be very "))
    assert prepared.error("stubs", "--python") == "Files are not what was pulled: chat. Run promptuary verify."
