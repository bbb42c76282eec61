import pytest
from builders import Api, make_prompt
from wire import envelope, not_found, wire

from promptuary.registry import labels, prompts

ROUTES = {
    "": "GET, HEAD, POST",
    "name/greeting/": "GET, HEAD, PATCH",
    "resolve/name/greeting/": "GET, HEAD",
    "name/greeting/archive/": "POST",
    "name/greeting/duplicate/": "POST",
    "name/greeting/labels/production/": "DELETE, PUT",
}
OTHER_ROUTES = ["/_livez/", "/_readyz/", "/api/schema/", "/api/docs/", "/api/docs/swagger-ui.css/"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"]
LACKING = [(path, method) for path, allowed in ROUTES.items() for method in METHODS if method not in allowed.split(", ")]
READABLE = [path for path, allowed in ROUTES.items() if "GET" in allowed]


def _make_greeting(api: Api) -> str:
    with api.registry.database.write() as tx:
        version = make_prompt(tx, api.registry.actor)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)
    return version.id


@pytest.mark.parametrize(
    "prefix", ["/api/projects/1", "/api/projects/@current", "/api/environments/1", "/api/environments/@current"]
)
@pytest.mark.parametrize("slash", ["/", ""])
def test_both_prefixes_and_an_optional_slash_lead_to_every_read(own_sqlite_api: Api, prefix: str, slash: str) -> None:
    _make_greeting(own_sqlite_api)
    for path in READABLE:
        expected = own_sqlite_api.client.get(own_sqlite_api.path + path)
        answer = own_sqlite_api.client.get(f"{prefix}/llm_prompts/{path}".rstrip("/") + slash)
        assert (answer.status_code, answer.text) == (200, expected.text)


