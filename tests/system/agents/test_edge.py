"""Who gets through to the protocol, as HTTP shows it."""

import json
import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from agent import EARLIER, MODERN, connected, reason
from agent_server import Served, serving
from builders import make_key, make_member
from serving import PROGRAM, wait_until

from promptuary.model.access import Role, Scope, operator
from promptuary.model.changes import ChangeKind
from promptuary.registry import prompts
from promptuary.registry.operator import keys, members, projects
from promptuary.store import changes
from promptuary.store.engine.database import Database

ACCEPT = {"Accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
BEGIN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def post(served: Served, message: Any = PING, *, key: str | None = None, path: str = "/mcp", **headers: str) -> httpx2.Response:
    sent = {"Authorization": f"Bearer {key or served.editor_key}"} | ACCEPT
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(f"{served.url}{path}", json=message, headers=sent, timeout=60)


def test_a_known_key_is_let_through_under_both_spellings_of_the_address(served: Served) -> None:
    for path in ("/mcp", "/mcp/"):
        assert post(served, path=path).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_refusals_are_errors_of_the_protocol_with_the_apis_own_beside_them(served: Served) -> None:
    answer = httpx2.post(f"{served.url}/mcp", json=PING, headers=ACCEPT)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    sentence = "Authentication credentials were not provided."
    body = {"type": "authentication_error", "code": "not_authenticated", "detail": sentence, "attr": None}
    assert answer.json() == {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": sentence, "data": body}}


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_clients_are_told_that_their_key_is_wrong(served: Served, mode: str) -> None:
    with pytest.raises(BaseExceptionGroup) as caught, connected(served.url, "phx_wrong", mode=mode):
        pass
    assert reason(caught.value) == "Personal API key found in request Authorization header is invalid."


def test_keys_in_the_query_and_cookies_let_nobody_in(served: Served) -> None:
    for path, cookie in ((f"/mcp?personal_api_key={served.editor_key}", ""), ("/mcp", "promptuary=anything")):
        answer = httpx2.post(f"{served.url}{path}", json=PING, headers=ACCEPT | {"Cookie": cookie})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example:8000",
        "null",
        "http://[::1",
        "file://localhost",
        "https://prompts.example",
    ],
)
def test_pages_of_other_sites_are_refused_whatever_host_they_name(served: Served, origin: str) -> None:
    host = origin.partition("//")[2] or "x"
    answer = post(served, Origin=origin, Host=host if host.isascii() and "[" not in host else "x")
    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "Requests from pages of other origins are refused.")


@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1", "http://[::1]:8000"])
def test_pages_of_this_machine_may_ask(served: Served, origin: str) -> None:
    assert post(served, Origin=origin).status_code == 200


def test_pages_of_the_servers_own_address_may_ask(prepared_url: str, tmp_path: Path) -> None:
    with serving(prepared_url, tmp_path, public_url="https://prompts.example") as served:
        assert post(served, Origin="https://prompts.example").status_code == 200
        assert post(served, Origin="http://prompts.example").status_code == 403


