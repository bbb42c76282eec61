"""``promptuary mcp``: the same over standard input and output, by way of a server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from agent import EARLIER, MODERN, started
from agent_server import Served, serving
from mcp.shared.exceptions import MCPError
from ports import free_port
from serving import PROGRAM, environment, wait_until


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "promptuary", "mcp", *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_tools_and_prompts_are_those_of_the_server(served: Served, mode: str) -> None:
    name = f"io-{mode}"
    with started(served.url, served.editor_key, mode=mode) as agent:
        assert len(agent.tools()) == 25
        agent.result("llma-prompt-create", name=name, prompt="Hello {{who}}")
        assert agent.refusal("llma-prompt-create", name=name, prompt="x") == "A prompt with this name already exists."
        assert [prompt.name for prompt in agent.every_prompt() if prompt.name == name] == [name]
        assert [message.content.text for message in agent.prompt(name, who="Ada").messages] == ["Hello Ada"]  # type: ignore[union-attr]
        assert agent.error(name) == "No value was given for: who."
        assert agent.error("io-nobody").startswith("No prompt matching 'io-nobody'")


def test_agents_of_both_eras_hear_of_changes(served: Served) -> None:
    with (
        started(served.url, served.editor_key) as modern,
        started(served.url, served.editor_key, mode=EARLIER) as earlier,
        modern.listening() as next_event,
    ):
        earlier.prompts()
        modern.result("llma-prompt-create", name="io-heard", prompt="x")
        assert type(next_event()).__name__ == "PromptsListChanged"
        wait_until(lambda: bool(earlier.notices))
        assert type(earlier.notices[0]).__name__ == "PromptListChangedNotification"


def test_settings_choose_project_and_label(served: Served) -> None:
    with started(served.url, served.editor_key, project=str(served.project_id), label="io-label") as agent:
        agent.result("llma-prompt-create", name="io-labelled", prompt="x")
        agent.result("llma-prompt-create", name="io-unlabelled", prompt="x")
        agent.result("llma-prompt-label-set", prompt_name="io-labelled", label_name="io-label", version=1)
        assert [prompt.name for prompt in agent.prompts().prompts] == ["io-labelled"]


def test_what_keeps_it_from_beginning_is_one_sentence(served: Served) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    sentences = {
        "Error: Set PROMPTUARY_API_KEY to a personal API key (phx_...).\n": run(host=served.url),
        "Error: Personal API key found in request Authorization header is invalid.\n": run(host=served.url, api_key="phx_no"),
        "Error: Project not found.\n": run(host=served.url, api_key=served.editor_key, project="999"),
        f"Error: The server at {nowhere}/mcp cannot be reached: All connection attempts failed.\n": run(host=nowhere, api_key="x"),
        f"Error: There is no Promptuary that speaks MCP at {served.url}/x/mcp: it answered 404.\n": run(
            host=f"{served.url}/x", api_key="x"
        ),
    }
    for sentence, finished in sentences.items():
        assert (finished.stderr.decode(), finished.stdout, finished.returncode) == (sentence, b"", 1)


@pytest.mark.parametrize(("arguments", "settings"), [([], {"label": ""}), ([], {"label": " \t"}), (["--label", ""], {})])
def test_an_empty_label_is_refused_and_does_not_mean_the_latest_versions(
    served: Served, arguments: list[str], settings: dict[str, str]
) -> None:
    finished = run(*arguments, host=served.url, api_key=served.editor_key, **settings)
    assert re.fullmatch(
        r"Error: (PROMPTUARY_LABEL is empty|Label: Label names must be between 1 and 128 characters).*\n", finished.stderr.decode()
    )
    assert (finished.stdout, finished.returncode) == (b"", 1)


def test_it_ends_with_its_input_and_writes_nothing_but_messages(served: Served, tmp_path: Path) -> None:
    begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = ["nonsense", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin})]
    (tmp_path / "input").write_text("\n".join([*lines, ""]))
    with (tmp_path / "input").open() as messages:
        finished = subprocess.run(
            [sys.executable, "-m", "promptuary", "mcp", "--host", served.url],
            env=environment(api_key=served.editor_key),
            stdin=messages,
            capture_output=True,
            timeout=60,
            check=False,
        )
    answers = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [answer["result"]["serverInfo"]["name"] for answer in answers if answer.get("id") == 1] == ["promptuary"]
    assert (finished.returncode, b"Traceback" in finished.stderr) == (0, False)


def test_clients_that_look_for_a_way_to_sign_in_find_that_there_is_none(served: Served) -> None:
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server"):
        assert httpx2.get(f"{served.url}{path}").status_code == 404


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_it_outlives_a_restart_of_the_server(prepared_url: str, tmp_path: Path, mode: str) -> None:
    with serving(prepared_url, tmp_path) as served, started(served.url, served.editor_key, mode=mode) as agent:
        agent.result("llma-prompt-list")
        served.server.stop()
        with pytest.raises(MCPError, match=f"The server at {served.url}/mcp cannot be reached"):
            agent.call("llma-prompt-list")
        port = served.url.rpartition(":")[2]
        again = subprocess.Popen([*PROGRAM, "serve", f"--port={port}"], env=environment(database_url=prepared_url), cwd=tmp_path)
        served.server.process = again
        wait_until(served.server.is_ready)
        agent.result("llma-prompt-create", name="back", prompt="x")
        if mode == EARLIER:
            wait_until(lambda: bool(agent.notices))