@pytest.mark.parametrize("prefix", ["/api/projects/1", "/api/environments/@current"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_both_prefixes_and_an_optional_slash_lead_to_every_write(own_sqlite_api: Api, prefix: str, slash: str) -> None:
    path = f"{prefix}/llm_prompts"
    client = own_sqlite_api.client
    statuses = [
        client.post(f"{path}{slash}", json={"name": "a", "prompt": "x"}).status_code,
        client.patch(f"{path}/name/a{slash}", json={"base_version": 1, "prompt": "y"}).status_code,
        client.put(f"{path}/name/a/labels/b{slash}", json={"version": 1}).status_code,
        client.delete(f"{path}/name/a/labels/b{slash}").status_code,
        client.post(f"{path}/name/a/duplicate{slash}", json={"new_name": "c"}).status_code,
        client.post(f"{path}/name/a/archive{slash}").status_code,
    ]
    assert statuses == [201, 200, 201, 204, 201, 204]


def test_no_read_redirects(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get(sqlite_api.path.rstrip("/"), follow_redirects=False)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", [*READABLE, "name/missing/", "?order_by=x", "?token=x", "name/greeting/?label=production"])
def test_head_is_get_without_the_body(sqlite_api: Api, path: str) -> None:
    _make_greeting(sqlite_api)
    by_get, by_head = sqlite_api.client.get(sqlite_api.path + path), sqlite_api.client.head(sqlite_api.path + path)
    assert by_head.content == b""
    assert by_head.status_code == by_get.status_code
    assert _lasting_headers(dict(by_head.headers)) == _lasting_headers(dict(by_get.headers))
    assert by_head.headers["content-length"] == str(len(by_get.content))


@pytest.mark.parametrize("path", ["/_livez", "/_readyz", "/api/schema/", "/api/docs/", "/api/docs/swagger-ui.css", "/nothing"])
def test_head_is_get_without_the_body_elsewhere_too(sqlite_api: Api, path: str) -> None:
    by_get, by_head = sqlite_api.client.get(path), sqlite_api.client.head(path)
    assert (by_head.status_code, by_head.content) == (by_get.status_code, b"")
    assert _lasting_headers(dict(by_head.headers)) == _lasting_headers(dict(by_get.headers))


def _lasting_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-request-id"}


@pytest.mark.parametrize(("path", "method"), LACKING)
def test_a_method_that_a_route_lacks_is_a_405_for_every_caller(sqlite_api: Api, path: str, method: str) -> None:
    expected = (
        "" if method == "HEAD" else wire(envelope("invalid_request", "method_not_allowed", f'Method "{method}" not allowed.'))
    )
    for client in (sqlite_api.client, sqlite_api.client_with({}), sqlite_api.client_with({"Authorization": "Bearer bad"})):
        answer = client.request(method, sqlite_api.path + path)
        assert (answer.status_code, answer.text) == (405, expected)
        assert answer.headers["allow"] == ROUTES[path]


@pytest.mark.parametrize("path", OTHER_ROUTES)
def test_all_other_routes_are_for_reading_only(sqlite_api: Api, path: str) -> None:
    answer = sqlite_api.client.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", METHODS)
def test_there_are_no_routes_by_id(sqlite_api: Api, method: str) -> None:
    version_id = _make_greeting(sqlite_api)
    for path in (f"{version_id}/", "greeting/", "1/", "name/", "resolve/", f"resolve/{version_id}/", "name/greeting/labels/"):
        assert sqlite_api.client.request(method, sqlite_api.path + path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "name/a%2Fb/"),
        ("GET", "name/a%2Farchive/"),
        ("POST", "name/greeting%2Farchive/"),
        ("POST", "name%2Fgreeting/archive/"),
        ("PUT", "name/greeting/labels%2Fx/"),
        ("DELETE", "name/greeting/labels/production%2f"),
        ("GET", "name/%2F/"),
        ("GET", "name/greeting%2F"),
    ],
)
def test_an_encoded_slash_matches_nothing(sqlite_api: Api, method: str, path: str) -> None:
    _make_greeting(sqlite_api)
    answer = sqlite_api.client.request(method, sqlite_api.path + path, json={"version": 1})
    assert (answer.status_code, answer.text) == (404, wire(not_found("Endpoint not found.")))


@pytest.mark.parametrize(
    "segment", ["%FF", "%ED%A0%80", "%C3", "%00", "..%00", "%25", "%20", "?", "%3F", "%23", "a" * 5000, "%F0%9F%A6%94"]
)
def test_any_other_segment_is_merely_a_name_that_nothing_has(api: Api, segment: str) -> None:
    reads = [f"name/{segment}/", f"resolve/name/{segment}/"] if segment != "?" else ["name/%3F/"]
    assert {api.client.get(api.path + path).status_code for path in reads} == {404}


@pytest.mark.parametrize("name", ["archive", "duplicate", "labels", "resolve", "name", "null", "0", "-", "_"])
def test_names_that_look_like_routes_are_names(sqlite_api: Api, name: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        prompts.create_prompt(tx, sqlite_api.registry.actor, name=name, prompt="x")
    assert sqlite_api.client.get(f"{sqlite_api.path}name/{name}/").json()["name"] == name
    assert sqlite_api.client.get(f"{sqlite_api.path}resolve/name/{name}/").json()["prompt"]["name"] == name
    assert sqlite_api.client.post(f"{sqlite_api.path}name/{name}/archive/").status_code == 204


def test_names_may_be_percent_encoded(sqlite_api: Api) -> None:
    _make_greeting(sqlite_api)
    assert sqlite_api.client.get(f"{sqlite_api.path}name/%67reeting/").json()["name"] == "greeting"
    assert sqlite_api.client.get("/api/projects/%40current/llm_prompts/name/greeting/").status_code == 200


def test_doubled_slashes_match_nothing(sqlite_api: Api) -> None:
    _make_greeting(sqlite_api)
    for path in ("/name/greeting/", "name//greeting/", "name/greeting//"):
        assert sqlite_api.client.get(sqlite_api.path + path).status_code == 404