def test_other_methods_are_told_which_there_are(served: Served) -> None:
    answer = httpx2.put(f"{served.url}/mcp", json=PING)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, POST")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"jsonrpc": "2.0"}', b"\xff", b"[" * 100_000, b'{"id": 1e999}'])
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28", "tomorrow"])
def test_what_is_no_message_is_a_bad_request(served: Served, body: bytes, version: str) -> None:
    headers = {"Authorization": f"Bearer {served.editor_key}", "Content-Type": "application/json", "MCP-Protocol-Version": version}
    answer = httpx2.post(f"{served.url}/mcp", content=body, headers=headers | ACCEPT)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_body_beyond_the_limit_is_refused(served: Served) -> None:
    answer = post(served, {"x": "y" * 8 * 1024 * 1024})
    assert (answer.status_code, answer.json()["error"]["message"]) == (413, "Request body must be 8388608 bytes or fewer.")


def test_a_client_that_leaves_amid_its_message_harms_nobody(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert post(served).status_code == 200


def test_the_project_is_the_headers_the_querys_or_the_one_that_the_key_means(served: Served) -> None:
    database = Database.open(served.database_url)
    with database.write() as tx:
        first, other = (projects.create_project(tx, name=name) for name in ("First", "Other"))
        user = make_member(tx, first)
        members.set_member(tx, project_id=other.id, email=user.email, role=Role.VIEWER)
        for_all, for_other = make_key(tx, user).value, make_key(tx, user, project_ids=[other.id]).value
        prompts.create_prompt(tx, operator(other.id), name="only-here", prompt="x")
    database.close()
    get = {"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "only-here"}}

    def finds(key: str, **how: str) -> bool:
        return "result" in post(served, get, key=key, **how).json()

    assert not finds(for_all)
    assert finds(for_other)
    assert finds(for_all, path=f"/mcp?project_id={other.id}")
    assert finds(for_all, x_posthog_project_id=str(other.id))
    refused = post(served, key=for_all, path=f"/mcp?project_id={served.project_id}")
    assert (refused.status_code, refused.json()["error"]["message"]) == (403, "You don't have access to the project.")
    limited = post(served, key=for_other, path=f"/mcp?project_id={first.id}").json()["error"]["message"]
    assert limited == f"API key does not have access to the requested project: ID {first.id}."
    assert post(served, key=for_all, x_posthog_project_id="nonsense").json()["error"]["message"] == "Project not found."


def test_an_empty_label_is_refused_and_does_not_mean_the_latest_versions(served: Served) -> None:
    refused = post(served, path="/mcp?label=")
    sentence = "The label is empty. Name one, or remove `label` for the latest versions."
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, sentence)


def test_a_key_that_may_only_read_writes_nothing(served: Served) -> None:
    database = Database.open(served.database_url)
    with database.write() as tx:
        user = make_member(tx, projects.get_project(tx, served.project_id), role=Role.ADMIN)
        key = make_key(tx, user, Scope.READ).value
    database.close()
    with connected(served.url, key) as agent:
        refusal = agent.refusal("llma-prompt-create", name="unwritten", prompt="x")
        assert refusal == "API key missing required scope 'llm_prompt:write'"


def test_a_revoked_key_is_out_with_its_next_message(served: Served) -> None:
    database = Database.open(served.database_url)
    with database.write() as tx:
        key = make_key(tx, make_member(tx, projects.get_project(tx, served.project_id)))
    assert post(served, key=key.value).status_code == 200
    with database.write() as tx:
        keys.revoke_key(tx, key.key.id)
    database.close()
    assert post(served, key=key.value).status_code == 401


def test_messages_are_limited_like_requests_of_the_api(prepared_url: str, tmp_path: Path) -> None:
    limits: dict[str, Any] = {"rate_limit_reads": "8/hour", "rate_limit_writes": "1/hour", "rate_limit_bad_keys": "1/hour"}
    with serving(prepared_url, tmp_path, **limits) as served:
        with connected(served.url, served.editor_key) as agent:
            agent.result("llma-prompt-create", name="one", prompt="x")
            assert agent.refusal("llma-prompt-create", name="two", prompt="x").startswith("Request was throttled.")
        answers = [post(served) for _ in range(8)]
        bad = [post(served, key="phx_wrong").status_code for _ in range(2)]
        metrics = httpx2.get(f"{served.url}/metrics").text
    assert (answers[-1].status_code, int(answers[-1].headers["retry-after"]) > 0) == (429, True)
    assert answers[-1].json()["error"]["message"].startswith("Request was throttled.")
    assert bad == [401, 429]
    assert 'route="/mcp/",status="429"' in metrics


def test_requests_have_ids_and_lines_in_the_log_without_secrets(served: Served) -> None:
    answer = post(served, x_request_id="agent-asks")
    assert answer.headers["x-request-id"] == "agent-asks"
    wait_until(lambda: "agent-asks" in served.server.output)
    line = next(line for line in served.server.output.splitlines() if "agent-asks" in line)
    told = json.loads(line)
    assert (told["path"], told["status"]) == ("/mcp", 200)
    assert served.editor_key not in served.server.output


def test_writes_of_agents_are_in_the_change_log_with_key_and_request(served: Served) -> None:
    create = {"name": "logged", "prompt": "x"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "llma-prompt-create", "arguments": create}}
    assert post(served, message, x_request_id="agent-writes").json()["result"]["isError"] is False
    database = Database.open(served.database_url)
    with database.read() as tx:
        change = next(change for change in changes.list_changes(tx, limit=1000) if change.by.request_id == "agent-writes")
    database.close()
    assert (change.kind, change.prompt_name, change.by.key_id is not None) == (ChangeKind.PROMPT_CREATED, "logged", True)


def test_any_name_of_a_session_is_as_good_as_none(served: Served) -> None:
    begun = post(served, BEGIN)
    assert begun.json()["result"]["capabilities"]["prompts"] == {"listChanged": True}
    name = begun.headers["mcp-session-id"]
    assert post(served, mcp_session_id=name).status_code == 200
    assert post(served, mcp_session_id="another").status_code == 200
    headers = {"Authorization": f"Bearer {served.editor_key}", "Mcp-Session-Id": name}
    assert httpx2.delete(f"{served.url}/mcp", headers=headers).status_code == 204
    assert post(served, mcp_session_id=name).status_code == 200


def test_what_agents_get_counts_as_fetched(prepared_url: str, tmp_path: Path) -> None:
    with serving(prepared_url, tmp_path, usage_seconds="1") as served:
        with connected(served.url, served.editor_key) as agent:
            agent.result("llma-prompt-create", name="counted", prompt="x")
            agent.result("llma-prompt-get", prompt_name="counted")
            agent.prompt("counted")
        path = f"{served.url}/api/projects/@current/llm_prompts/name/counted/usage/"
        headers = {"Authorization": f"Bearer {served.editor_key}"}
        wait_until(lambda: httpx2.get(path, headers=headers).json()["fetches"] == 2)


def test_servers_without_the_package_say_so(prepared_url: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'mcp' else find(name, package)\n"
    )
    program = ("env", f"PYTHONPATH={tmp_path}", *PROGRAM)
    with serving(prepared_url, tmp_path, program=program) as served:
        answer = post(served)
        assert answer.json()["error"]["message"] == "This server was installed without MCP. Install promptuary[mcp]."
        assert answer.status_code == 404
