"""Whatever is asked, the application that remembers answers like one that does not: before, between and after writes."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from builders import Api, Registry, make_api, make_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptuary.model.errors import Refusal
from promptuary.registry import labels, prompts

NAMES = ["one", "two", "three-with-a-longer-name", "nowhere", "a%2Fb", "%00", "new", ""]
HEADERS = [
    {},
    {"Accept": "application/json"},
    {"Accept": "text/html"},
    {"Accept": "*/*;q=0.5"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"x", W/"y"'},
    {"Authorization": "Bearer phx_wrong"},
    {"Authorization": "bearer"},
    {"Authorization": ""},
    {"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
]

values = st.sampled_from(
    ["", "1", "2", "3", "0", "-1", "x", "1.0", "99", "production", "latest", "Nope", "full", "preview", "none"]
)
queries = st.dictionaries(st.sampled_from(["version", "label", "content", "token", "api_key", "unknown"]), values, max_size=3)
requests = st.tuples(
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PATCH"]),
    st.sampled_from(["projects", "environments"]),
    st.sampled_from(["1", "1", "1", "@current", "2", "01", "x"]),
    st.sampled_from(NAMES),
    st.sampled_from(["/", "", "//"]),
    queries,
    st.sampled_from(HEADERS),
)
writes = st.tuples(
    st.sampled_from(["create", "publish", "label", "archive"]),
    st.sampled_from(["one", "two", "three-with-a-longer-name"]),
    st.integers(1, 3),
)


@pytest.fixture
def applications(registry: Registry) -> Iterator[tuple[Api, Api]]:
    """One application that remembers and one that does not, over the same database."""
    with ExitStack() as stack:
        fast = stack.enter_context(make_api(registry))
        slow = stack.enter_context(make_api(registry, cache_megabytes=0))
        slow.client.headers["Authorization"] = fast.client.headers["Authorization"]
        yield fast, slow


def answer(api: Api, request: tuple[str, str, str, str, str, dict[str, str], dict[str, str]]) -> tuple[int, dict[str, str], bytes]:
    method, prefix, project, name, end, query, headers = request
    path = f"/api/{prefix}/{project}/llm_prompts/name/{name}{end}"
    response = api.client.request(method, path, params=query, headers=headers)
    kept = {header: value for header, value in response.headers.items() if header != "x-request-id"}
    return response.status_code, kept, response.content


def write(registry: Registry, step: tuple[str, str, int]) -> None:
    verb, name, number = step
    try:
        with registry.database.write() as tx:
            if verb == "create":
                make_prompt(tx, registry.actor, name=name)
            elif verb == "publish":
                prompts.publish_version(tx, registry.actor, name=name, base_version=number, prompt=f"text {number}")
            elif verb == "label":
                labels.move_label(tx, registry.actor, name=name, label="production", version=number)
            else:
                prompts.archive_prompt(tx, registry.actor, name=name)
    except Refusal:
        pass


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/1/llm_prompts/name/one/",
        "/api/projects/1/llm_prompts/name/on%65/",
        "/api/projects/1/llm_prompts%2Fname/one/",
        "/api%2fprojects/1/llm_prompts/name/one",
        "//api/projects/1/llm_prompts/name/one",
        "/api/projects/1/llm_prompts/name/one//",
        "/api/projects/1//llm_prompts/name/one",
        "/API/projects/1/llm_prompts/name/one",
        "/api/projects/%31/llm_prompts/name/one",
        "/api/projects/1/llm_prompts/name/one/?version=%31",
        "/api/projects/1/llm_prompts/name/one/?version=1&version=",
        "/api/projects/1/llm_prompts/name/one/?VERSION=1",
        "/api/projects/1/llm_prompts/name/one/?label=%20",
        "/api/projects/1/llm_prompts/name/one/?token=%20",
        "/api/projects/1/llm_prompts/name/one/?version=\u0661",
    ],
)
def test_odd_spellings_are_answered_alike_when_the_plain_one_is_remembered(applications: tuple[Api, Api], path: str) -> None:
    fast, _ = applications
    write(fast.registry, ("create", "one", 1))
    for _ in range(2):
        fast.client.get("/api/projects/1/llm_prompts/name/one/")
    for method in ("GET", "HEAD", "GET"):
        answers = [api.client.request(method, path) for api in applications]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True)
@given(steps=st.lists(st.one_of(requests, writes), min_size=1, max_size=12))
def test_fast_and_slow_answers_are_equal(applications: tuple[Api, Api], steps: list[tuple[object, ...]]) -> None:
    fast, slow = applications
    asked = [step for step in steps if len(step) > 3]
    for step in steps:
        if len(step) == 3:
            write(fast.registry, step)  # type: ignore[arg-type]
        for request in asked:
            assert answer(fast, request) == answer(slow, request)  # type: ignore[arg-type]
