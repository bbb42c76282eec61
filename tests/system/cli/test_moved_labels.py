"""``prompt label`` sends where it has seen the label, so that nobody's move is undone unseen."""

import json

import httpx2
from answering import Answer, answering
from desks import Desk


def test_a_label_that_is_moved_between_look_and_move_is_left(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.publish("greeting", 1, prompt="Two")
    desk.label("greeting", "production", 1)

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "PUT":
            assert json.loads(body)["expected_version"] == 1
            desk.api.delete("name/greeting/labels/production/")
        headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"}
        answer = httpx2.request(method, f"{desk.host}{path}", headers=headers, content=body)
        return answer.status_code, {}, answer.content

    with answering(respond) as host:
        sentence = desk.error("prompt", "label", "greeting", "production", "--version", "2", host=host)
    assert sentence == "production of greeting was removed in the meantime. Check the label, then run the command again."
    assert desk.api.get("name/greeting/?label=production").status_code == 404


def test_a_label_that_is_moved_between_look_and_removal_is_left(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.publish("greeting", 1, prompt="Two")
    desk.label("greeting", "production", 1)

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "DELETE":
            desk.label("greeting", "production", 2)
        headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"}
        answer = httpx2.request(method, f"{desk.host}{path}", headers=headers, content=body)
        return answer.status_code, {}, answer.content

    with answering(respond) as host:
        sentence = desk.error("prompt", "label", "greeting", "production", "--remove", host=host)
    assert sentence == "production of greeting was moved to version 2 in the meantime. Check the label, then run the command again."
    assert desk.api.get("name/greeting/?label=production").json()["version"] == 2
