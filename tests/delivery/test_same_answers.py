"""Whatever is asked, the application that remembers answers and counts like one that does not: before, between, after writes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from builders import Api, Registry, make_api, make_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptuary.model.errors import RegistryError
from promptuary.model.usage import FetchKey
from promptuary.registry import archived, labels, prompts

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

WRONG_KEY = {"Authorization": "Bearer phx_wrong"}

values = st.sampled_from(
    ["", "1", "2", "3", "0", "-1", "x", "1.0", "99", "production", "latest", "Nope", "full", "preview", "none", "false", "true"]
)
queries = st.dictionaries(
    st.sampled_from(["version", "label", "content", "resolve", "token", "api_key", "unknown"]), values, max_size=3
)
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
    st.sampled_from(["create", "publish", "refer", "label", "archive", "archive", "restore"]),
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


def write(api: Api, step: tuple[str, str, int]) -> None:
    """Do what a step says, and let the application notice as it does when it has answered a write: notices may be late."""
    _write(api.registry, step)
    assert api.client.patch(api.path).status_code == 405


def _write(registry: Registry, step: tuple[str, str, int]) -> None:
    verb, name, number = step
    try:
        with registry.database.write() as tx:
            if verb == "create":
                make_prompt(tx, registry.actor, name=name)
            elif verb == "publish":
                prompts.publish_version(tx, registry.actor, name=name, base_version=number, prompt=f"text {number}")
            elif verb == "refer":
                part = NAMES[(NAMES.index(name) + number) % 3]
                text = f"@@@prompt:name={part}|label=production@@@ @@@prompt:name={part}|version=1@@@"
                prompts.publish_version(tx, registry.actor, name=name, base_version=number, prompt=text)
            elif verb == "label":
                labels.move_label(tx, registry.actor, name=name, label="production", version=number)
            elif verb == "restore":
                archived.restore_prompt(tx, registry.actor, name=name)
            else:
                prompts.archive_prompt(tx, registry.actor, name=name)
    except RegistryError:
        pass


def counted(api: Api) -> Counter[FetchKey]:
    """What was counted since the last call."""
    # The day may turn between the two applications.
    counts: Counter[FetchKey] = Counter()
    for fetch_count in api.usage.take():
        counts[fetch_count.fetch_key] += fetch_count.count
    return counts


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
    fast, slow = applications
    write(fast, ("create", "one", 1))
    for _ in range(2):
        fast.client.get("/api/projects/1/llm_prompts/name/one/")
    assert counted(fast).total() == 2
    for method in ("GET", "HEAD", "GET"):
        answers = [api.client.request(method, path) for api in applications]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content
    assert counted(fast) == counted(slow)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True)
@given(steps=st.lists(st.one_of(requests, writes), min_size=1, max_size=12))
def test_fast_and_slow_answers_are_equal(applications: tuple[Api, Api], steps: list[tuple[object, ...]]) -> None:
    fast, slow = applications
    asked = [step for step in steps if len(step) > 3]
    for step in steps:
        if len(step) == 3:
            write(fast, step)  # type: ignore[arg-type]
        for request in asked:
            assert answer(fast, request) == answer(slow, request)  # type: ignore[arg-type]
    assert counted(fast) == counted(slow)


def test_what_a_part_goes_through_is_seen_at_once_in_what_refers_to_it(applications: tuple[Api, Api]) -> None:
    fast, slow = applications
    steps = [
        ("create", "one", 1),
        ("create", "two", 1),
        ("label", "two", 1),
        ("refer", "one", 1),
        ("publish", "two", 1),
        ("label", "two", 2),
        ("label", "one", 2),
        ("archive", "two", 1),
        ("publish", "one", 2),
        ("label", "one", 3),
        ("archive", "two", 1),
        ("create", "two", 1),
        ("label", "two", 1),
        ("archive", "one", 1),
        ("restore", "one", 1),
    ]
    queries: tuple[dict[str, str], ...] = ({}, {"version": "2"}, {"label": "production"}, {"version": "2", "resolve": "false"})
    seen = set()
    for step in steps:
        write(fast, step)
        for query in queries:
            for _ in range(2):
                answers = [answer(api, ("GET", "projects", "1", "one", "/", query, {})) for api in applications]
                assert answers[0] == answers[1]
            seen.add((answers[0][0], answers[0][2][:0] if answers[0][0] == 404 else answers[0][2]))
    assert len(seen) > len(queries)
    assert counted(fast) == counted(slow)


@pytest.mark.parametrize("cache_megabytes", [256, 0])
def test_exactly_the_answered_gets_are_counted_with_and_without_memory(registry: Registry, cache_megabytes: int) -> None:
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
    with make_api(registry, cache_megabytes=cache_megabytes, rate_limit_reads="12/hour") as api:
        path = f"{api.path}name/greeting/?label=production"
        tag = api.client.get(path).headers["etag"]
        statuses = [api.client.get(path, headers={"If-None-Match": sent}).status_code for sent in (tag, "*", '"other"', tag)]
        statuses += [api.client.head(path).status_code for _ in range(3)]
        statuses += [api.client.get(f"{api.path}name/{name}/").status_code for name in ("missing", "missing")]
        statuses += [api.client.get(path, headers=headers).status_code for headers in ({"Accept": "text/html"}, WRONG_KEY)]
        statuses += [api.client.get(path).status_code for _ in range(5)]
        assert statuses == [304, 304, 200, 304, 200, 200, 200, 404, 404, 406, 401, 200, 200, 429, 429, 429]
        assert counted(api) == {(version.id, api.key.key.id, "production", ()): 7}
