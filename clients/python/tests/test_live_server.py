"""Following the changes of a real server, with both clients and without anything between them."""

from typing import Any

import pytest
from client_service import EitherClient, EitherMaker, Service

from promptuary_client import ChangeEvent, NotFoundError, PromptKey


@pytest.fixture
def make_live(make_either: EitherMaker) -> EitherMaker:
    """Make clients that follow changes and never poll."""

    def make(**options: Any) -> EitherClient:
        client = make_either(live=True, ttl=3600, **options)
        client.get("greeting")
        client.until(lambda: client.client.is_live)
        return client

    return make


def test_publishes_and_labels_that_move_are_served_without_polling(make_live: EitherMaker, service: Service) -> None:
    first = service.publish("followed", "old")
    service.point("followed", "live", first)
    client = make_live()
    assert (client.get("followed").text, client.get("followed", label="live").text) == ("old", "old")
    second = service.publish("followed", "new")
    client.until(lambda: client.get("followed").text == "new")
    assert client.get("followed", label="live").text == "old"
    service.point("followed", "live", second)
    client.until(lambda: client.get("followed", label="live").text == "new")
    assert client.get("followed", version=first).text == "old"


def test_an_archive_is_told_of(make_live: EitherMaker, service: Service) -> None:
    service.publish("archived-live", "still here")
    events: list[Any] = []
    client = make_live(on_error=events.append)
    client.get("archived-live")
    service.archive("archived-live")
    client.until(lambda: bool(events))
    assert (type(events[0].error), client.get("archived-live").text) == (NotFoundError, "still here")


def test_a_project_named_by_its_token_is_followed_too(make_live: EitherMaker, service: Service) -> None:
    service.publish("by-token", "old")
    client = make_live(project=service.registry.project.api_token)
    client.get("by-token")
    service.publish("by-token", "new")
    client.until(lambda: client.get("by-token").text == "new")


def test_the_program_hears_of_what_has_changed_in_order_and_with_the_new_content(make_live: EitherMaker, service: Service) -> None:
    first = service.publish("heard", "one {{x}}")
    service.point("heard", "live", first)
    heard: list[ChangeEvent] = []
    client = make_live(on_change=heard.append)
    for options in ({}, {"label": "live"}, {"version": first}):
        client.get("heard", **options)
    second = service.publish("heard", "two {{x}}")
    service.point("heard", "live", second)
    client.until(lambda: len(heard) == 2)
    published, moved = heard
    assert (published.name, published.label, published.version, published.previous_version) == ("heard", None, second, first)
    assert (moved.name, moved.label, moved.version, moved.previous_version) == ("heard", "live", second, first)
    assert (published.kind, moved.kind) == ("prompt.published", "label.moved")
    assert (published.prompt.compile(x=1), moved.key) == ("two 1", PromptKey("heard", label="live"))
    assert published.change is not None
    assert (published.change.name, published.change.actor) == ("heard", service.registry.user.email)
    # What it keeps serving is no change.
    service.archive("heard")
    service.publish("greeting-after", "x")
    assert client.get("heard", label="live").text == "two {{x}}"
    assert len(heard) == 2


def test_a_part_that_changes_is_a_change_of_the_whole(make_live: EitherMaker, service: Service) -> None:
    old = service.publish("changing-part", "old")
    service.point("changing-part", "live", old)
    service.publish("changing-whole", "It is @@@prompt:name=changing-part|label=live@@@.")
    heard: list[ChangeEvent] = []
    client = make_live(on_change=heard.append)
    client.get("changing-whole")
    version = client.get("changing-whole").version
    service.point("changing-part", "live", service.publish("changing-part", "new"))
    client.until(lambda: bool(heard))
    assert (heard[0].name, heard[0].version, heard[0].previous_version) == ("changing-whole", version, version)
    assert (heard[0].prompt.text, heard[0].change and heard[0].change.name) == ("It is new.", "changing-part")
