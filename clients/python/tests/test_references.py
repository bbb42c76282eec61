"""Prompts with references, fetched from a real server by both clients: assembled texts, their parts, and refusals."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import faults
import pytest
from builders import make_prompt
from client_service import EitherMaker, Service
from faults import Proxy
from promptuary.model.errors import NotFound
from promptuary.registry import labels
from promptuary.store.engine.database import Database

from promptuary_client import (
    ErrorEvent,
    InvalidRequestError,
    PromptKey,
    PromptReferenceError,
    Reference,
    ReferencedPromptError,
    RejectedError,
)

ENDS = [("Top: ", " Hello!"), ("", " Bye!"), ("", " Hello!")]
"""Beginning and end of the texts around a part."""


class Texts:
    """A part with the label `live`, and a prompt that follows it; the names belong to one test."""

    def __init__(self, service: Service) -> None:
        self.service = service
        mark = uuid4().hex[:12]
        self.part, self.parent, self.top = f"part-{mark}", f"parent-{mark}", f"top-{mark}"
        self.tag = f"@@@prompt:name={self.part}|label=live@@@"
        service.publish(self.part, "Be {{mood}}.")
        service.point(self.part, "live", 1)
        service.publish(self.parent, f"{self.tag} Hello!")
        service.publish(self.top, f"Top: @@@prompt:name={self.parent}|version=1@@@")

    def move(self, text: str) -> None:
        self.service.point(self.part, "live", self.service.publish(self.part, text))

    def break_rules(self, name: str, text: str, label: str) -> None:
        """Make a prompt whose references are checked by nothing, as an import does."""
        registry = self.service.registry
        database = Database(registry.database.engine, clock=registry.database.clock, reference_depth=0)
        with database.write() as tx:
            make_prompt(tx, registry.actor, name=name, prompt=text)
            labels.move_label(tx, registry.actor, name=name, label=label, version=1)

    def lose(self) -> None:
        """Leave the parent's first version with a reference to an archived prompt."""
        self.service.archive(self.top)
        self.service.publish(self.parent, "No reference.")
        self.service.archive(self.part)


@pytest.fixture
def texts(service: Service) -> Iterator[Texts]:
    texts = Texts(service)
    yield texts
    for name in (texts.top, texts.parent, texts.part):
        with contextlib.suppress(NotFound):
            service.archive(name)


def test_a_fetch_is_assembled_and_says_what_it_was_made_of(make_either: EitherMaker, texts: Texts) -> None:
    prompt = make_either().get(texts.top)
    assert (prompt.text, prompt.variables, prompt.version) == ("Top: Be {{mood}}. Hello!", ("mood",), 1)
    assert prompt.references == (Reference(texts.parent, 1), Reference(texts.part, 1, "live"))
    assert prompt.compile(mood="kind") == "Top: Be kind. Hello!"


def test_a_text_with_its_tags_is_fetched_and_kept_for_itself(make_either: EitherMaker, proxy: Proxy, texts: Texts) -> None:
    client = make_either(proxy.url, ttl=3600)
    raw, whole = client.get(texts.parent, resolve=False), client.get(texts.parent)
    assert (raw.text, raw.references, whole.text) == (f"{texts.tag} Hello!", (), "Be {{mood}}. Hello!")
    assert [client.get(texts.parent, resolve=value).source for value in (False, True)] == ["cache", "cache"]
    assert ["resolve" in head.partition("\r\n")[0] for head in proxy.requests] == [True, False]


def test_resolve_is_true_or_false(make_either: EitherMaker) -> None:
    with pytest.raises(ValueError, match="`resolve` is True or False"):
        make_either().get("greeting", resolve="no")


def test_a_prompt_without_references_has_none(make_either: EitherMaker) -> None:
    assert [make_either().get("greeting", **options).references for options in ({}, {"resolve": False})] == [(), ()]
    assert make_either().get("nothing", fallback="Hi!").references == ()


def test_a_refresh_gets_the_new_part_although_the_version_stays(make_either: EitherMaker, texts: Texts) -> None:
    client = make_either(ttl=0, max_stale=0)
    assert client.get(texts.top).text == "Top: Be {{mood}}. Hello!"
    texts.move("Be brief.")
    prompt = client.get(texts.top)
    assert (prompt.text, prompt.version, prompt.references[1]) == ("Top: Be brief. Hello!", 1, Reference(texts.part, 2, "live"))


def test_what_was_assembled_is_on_disk_with_its_references(
    make_either: EitherMaker, texts: Texts, proxy: Proxy, tmp_path: Path
) -> None:
    first = make_either(proxy.url)
    fetched = first.get(texts.top)
    raw = first.get(texts.top, resolve=False)
    first.until(lambda: len(list((tmp_path / "cache").rglob("*.prompt"))) == 2)
    proxy.fault = faults.server_error
    client = make_either(proxy.url)
    found, kept = client.get(texts.top), client.get(texts.top, resolve=False)
    assert (found.source, found.text, found.references) == ("disk", fetched.text, fetched.references)
    assert (kept.source, kept.text, kept.references) == ("disk", raw.text, ())


