"""The unmodified `posthog` package against a real server process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders import Registry, make_key, make_prompt, make_registry
from posthog import Posthog
from posthog.ai.prompts import PromptFetchError, PromptResult, Prompts
from serving import Server, running_server

from promptuary.model.access import Scope
from promptuary.model.accounts import NewKey, Project
from promptuary.registry import labels, prompts
from promptuary.registry.operator import keys
from promptuary.store.engine.database import Database

CONFIG = {"model": "small-model", "temperature": 0.5, "stop": ["\n"]}
MANY = 260
TAG = "@@@prompt:name=greeting|label=production@@@"

# Over at once, but not zero, which would switch the client's cool-down off.
BRIEF: Any = 1e-6


@dataclass(frozen=True)
class Service:
    """A server over a database with 260 prompts, one of them (`greeting`) with three versions, labels and a config."""

    registry: Registry
    server: Server
    key: NewKey

    @property
    def project(self) -> Project:
        return self.registry.project

    def prompts(self, *, key: str | None = None, token: str | None = None, host: str | None = None) -> Prompts:
        return Prompts(
            personal_api_key=self.key.value if key is None else key,
            project_api_key=self.project.api_token if token is None else token,
            host=self.server.url if host is None else host,
        )


def _fill(registry: Registry, *, count: int) -> NewKey:
    actor = registry.actor
    with registry.database.write() as tx:
        make_prompt(tx, actor, name="greeting", prompt="Hello, {{name}}!", versions=2)
        prompts.publish_version(tx, actor, name="greeting", base_version=2, prompt="Grüß Gott, {{name}}!", config=CONFIG)
        labels.move_label(tx, actor, name="greeting", label="production", version=2)
        make_prompt(tx, actor, name="messages", prompt=[{"role": "system", "content": "Sei höflich."}])
        make_prompt(tx, actor, name="parent", prompt=f"{TAG} {{{{more}}}}")
        for number in range(count - 3):
            make_prompt(tx, actor, name=f"prompt-{number}", versions=2)
            labels.move_label(tx, actor, name=f"prompt-{number}", label="staging", version=1)
        return make_key(tx, registry.user, Scope.READ)


@pytest.fixture(scope="module")
def service(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    database = Database.open(module_url)
    registry = make_registry(database)
    key = _fill(registry, count=MANY)
    with running_server(module_url, tmp_path_factory.mktemp("service") / "output.txt") as server:
        yield Service(registry, server, key)
    database.close()


def test_the_latest_version_is_fetched_with_its_metadata(service: Service) -> None:
    assert service.prompts().get("greeting", with_metadata=True) == PromptResult(
        source="api", prompt="Grüß Gott, {{name}}!", name="greeting", version=3, label=None, config=CONFIG
    )


def test_a_version_is_fetched_by_its_number(service: Service) -> None:
    assert service.prompts().get("greeting", version=1, with_metadata=True) == PromptResult(
        source="api", prompt="Hello, {{name}}!", name="greeting", version=1, label=None, config=None
    )


def test_a_version_is_fetched_by_its_label(service: Service) -> None:
    assert service.prompts().get("greeting", label="production", with_metadata=True) == PromptResult(
        source="api", prompt="Hello, {{name}}! v2", name="greeting", version=2, label="production", config=None
    )


def test_a_prompt_comes_as_a_string_and_compiles(service: Service) -> None:
    client = service.prompts()
    assert client.compile(client.get("greeting", with_metadata=False), {"name": "Dev"}) == "Grüß Gott, Dev!"


def test_a_chat_prompt_comes_as_json_text(service: Service) -> None:
    assert service.prompts().get("messages", with_metadata=False) == '[{"role": "system", "content": "Sei höflich."}]'


def test_a_prompt_comes_with_the_texts_of_its_references_and_the_client_notices_nothing(service: Service) -> None:
    assert service.prompts().get("parent", with_metadata=True) == PromptResult(
        source="api", prompt="Hello, {{name}}! v2 {{more}}", name="parent", version=1, label=None, config=None
    )
    # Lists have tags, there as here.
    assert service.prompts().get_all()["parent"].prompt == f"{TAG} {{{{more}}}}"


def test_a_second_get_comes_from_the_cache(service: Service) -> None:
    client = service.prompts()
    sources = [client.get("greeting", with_metadata=True).source for _ in range(2)]
    assert sources == ["api", "cache"]


def test_the_uuid_of_an_old_version_stands_for_the_name_of_its_prompt(service: Service) -> None:
    with service.registry.database.read() as tx:
        old = prompts.fetch_prompt(tx, service.registry.actor, "greeting", version=1)
    result = service.prompts().get(old.id, with_metadata=True)
    assert (result.name, result.version) == ("greeting", 3)


@pytest.mark.parametrize("ending", ["", "/"])
def test_the_host_may_end_with_a_slash(service: Service, ending: str) -> None:
    client = service.prompts(host=service.server.url + ending)
    assert client.get("greeting", with_metadata=True).source == "api"
    assert len(client.get_all()) == MANY


def test_the_prompts_of_a_posthog_client_are_the_same(service: Service) -> None:
    client = Posthog(service.project.api_token, host=service.server.url, secret_key=service.key.value, disabled=True)
    assert Prompts(client).get("greeting", with_metadata=True).version == 3


def test_all_prompts_come_at_their_latest_version_over_several_pages(service: Service) -> None:
    found = service.prompts().get_all()
    assert len(found) == MANY
    assert found["greeting"] == PromptResult(
        source="api", prompt="Grüß Gott, {{name}}!", name="greeting", version=3, label=None, config=CONFIG
    )
    assert {result.version for name, result in found.items() if name.startswith("prompt-")} == {2}


def test_all_prompts_with_a_label_come_at_their_labelled_version_over_several_pages(service: Service) -> None:
    found = service.prompts().get_all(label="staging")
    assert set(found) == {f"prompt-{number}" for number in range(MANY - 3)}
    assert {(result.version, result.label) for result in found.values()} == {(1, "staging")}


def test_prompts_fetched_together_fill_the_cache(service: Service) -> None:
    client = service.prompts()
    client.get_all(label="staging")
    assert client.get("prompt-7", label="staging", with_metadata=True).source == "cache"


def test_a_label_that_nothing_carries_gives_no_prompts(service: Service) -> None:
    assert service.prompts().get_all(label="nowhere") == {}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"name": "missing"}, 'Prompt "missing" not found'),
        ({"name": "greeting", "version": 9}, 'Prompt "greeting" version 9 not found'),
        ({"name": "greeting", "label": "staging"}, 'Prompt "greeting" label "staging" not found'),
        ({"name": "a/b c"}, 'Prompt "a/b c" not found'),
    ],
)
def test_what_does_not_exist_is_not_found(service: Service, wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said):
        service.prompts().get(**wanted, with_metadata=True)


def test_an_unknown_key_fails_to_authenticate(service: Service) -> None:
    client = service.prompts(key="phx_unknown")
    with pytest.raises(Exception, match='Authentication failed for prompt "greeting"'):
        client.get("greeting", with_metadata=True)
    with pytest.raises(Exception, match="Authentication failed for all prompts"):
        client.get_all()


def test_an_unknown_project_token_fails_to_authenticate(service: Service) -> None:
    with pytest.raises(Exception, match="Authentication failed"):
        service.prompts(token="phc_unknown").get("greeting", with_metadata=True)


def test_a_key_limited_to_another_project_is_denied_access(service: Service) -> None:
    other = make_registry(service.registry.database)
    with service.registry.database.write() as tx:
        key = make_key(tx, service.registry.user, Scope.READ, project_ids=[other.project.id])
    client = service.prompts(key=key.value)
    with pytest.raises(Exception, match='Access denied for prompt "greeting"'):
        client.get("greeting", with_metadata=True)
    with pytest.raises(Exception, match="Access denied for all prompts"):
        client.get_all()


def test_a_revoked_key_fails_to_authenticate_at_once(service: Service) -> None:
    with service.registry.database.write() as tx:
        key = make_key(tx, service.registry.user, Scope.READ)
    client = service.prompts(key=key.value)
    assert client.get("greeting", with_metadata=True).source == "api"
    with service.registry.database.write() as tx:
        keys.revoke_key(tx, key.key.id)
    with pytest.raises(Exception, match="Authentication failed"):
        client.get("messages", with_metadata=True)


def test_a_fallback_stands_in_for_a_prompt_that_does_not_exist(service: Service) -> None:
    assert service.prompts().get("missing", fallback="Hi!", with_metadata=True) == PromptResult(
        source="code_fallback", prompt="Hi!"
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_client_lives_through_the_end_of_the_server(registry: Registry, database_url: str, tmp_path: Path) -> None:
    key = _fill(registry, count=2)
    with running_server(database_url, tmp_path / "output.txt") as server:
        client = Service(registry, server, key).prompts()
        client.get("greeting", with_metadata=True, label="production")
    stale = client.get("greeting", with_metadata=True, label="production", cache_ttl_seconds=0)
    assert (stale.source, stale.prompt, stale.version) == ("stale_cache", "Hello, {{name}}! v2", 2)
    assert client.get("messages", fallback="Hi!", with_metadata=True).source == "code_fallback"
    with pytest.raises(Exception, match="refused"):
        client.get("messages", with_metadata=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_client_beyond_the_limit_of_reads_waits_as_long_as_it_is_told(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key = _fill(registry, count=2)
    with running_server(database_url, tmp_path / "output.txt", rate_limit_reads="1/hour") as server:
        client = Service(registry, server, key).prompts()
        sources = [client.get("greeting", with_metadata=True, cache_ttl_seconds=BRIEF).source for _ in range(4)]
        with pytest.raises(PromptFetchError, match="HTTP 429") as error:
            client.get("messages", with_metadata=True)
        with pytest.raises(PromptFetchError, match="HTTP 429"):
            client.get_all()
    assert sources == ["api", "stale_cache", "stale_cache", "stale_cache"]
    assert error.value.retry_after_seconds is not None
    assert 60 < error.value.retry_after_seconds <= 3600
    # One refused request for the stale prompt, which then cools down, one for the other prompt, one for the list.
    assert server.output.count('"status": 429') == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_everything_is_the_same_on_postgresql(registry: Registry, database_url: str, tmp_path: Path) -> None:
    key = _fill(registry, count=MANY)
    with running_server(database_url, tmp_path / "output.txt") as server:
        client = Service(registry, server, key).prompts()
        latest = client.get("greeting", with_metadata=True)
        labelled = client.get("greeting", label="production", with_metadata=True)
        everything = client.get_all()
    assert (latest.prompt, latest.version, latest.config) == ("Grüß Gott, {{name}}!", 3, CONFIG)
    assert (labelled.prompt, labelled.version, labelled.label) == ("Hello, {{name}}! v2", 2, "production")
    assert (len(everything), everything["greeting"]) == (MANY, latest)
