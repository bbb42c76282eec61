"""Commands find the variables that programs fill in, by the cases that all of Promptuary has in common."""

import json
from pathlib import Path
from typing import Any

from cli_harness import RemoteCli

_FOLDER = Path(__file__).parents[2] / "vectors"
VARIABLES = json.loads((_FOLDER / "variables.json").read_text(encoding="utf-8"))
TEMPLATES = json.loads((_FOLDER / "templates.json").read_text(encoding="utf-8"))
VALUES = json.loads((_FOLDER / "values.json").read_text(encoding="utf-8"))


def declare(cli: RemoteCli, names: dict[str, list[str]]) -> None:
    lines = [f"{prompt} = {json.dumps(variables, ensure_ascii=False)}" for prompt, variables in names.items()]
    (cli.folder / "prompts/promptuary.toml").write_text("\n".join(["[variables]", *lines, ""]), encoding="utf-8")


def verified(cli: RemoteCli) -> dict[str, list[str]]:
    finished = cli.run("verify", "--json")
    found: dict[str, list[str]] = {}
    for each in json.loads(finished.stdout)["problems"]:
        found.setdefault(Path(each["file"]).stem, []).append(each["sentence"])
    return found


def test_verify_finds_the_variables_and_placeholders_of_the_vectors(cli: RemoteCli) -> None:
    cases = {f"v-{number}": case for number, case in enumerate([*VARIABLES, *TEMPLATES])}
    for name, case in cases.items():
        cli.create(name, case["content"] if "content" in case else case["text"])
    cli.json("pull")
    wanted = {name: [*case["variables"], *case.get("placeholders", ())] for name, case in cases.items()}
    declare(cli, wanted)
    assert verified(cli) == {}
    declare(cli, {key: [] for key in wanted})
    undeclared = {
        name: sorted(f"It has {{{{{each}}}}}, which is not declared." for each in names) for name, names in wanted.items()
    }
    assert verified(cli) == {name: sentences for name, sentences in undeclared.items() if sentences}


def test_what_is_declared_in_the_vectors_comes_back_from_files_as_it_was(cli: RemoteCli) -> None:
    declared: dict[str, Any] = {f"v-{number}": case["variables"] for number, case in enumerate(VALUES)}
    for (name, variables), case in zip(declared.items(), VALUES, strict=True):
        cli.create(name, case["content"], variables=variables)
    cli.json("pull")
    assert verified(cli) == {}
    for path in (cli.folder / "prompts").iterdir():
        if path.suffix in {".md", ".json"}:
            path.write_text(path.read_text(encoding="utf-8").replace("{{", "{{ "), encoding="utf-8")
    assert cli.run("push").returncode == 0
    published = {name: cli.latest(name) for name in declared}
    edited = json.loads(json.dumps(declared).replace("{{", "{{ "))
    assert {name: prompt["variables"] for name, prompt in published.items()} == edited
    assert {prompt["version"] for prompt in published.values()} == {1, 2}
