"""Fetching what programs got at a time of the past, with both clients."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from client_service import EitherMaker, Service
from faults import Proxy, status
from promptuary.registry import labels

from promptuary_client import ErrorEvent, InvalidRequestError, NotFoundError, Prompt, UnreachableError


@pytest.fixture(scope="module")
def then(service: Service) -> datetime:
    """The time at which `production` of `past` was at version 1; it is at version 2 now."""
    service.publish("past", "old {{name}}")
    service.point("past", "production", 1)
    service.publish("past", "new {{name}}")
    service.point("past", "production", 2)
    with service.registry.database.read() as tx:
        moves = labels.list_history(tx, service.registry.actor, name="past", label="production", limit=2).moves
    return moves[-1].created_at


def test_a_fetch_at_a_time_leaves_the_present_alone(make_either: EitherMaker, then: datetime) -> None:
    served: list[Prompt] = []
    client = make_either(ttl=3600, on_get=served.append)
    past = client.get("past", label="production", at=then)
    assert (past.text, past.version, past.label, past.source, past.age) == ("old {{name}}", 1, "production", "server", None)
    assert past.compile(name="Ada") == "old Ada"
    assert served == []
    present = client.get("past", label="production")
    assert (present.text, present.source) == ("new {{name}}", "server")
    again = client.get("past", label="production", at=then.astimezone(timezone(timedelta(hours=5))))
    assert (again.text, again.source) == ("old {{name}}", "server")
    assert client.get("past", label="production").source == "cache"
    assert client.get("past", at=then).version == 1


def test_a_list_and_a_history_are_of_a_time(make_either: EitherMaker, then: datetime) -> None:
    client = make_either()
    assert [row.content for row in client.call("list_prompts", search="past", label="production", at=then).prompts] == [
        "old {{name}}"
    ]
    history = client.call("history", "past", at=then)
    assert ([each.version for each in history.versions], history.selected.content) == ([1], "old {{name}}")
    assert [label.version for label in history.labels] == [1]
    for method, arguments in (("list_prompts", ()), ("history", ("past",))):
        with pytest.raises(ValueError, match="`at` is a datetime with a time zone"):
            client.call(method, *arguments, at=then.replace(tzinfo=None))


def test_the_past_is_not_on_disk(make_either: EitherMaker, then: datetime) -> None:
    make_either().get("past", label="production", at=then)
    offline = make_either(offline=True)
    with pytest.raises(UnreachableError):
        offline.get("past", label="production", at=then)
    with pytest.raises(UnreachableError):
        offline.get("past", label="production")


def test_the_token_of_a_project_looks_back_as_well(make_either: EitherMaker, service: Service, then: datetime) -> None:
    client = make_either(project=service.registry.project.api_token)
    assert client.get("past", label="production", at=then).version == 1


def test_what_does_not_fit_a_time_of_the_past_is_an_error(make_either: EitherMaker, then: datetime) -> None:
    client = make_either()
    naive: Any = then.replace(tzinfo=None)
    for at, options, message in (
        (naive, {}, "`at` is a datetime with a time zone"),
        ("2026-11-29", {}, "`at` is a datetime with a time zone"),
        (then, {"version": 1}, "Use either version or at, not both"),
        (then, {"fallback": "x"}, "Use either fallback or at, not both"),
    ):
        with pytest.raises(ValueError, match=message):
            client.get("past", at=at, **options)
    with pytest.raises(InvalidRequestError, match="The time is in the future"):
        client.get("past", at=datetime(2999, 1, 1, tzinfo=timezone.utc))
    with pytest.raises(NotFoundError):
        client.get("past", label="production", at=datetime(2020, 1, 1, tzinfo=timezone.utc))
    with pytest.raises(NotFoundError, match="No prompt can have the name"):
        client.get("a/b", at=then)


def test_an_older_server_is_not_asked_for_the_past(make_either: EitherMaker, then: datetime, proxy: Proxy) -> None:
    events: list[ErrorEvent] = []
    client = make_either(proxy.url, on_error=events.append)
    proxy.fault = status(404, b'{"type": "invalid_request", "code": "not_found", "detail": "Endpoint not found.", "attr": null}')
    with pytest.raises(InvalidRequestError, match="For `at`, the server needs the history of labels"):
        client.get("past", label="production", at=then)
    assert [request.split("?")[0].rpartition("/llm_prompts/")[2] for request in proxy.requests] == ["releases/"]
    assert events == []