def test_a_part_that_is_gone_is_a_refusal_that_names_it(make_either: EitherMaker, texts: Texts) -> None:
    texts.lose()
    with pytest.raises(PromptReferenceError, match="which no longer exists") as caught:
        make_either().get(texts.parent, version=1)
    assert (caught.value.status, caught.value.reference_name) == (404, texts.part)
    assert isinstance(caught.value, RejectedError)
    texts.service.publish(texts.part, "{}")
    assert make_either().get(texts.parent, version=1, fallback="Hi!").source == "fallback"
    assert make_either().get(texts.parent, version=1, resolve=False).text == f"{texts.tag} Hello!"


def test_a_part_that_cannot_be_put_in_is_a_refusal_too(make_either: EitherMaker, texts: Texts) -> None:
    texts.lose()
    client = make_either()
    client.call("create", texts.part, {"not": "text"})
    client.call("move_label", texts.part, "live", version=1)
    with pytest.raises(PromptReferenceError, match="is not plain text") as caught:
        client.get(texts.parent, version=1)
    assert (caught.value.status, caught.value.reference_name) == (409, texts.part)


def test_known_content_stays_in_use_when_a_part_is_gone(make_either: EitherMaker, texts: Texts) -> None:
    events: list[ErrorEvent] = []
    client = make_either(ttl=0, max_stale=0, on_error=events.append)
    assert client.get(texts.parent, version=1).source == "server"
    texts.lose()
    prompt = client.get(texts.parent, version=1)
    assert (prompt.source, prompt.text) == ("cache", "Be {{mood}}. Hello!")
    ((error, has_content),) = [(event.error, event.has_content) for event in events]
    assert (type(error), has_content) == (PromptReferenceError, True)


def test_a_move_of_a_part_is_followed_by_all_that_it_changes(make_either: EitherMaker, texts: Texts) -> None:
    # An old version without a label is among the affected prompts of no change, but is served all the same.
    texts.service.publish(texts.parent, f"{texts.tag} Bye!")
    client = make_either(live=True, ttl=3600)
    wanted: list[dict[str, Any]] = [{"name": texts.top}, {"name": texts.parent}, {"name": texts.parent, "version": 1}]
    assert [client.get(**each).text for each in wanted] == [f"{text}Be {{{{mood}}}}.{end}" for text, end in ENDS]
    client.until(lambda: client.client.is_live)
    texts.move("Be brief.")
    client.until(lambda: [client.get(**each).text for each in wanted] == [f"{text}Be brief.{end}" for text, end in ENDS])
    assert client.get(texts.top).source == "cache"


def test_a_program_sees_the_move_of_a_part_that_it_made_itself_at_once(make_either: EitherMaker, texts: Texts) -> None:
    client = make_either(ttl=3600)
    assert client.get(texts.top).text == "Top: Be {{mood}}. Hello!"
    client.call("publish", texts.part, "Be brief.", base_version=1)
    client.call("move_label", texts.part, "live", version=2)
    assert client.get(texts.top).text == "Top: Be brief. Hello!"


def test_changes_that_references_forbid_name_the_prompts_in_the_way(make_either: EitherMaker, texts: Texts) -> None:
    client = make_either()
    for operation, arguments in (("archive", (texts.part,)), ("remove_label", (texts.part, "live"))):
        with pytest.raises(ReferencedPromptError, match=f"is referenced by {texts.parent}") as caught:
            client.call(operation, *arguments)
        assert (caught.value.status, caught.value.referencing_prompts) == (409, (texts.parent,))
    with pytest.raises(InvalidRequestError, match="does not exist") as refused:
        client.call("create", f"{texts.top}-new", "@@@prompt:name=missing-part|version=1@@@")
    assert refused.value.code == "reference_not_found"
    assert client.call("history", texts.parent).selected.content == f"{texts.tag} Hello!"


def test_prefetched_prompts_are_assembled_and_those_that_cannot_be_are_refused(make_either: EitherMaker, texts: Texts) -> None:
    label, broken = f"l-{uuid4().hex[:12]}", f"{texts.top}-broken"
    texts.service.point(texts.top, label, 1)
    texts.break_rules(broken, "Broken: @@@prompt:name=missing-part|version=1@@@", label)
    events: list[ErrorEvent] = []
    client = make_either(ttl=3600, on_error=events.append)
    result = client.call("prefetch", label=label)
    prompt = client.get(texts.top, label=label)
    assert (result.count, result.error, prompt.source, prompt.text) == (1, None, "cache", "Top: Be {{mood}}. Hello!")
    assert prompt.references == (Reference(texts.parent, 1), Reference(texts.part, 1, "live"))
    ((key, error),) = [(event.key, event.error) for event in events]
    assert key == PromptKey(broken, label=label)
    assert isinstance(error, PromptReferenceError)
    assert error.reference_name == "missing-part"
    assert client.get(broken, label=label, fallback="Hi!").source == "fallback"


def test_a_trace_tells_which_parts_were_served(make_either: EitherMaker, texts: Texts) -> None:
    attributes = make_either().get(texts.top).otel_attributes
    assert attributes["promptuary.prompt.references"] == [f"{texts.parent}@v1", f"{texts.part}@v1"]
