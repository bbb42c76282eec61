"""``prompt label`` sends where it has seen the label, so that nobody's move is undone unseen."""

import json

import httpx2
from answering import Answer, answering
from cli_harness import RemoteCli


def test_a_label_that_is_moved_between_look_and_move_is_left(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.publish("greeting", 1, prompt="Two")
    cli.label("greeting", "production", 1)

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "PUT":
            assert json.loads(body)["expected_version"] == 1
            cli.api.delete("name/greeting/labels/production/")
        headers = {"Authorization": f"Bearer {cli.key}", "Content-Type": "application/json"}
        answer = httpx2.request(method, f"{cli.host}{path}", headers=headers, content=body)
        return answer.status_code, {}, answer.content

    with answering(respond) as host:
        sentence = cli.error("prompt", "label", "greeting", "production", "--version", "2", host=host)
    assert sentence == "production of greeting was removed in the meantime. Check the label, then run the command again."
    assert cli.api.get("name/greeting/?label=production").status_code == 404


def test_a_label_that_is_moved_between_look_and_removal_is_left(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.publish("greeting", 1, prompt="Two")
    cli.label("greeting", "production", 1)

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "DELETE":
            cli.label("greeting", "production", 2)
        headers = {"Authorization": f"Bearer {cli.key}", "Content-Type": "application/json"}
        answer = httpx2.request(method, f"{cli.host}{path}", headers=headers, content=body)
        return answer.status_code, {}, answer.content

    with answering(respond) as host:
        sentence = cli.error("prompt", "label", "greeting", "production", "--remove", host=host)
    assert sentence == "production of greeting was moved to version 2 in the meantime. Check the label, then run the command again."
    assert cli.api.get("name/greeting/?label=production").json()["version"] == 2
