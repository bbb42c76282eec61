"""The examples of `docs/files.md` fit the action, the hook and the parser of `promptuary.toml`."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from promptuary.files.configuration import parse_configuration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "files.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def _yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _block(name: str) -> Any:
    (text,) = (block for block in _blocks("yaml") if block.startswith(f"# {name}\n"))
    return _yaml(text)


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    action = _yaml((ROOT / "integrations" / "github" / "action.yml").read_text())
    steps = [step for job in _block(".github/workflows/prompts.yml")["jobs"].values() for step in job["steps"]]
    calls = [step.get("with", {}) for step in steps if "integrations/github" in step.get("uses", "")]
    assert [call.get("command", "check") for call in calls] == ["check", "plan", "apply", "sync"]
    assert {name for call in calls for name in call} <= set(action["inputs"])
    used = set(re.findall(r"steps\.sync\.outputs\.(\w+)", PAGE))
    assert used == set(action["outputs"])


def test_the_hook_and_the_jobs_of_the_examples_exist() -> None:
    hooks = {hook["id"] for hook in _yaml((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for repo in _block(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]} <= hooks
    jobs = _block(".gitlab-ci.yml")
    scripts = [line for job in ("review", "apply") for line in jobs[job]["script"]]
    assert scripts == ["promptuary check", "promptuary plan --format markdown", "promptuary apply"]


def test_every_example_of_the_configuration_is_valid() -> None:
    found = [parse_configuration(text.encode(), Path("promptuary.toml")) for text in _blocks("toml")]
    assert list(found[0].environments) == ["dev", "prod"]
    assert found[0].environments["prod"].label == "production"
    assert any(each.variables for each in found)
