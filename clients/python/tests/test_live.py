"""Following changes as they happen, with both clients: what is served after a change, and what if there is no stream to follow."""

import gc
import logging
import os
import threading
import weakref
from typing import Any

import faults
import pytest
from client_service import ClientMaker, EitherClient, EitherMaker, Service
from faults import Proxy, Script
from serving import wait_until

from promptuary_client import ConfigurationError, NotFoundError, Promptuary
from promptuary_client.change_stream import ChangeStream
from promptuary_client.core import Core
from promptuary_client.follower import Follower
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings


def asked(proxy: Proxy, part: str = "/name/") -> int:
    """How many requests there were for what has this in its path."""
    return sum(part in head.partition("\r\n")[0] for head in proxy.requests)


@pytest.fixture
def script(proxy: Proxy) -> Script:
    """A stream that says nothing yet."""
    script = Script()
    proxy.fault = faults.on_changes(script)
    return script


def until_it_follows(client: Promptuary, proxy: Proxy) -> None:
    wait_until(lambda: client.is_live and len(proxy.answers) == 2)


def live(make: EitherMaker, proxy: Proxy, script: Script, *keys: dict[str, Any], **options: Any) -> EitherClient:
    """Make a client that knows keys, follows changes from cursor 5 on, and has asked for the keys again since. It never polls."""
    client = make(proxy.url, **({"live": True, "ttl": 3600} | options))
    for key in keys:
        client.get(**key)
    script.tell("ready", 5)
    client.until(lambda: client.client.is_live and len(proxy.answers) == 2 * len(keys))
    return client


