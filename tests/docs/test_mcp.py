"""`docs/mcp.md` names every tool with its arguments, and what it sets up can be read by whom it is for."""

import json
import re
import tomllib
from pathlib import Path

from command_line import all_commands

from promptuary.agents.tools import TOOLS
from promptuary.cli.default_label import VARIABLE as LABEL_VARIABLE
from promptuary.cli.mcp import KEY_VARIABLE

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text()
ROWS = {
    row[1]: set(re.findall(r"`(\w+)`", row[2]))
    for row in re.finditer(r"^\| `(llma-[\w-]+)` \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE)
}


def test_the_table_has_every_tool_with_all_of_its_arguments() -> None:
    assert {name: arguments - {"none"} for name, arguments in ROWS.items()} == {
        tool.name: set(tool.input_schema["properties"]) for tool in TOOLS
    }


def test_configurations_can_be_read() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    assert all(json.loads(block) for block in blocks)
    (codex,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert tomllib.loads(codex)["mcp_servers"]["promptuary"]["bearer_token_env_var"] == KEY_VARIABLE


def test_the_table_of_variables_is_that_of_the_command() -> None:
    shown = dict(re.findall(r"^\| `(PROMPTUARY_\w+)` \| (?:`(--\w+)` )?\|", PAGE, re.MULTILINE))
    options = {parameter.envvar: parameter.opts[0] for parameter in all_commands()["mcp"].params if parameter.envvar}
    assert shown == {KEY_VARIABLE: "", LABEL_VARIABLE: "--label", **options}
