from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from builders import Api, Registry, make_api, make_prompt


def _fill(registry: Registry, count: int) -> None:
    with registry.database.write() as tx:
        for number in range(count):
            make_prompt(tx, registry.actor, name=f"p{number:04}")


def _page(api: Api, query: str, **headers: str) -> Any:
    answer = api.client.get(f"{api.path}?content=none&order_by=name&{query}", headers=headers)
    assert answer.status_code == 200
    return answer.json()


def _numbers(page: Any) -> list[int]:
    return [int(row["name"][1:]) for row in page["results"]]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("limit=2", [0, 1]),
        ("limit=2&offset=2", [2, 3]),
        ("limit=2&offset=4", [4]),
        ("limit=2&offset=9", []),
        ("limit=2&offset=-1", [0, 1]),
        ("limit=2&offset=x", [0, 1]),
        ("limit=2&offset=", [0, 1]),
        ("limit=0&offset=3", [3, 4]),
        ("limit=-3&offset=3", [3, 4]),
        ("limit=x&offset=3", [3, 4]),
        ("limit=1.5&offset=3", [3, 4]),
        ("limit=&offset=3", [3, 4]),
        (f"limit={'9' * 5000}", [0, 1, 2, 3, 4]),
        (f"limit={10**30}", [0, 1, 2, 3, 4]),
        (f"offset={10**30}", []),
        (f"offset={2**31}", []),
        ("limit=1&limit=2", [0, 1]),
    ],
)
def test_limit_and_offset_are_never_an_error(api: Api, query: str, numbers: list[int]) -> None:
    _fill(api.registry, 5)
    page = _page(api, query)
    assert (page["count"], _numbers(page)) == (5, numbers)


def test_a_page_has_100_prompts_by_default_and_at_most_1000(sqlite_api: Api) -> None:
    _fill(sqlite_api.registry, 1001)
    assert len(_page(sqlite_api, "")["results"]) == 100
    assert len(_page(sqlite_api, "limit=0")["results"]) == 100
    biggest = _page(sqlite_api, "limit=5000")
    assert (biggest["count"], len(biggest["results"])) == (1001, 1000)
    assert biggest["next"] == f"http://testserver{sqlite_api.path}?content=none&limit=1000&offset=1000&order_by=name"


def test_following_next_visits_every_prompt_once_and_previous_leads_back(api: Api) -> None:
    _fill(api.registry, 7)
    first = _page(api, "limit=3")
    second = api.client.get(first["next"]).json()
    third = api.client.get(second["next"]).json()
    assert _numbers(first) + _numbers(second) + _numbers(third) == [*range(7)]
    assert (first["previous"], third["next"]) == (None, None)
    assert api.client.get(third["previous"]).json() == second
    assert api.client.get(second["previous"]).json()["results"] == first["results"]


def test_links_keep_the_query_sorted_and_encoded(sqlite_api: Api) -> None:
    _fill(sqlite_api.registry, 3)
    token = sqlite_api.registry.project.api_token
    page = sqlite_api.client.get(f"{sqlite_api.path}?token={token}&search=p%26%C3%A9&limit=1&offset=1&content=preview").json()
    assert page["next"] is None
    assert page["previous"] == (f"http://testserver{sqlite_api.path}?content=preview&limit=1&search=p%26%C3%A9&token={token}")
    page = sqlite_api.client.get(f"{sqlite_api.path}?token={token}&search=p0&label=&limit=1&offset=1&unknown=1").json()
    assert page["next"] == f"http://testserver{sqlite_api.path}?label=&limit=1&offset=2&search=p0&token={token}&unknown=1"


def test_links_keep_every_value_of_a_parameter_that_is_sent_several_times(sqlite_api: Api) -> None:
    _fill(sqlite_api.registry, 3)
    query = "unknown=b&unknown=&limit=9&unknown=a&search=no&search=p0&limit=1&offset=1&a=%26"
    page = sqlite_api.client.get(f"{sqlite_api.path}?{query}").json()
    kept = "a=%26&limit=1{}&search=no&search=p0&unknown=b&unknown=&unknown=a"
    assert page["next"] == f"http://testserver{sqlite_api.path}?{kept.format('&offset=2')}"
    assert page["previous"] == f"http://testserver{sqlite_api.path}?{kept.format('')}"
    assert sqlite_api.client.get(page["next"]).json()["count"] == page["count"] == 3


def test_links_name_the_limit_that_was_used(sqlite_api: Api) -> None:
    _fill(sqlite_api.registry, 101)
    query = dict(parse_qsl(urlsplit(_page(sqlite_api, "limit=nonsense")["next"]).query))
    assert (query["limit"], query["offset"]) == ("100", "100")


@pytest.mark.parametrize(
    ("offset", "expected"), [(1, "?limit=2"), (2, "?limit=2"), (3, "?limit=2&offset=1"), (4, "?limit=2&offset=2")]
)
def test_previous_leaves_out_an_offset_of_0(sqlite_api: Api, offset: int, expected: str) -> None:
    _fill(sqlite_api.registry, 5)
    page = sqlite_api.client.get(f"{sqlite_api.path}?limit=2&offset={offset}").json()
    assert page["previous"] == f"http://testserver{sqlite_api.path}{expected}"


@pytest.mark.parametrize("path", ["/api/environments/@current/llm_prompts/", "/api/projects/@current/llm_prompts"])
def test_links_keep_the_spelling_of_the_path(sqlite_api: Api, path: str) -> None:
    _fill(sqlite_api.registry, 2)
    page = sqlite_api.client.get(f"{path}?limit=1").json()
    assert urlsplit(page["next"]).path == path
    assert len(sqlite_api.client.get(page["next"]).json()["results"]) == 1


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("prompts.example.com", "http://prompts.example.com"),
        ("prompts.example.com:8443", "http://prompts.example.com:8443"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("evil.example.com/path?x=", "http://testserver:80"),
        ("user@evil.example.com", "http://testserver:80"),
    ],
)
def test_links_begin_with_the_host_that_was_asked(sqlite_api: Api, host: str, origin: str) -> None:
    _fill(sqlite_api.registry, 2)
    assert _page(sqlite_api, "limit=1", Host=host)["next"].startswith(f"{origin}/api/")


def test_forwarded_headers_are_not_believed_unless_told_so(sqlite_api: Api) -> None:
    _fill(sqlite_api.registry, 2)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.com"}
    assert _page(sqlite_api, "limit=1", **forwarded)["next"].startswith("http://testserver/")


def test_forwarded_headers_of_a_trusted_proxy_make_the_origin(sqlite_registry: Registry) -> None:
    _fill(sqlite_registry, 2)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "prompts.example.com"}
    with make_api(sqlite_registry, trust_forwarded=True) as api:
        assert _page(api, "limit=1", **forwarded)["next"].startswith("https://prompts.example.com/api/")
        assert _page(api, "limit=1")["next"].startswith("http://testserver/api/")


@pytest.mark.parametrize(
    "public_url", ["https://prompts.example.com", "https://prompts.example.com/", "https://example.com/prompts"]
)
def test_a_public_url_wins_over_everything(sqlite_registry: Registry, public_url: str) -> None:
    _fill(sqlite_registry, 2)
    with make_api(sqlite_registry, public_url=public_url, trust_forwarded=True) as api:
        page = _page(api, "limit=1", **{"X-Forwarded-Host": "other.example.com"})
    assert page["next"].startswith(f"{public_url.rstrip('/')}{api.path}?")