def test_a_label_that_moves_is_followed_without_a_further_call(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    service.publish("labelled", "one")
    service.point("labelled", "live", 1)
    service.publish("labelled", "two")
    client = live(make_either, proxy, script, {"name": "labelled", "label": "live"})
    service.point("labelled", "live", 2)
    script.tell("change", 6, kind="label.moved", prompt_name="labelled", version=2, label="live", from_version=1, to_version=2)
    client.until(lambda: asked(proxy) == 3 and client.get("labelled", label="live").text == "two")
    assert client.get("labelled", label="live").source == "cache"


def test_a_publish_is_followed_and_what_it_does_not_concern_is_not_asked_for(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    service.publish("published", "one")
    client = live(make_either, proxy, script, {"name": "published"}, {"name": "published", "version": 1}, {"name": "greeting"})
    service.publish("published", "two")
    script.tell("change", 6, kind="prompt.published", prompt_name="published", version=2)
    client.until(lambda: client.get("published").text == "two")
    assert (client.get("published", version=1).text, client.get("greeting").version) == ("one", 3)
    assert asked(proxy) == 7


def test_an_archive_is_told_of_and_the_prompt_stays_in_use(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    service.publish("to-be-archived", "still here")
    events: list[Any] = []
    client = live(make_either, proxy, script, {"name": "to-be-archived"}, on_error=events.append)
    service.archive("to-be-archived")
    script.tell("change", 6, kind="prompt.archived", prompt_name="to-be-archived", version=1)
    client.until(lambda: bool(events))
    assert isinstance(events[0].error, NotFoundError)
    assert client.get("to-be-archived").text == "still here"


def test_a_prompt_that_was_missed_is_there_once_it_is_created(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    client = live(make_either, proxy, script, {"name": "made-live", "fallback": "Hello!"})
    service.publish("made-live", "Here I am.")
    script.tell("change", 6, kind="prompt.created", prompt_name="made-live", version=1)
    client.until(lambda: asked(proxy) == 3 and client.get("made-live", fallback="Hello!").text == "Here I am.")
    service.archive("made-live")


def test_a_change_before_the_stream_began_is_not_lost(make_either: EitherMaker, proxy: Proxy, service: Service) -> None:
    service.publish("early", "old")
    script = Script()
    proxy.fault = faults.on_changes(script)
    client = make_either(proxy.url, live=True, ttl=3600)
    assert client.get("early").text == "old"
    service.publish("early", "new")
    script.tell("ready", 5)
    client.until(lambda: client.get("early").text == "new")


def test_a_stream_that_ends_goes_on_behind_the_last_event(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    service.publish("resumed", "one")
    client = live(make_either, proxy, script, {"name": "resumed"})
    script.tell("change", 12, kind="prompt.created", prompt_name="another", version=1)
    script.pieces.append(None)
    client.until(lambda: asked(proxy, "/changes/") == 2)
    assert "last-event-id: 12" in proxy.requests[-1].lower()
    service.publish("resumed", "two")
    script.tell("ready", 12)
    script.tell("change", 13, kind="prompt.published", prompt_name="resumed", version=2)
    client.until(lambda: client.get("resumed").text == "two")
    # What it knew was not asked for again, because the stream went on without a gap.
    assert asked(proxy) == 3


@pytest.mark.parametrize("kind", ["reset", "change"])
def test_after_a_reset_or_what_it_does_not_understand_everything_is_asked_for_again(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script, kind: str
) -> None:
    names = [f"reset-{kind}-{number}" for number in range(3)]
    for name in names:
        service.publish(name, "old")
    client = live(make_either, proxy, script, *({"name": name} for name in names))
    for name in names:
        service.publish(name, "new")
    script.tell(kind, 90, kind=["no", "text"])
    client.until(lambda: {client.get(name).text for name in names} == {"new"})


@pytest.mark.parametrize(
    "fault",
    [
        faults.not_found,
        faults.login_page,
        faults.server_error,
        faults.too_many("3600"),
        faults.garbage,
        faults.cut,
        faults.status(404, b"<html>nginx</html>", kind="text/html"),
    ],
)
def test_without_a_stream_content_is_refreshed_as_usual_and_that_is_told_once(
    make_either: EitherMaker, proxy: Proxy, service: Service, caplog: pytest.LogCaptureFixture, fault: faults.Fault
) -> None:
    service.publish("polled", "old")
    proxy.fault = faults.on_changes(fault)
    with caplog.at_level(logging.WARNING, logger="promptuary_client"):
        client = make_either(proxy.url, live=True, ttl=0)
        assert client.get("polled").text == "old"
        client.until(lambda: "The stream of changes failed" in caplog.text)
        service.publish("polled", "new")
        client.until(lambda: client.get("polled").text == "new")
    assert not client.client.is_live
    assert caplog.text.count("The stream of changes failed") == 1
    service.archive("polled")


def test_nobody_waits_while_a_change_is_looked_at(make_either: EitherMaker, proxy: Proxy, service: Service, script: Script) -> None:
    service.publish("held", "old")
    client = live(make_either, proxy, script, {"name": "held"})

    proxy.fault = faults.on_changes(script, others=proxy.hold)
    service.publish("held", "new")
    script.tell("change", 6, kind="prompt.published", prompt_name="held", version=2)
    client.until(lambda: asked(proxy) == 3)
    # Were this to wait for the server, it would be for a minute.
    assert (client.get("held").text, client.get("held").source) == ("old", "cache")
    proxy.released.set()
    client.until(lambda: client.get("held").text == "new")


def test_a_server_that_has_not_heard_of_the_change_yet_is_asked_again(
    make_either: EitherMaker, proxy: Proxy, service: Service, script: Script
) -> None:
    version = service.publish("lagging", "old")
    client = live(make_either, proxy, script, {"name": "lagging"})

    async def hold_what_follows(exchange: faults.Exchange) -> None:
        may_be_old = b"/changes/" not in exchange.request and asked(proxy) <= 3
        await (faults.no_fault if may_be_old else faults.on_changes(script, others=proxy.hold))(exchange)

    proxy.fault = hold_what_follows
    script.tell("change", 6, kind="prompt.published", prompt_name="lagging", version=version + 1)
    # The third request was answered with the old version, and the fourth waits until there is a new one.
    client.until(lambda: asked(proxy) == 4)
    service.publish("lagging", "new")
    proxy.released.set()
    client.until(lambda: client.get("lagging").text == "new")


@pytest.mark.parametrize("fault", [Script([b"id: 5\nevent: ready\ndata: {}\n\n"]), faults.hang, faults.drip_head])
def test_close_ends_what_follows_changes_whatever_it_waits_for(make_either: EitherMaker, proxy: Proxy, fault: faults.Fault) -> None:
    proxy.fault = faults.on_changes(fault)
    client = make_either(proxy.url, live=True)
    client.get("greeting")
    client.until(lambda: asked(proxy, "/changes/") >= 1)
    threads = [thread for thread in threading.enumerate() if thread.name == "promptuary-live"]
    client.call("close")
    # Were they to wait for the server, it would be for 45 seconds.
    client.until(lambda: not any(thread.is_alive() for thread in threads))
    assert client.get("greeting").version == 3
    assert not client.client.is_live


def test_a_client_that_is_not_used_any_more_is_let_go(service: Service, proxy: Proxy, script: Script) -> None:
    client = Promptuary(proxy.url, api_key=service.key.value, cache_dir=False, timeout=60, live=True)
    client.get("greeting")
    script.tell("ready", 5)
    until_it_follows(client, proxy)
    threads = [thread for thread in threading.enumerate() if thread.name == "promptuary-live"]
    gone = weakref.ref(client)
    del client
    wait_until(lambda: gc.collect() >= 0 and gone() is None and not any(thread.is_alive() for thread in threads))
    assert len(threads) == 1
    assert script.sent == 1


def test_a_child_process_follows_changes_itself(make_client: ClientMaker, proxy: Proxy, service: Service, script: Script) -> None:
    service.publish("forked", "one")
    client = make_client(proxy.url, live=True, ttl=3600)
    client.get("forked")
    script.tell("ready", 5)
    wait_until(lambda: client.is_live and len(proxy.answers) == 2)
    second = Script()
    proxy.fault = faults.on_changes(second)
    child = os.fork()
    if child == 0:
        try:
            good = not client.is_live and client.get("forked").text == "one"
            wait_until(lambda: client.is_live)
            client.close()
            os._exit(0 if good else 1)
        except BaseException:  # noqa: BLE001 - a child must not come back into the tests.
            os._exit(2)
    wait_until(lambda: asked(proxy, "/changes/") == 2)
    second.tell("ready", 5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # The parent's own stream is what it was.
    service.publish("forked", "two")
    script.tell("change", 6, kind="prompt.published", prompt_name="forked", version=2)
    wait_until(lambda: client.get("forked").text == "two")
    assert asked(proxy, "/changes/") == 2


def test_following_changes_needs_a_thread() -> None:
    with pytest.raises(ConfigurationError, match="live"):
        Promptuary("http://localhost", api_key="phx_a", threads=False, live=True)


class Faulty:
    """What a follower asks with, and a defect in it."""

    def __init__(self, settings: Settings) -> None:
        self.core = Core(settings)
        self.asked = 0
        self.use()

    def use(self) -> None:
        self.core.join(PromptKey("greeting"), 1.0)

    def revalidate(self, key: PromptKey) -> bool:
        self.asked += 1
        self.use()
        raise KeyError(key)


def test_a_defect_while_a_change_is_applied_is_logged_and_the_next_change_is_heard(
    proxy: Proxy, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(host=proxy.url, api_key="phx_key", live=True)
    program = Faulty(settings)
    follower = Follower(settings, ChangeStream(settings, program.core), program.revalidate)
    follower.start()
    script.tell("ready", 5)
    wait_until(lambda: program.asked == 1)

    def is_heard() -> bool:
        # The stream before may still take some of events.
        script.tell("reset", 6)
        return program.asked > 1

    wait_until(is_heard)
    follower.stop()
    follower.thread.join()
    assert "A defect of the client while following changes; it continues." in caplog.text
    assert "KeyError" in caplog.text


def test_who_waited_while_a_change_made_another_request_necessary_got_content_from_the_server() -> None:
    clock = iter(range(100))
    core = Core(Settings(host="http://127.0.0.1:9", api_key="phx_a"), clock=lambda: float(next(clock)))
    key, old, new = PromptKey("greeting"), Content("greeting", "old", None, 1), Content("greeting", "new", None, 2)
    first, _ = core.join(key, 1.0)
    core.invalidate(lambda *_: True)
    second, is_new = core.join(key, 1.0)
    assert is_new
    assert core.confirm(second, new)
    assert not core.confirm(first, old)
    assert (first.succeeded, second.succeeded, core.known(key)) == (True, True, new)
    # One that began after the content was confirmed, and was discarded, has confirmed nothing.
    core.finish(second)
    third, is_new = core.join(key, 1.0)
    assert is_new
    core.invalidate(lambda *_: True)
    assert not core.confirm(third, old)
    assert (third.succeeded, core.known(key)) == (False, new)
