"""Whatever a caller sends, the answer is never a 5xx; whatever prompt was accepted, it comes back as it was."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from builders import Api, Registry, make_api, make_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The database stays the same between examples; no example relies on what another one left behind.
SHARED_DATABASE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

_numbers = count(1)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ANY_JSON = st.recursive(
    SCALARS, lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4), max_leaves=15
)
PROMPTS = ANY_JSON.filter(lambda value: value is not None)
FIELDS = ("name", "prompt", "config", "version_description", "edits", "base_version", "new_name", "version", "personal_api_key")
NEARLY_RIGHT = st.dictionaries(
    st.sampled_from(FIELDS),
    ANY_JSON
    | st.sampled_from(["greeting", 1, {}, [{"old": "H", "new": "J"}], [{"old": "e"}], [{}], "1", 2**31, 2**63, -1, "\0"])
    | st.text(max_size=10),
)
BODIES = [("POST", ""), ("PATCH", "name/greeting/"), ("POST", "name/greeting/duplicate/"), ("PUT", "name/greeting/labels/a/")]
TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", ""]


@pytest.fixture
def unlimited_api(registry: Registry) -> Iterator[Api]:
    """The application without rate limits and with a prompt "greeting"."""
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    with make_api(registry, rate_limit_writes="", rate_limit_bad_keys="") as api:
        yield api


def _send(api: Api, method: str, path: str, content: bytes, content_type: str = "application/json") -> Any:
    return api.client.request(method, api.path + path, content=content, headers={"Content-Type": content_type})


@pytest.mark.parametrize(("method", "path"), BODIES)
@given(body=ANY_JSON | NEARLY_RIGHT)
@SHARED_DATABASE
def test_no_json_body_is_answered_with_5xx(unlimited_api: Api, method: str, path: str, body: object) -> None:
    answer = _send(unlimited_api, method, path, json.dumps(body).encode())
    assert answer.status_code < 500
    assert answer.json()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(
    content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    content_type=st.sampled_from(TYPES),
    target=st.sampled_from(BODIES),
)
@SHARED_DATABASE
def test_no_bytes_are_answered_with_5xx(unlimited_api: Api, content: bytes, content_type: str, target: tuple[str, str]) -> None:
    assert _send(unlimited_api, *target, content, content_type).status_code < 500


@given(
    name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    query=st.dictionaries(
        st.sampled_from(
            [
                "version",
                "label",
                "content",
                "limit",
                "offset",
                "before_version",
                "version_id",
                "search",
                "order_by",
                "token",
                "created_by_id",
            ]
        ),
        TEXTS | st.integers().map(str),
    ),
)
@SHARED_DATABASE
def test_no_name_and_no_query_are_answered_with_5xx(unlimited_api: Api, name: str, query: dict[str, str]) -> None:
    for path in ("", f"name/{_quoted(name)}/", f"resolve/name/{_quoted(name)}/"):
        assert unlimited_api.client.get(unlimited_api.path + path, params=query).status_code < 500
    assert unlimited_api.client.delete(f"{unlimited_api.path}name/x/labels/{_quoted(name)}/").status_code == 404


def _quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


@given(prompt=PROMPTS, config=st.none() | st.dictionaries(TEXTS, ANY_JSON, max_size=4))
@SHARED_DATABASE
def test_every_prompt_and_config_comes_back_as_it_was(unlimited_api: Api, prompt: Any, config: Any) -> None:
    name = f"any-{next(_numbers)}"
    created = _send(unlimited_api, "POST", "", json.dumps({"name": name, "prompt": prompt, "config": config}).encode())
    assert created.status_code == 201
    fetched = unlimited_api.client.get(f"{unlimited_api.path}name/{name}/").json()
    assert fetched["prompt"] == (prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False))
    assert json.dumps(fetched["config"]) == json.dumps(config)


@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), data=st.data())
@SHARED_DATABASE
def test_any_part_of_a_prompt_finds_it_in_any_case(unlimited_api: Api, text: str, data: st.DataObject) -> None:
    name = f"any-{next(_numbers)}"
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    with unlimited_api.registry.database.write() as tx:
        make_prompt(tx, unlimited_api.registry.actor, name=name, prompt=text)
    for search in (part, part.casefold()):
        names = [row["name"] for row in unlimited_api.client.get(unlimited_api.path, params={"search": search}).json()["results"]]
        assert name in names
