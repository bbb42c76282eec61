"""Signing in and out, and what a session is worth."""

from datetime import timedelta

import pytest
from browsing import COOKIE, PASSWORD, browser_of, give_cookie, give_password, open_browser, signed_in_browser
from builders import Api, Registry, make_api
from fastapi.testclient import TestClient
from httpx2 import URL
from sqlalchemy import select
from wire import Clock

from promptuary.model.access import Role
from promptuary.registry.operator import users
from promptuary.store.tables import sessions

REFUSED = "The e-mail address or password is incorrect."


pytestmark = pytest.mark.own_application


@pytest.fixture
def with_password(web: Api) -> Api:
    give_password(web, web.registry.user)
    return web


def sign_in(web: Api, browser: TestClient, password: str = PASSWORD, **fields: str) -> int:
    form = {"email": web.registry.user.email, "password": password} | fields
    return int(browser.post("/sign-in", data=form).status_code)


def is_signed_in(browser: TestClient) -> bool:
    return browser.get("/settings/").status_code == 200


def test_the_right_password_signs_in_and_leads_on(with_password: Api, stranger: TestClient) -> None:
    assert not is_signed_in(stranger)
    answer = stranger.post(
        "/sign-in",
        data={"email": f" {with_password.registry.user.email.upper()} ", "password": PASSWORD, "next": "/settings/?a=b"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/?a=b")
    assert is_signed_in(stranger)
    assert stranger.get("/sign-in?next=/settings/").headers["location"] == "/settings/"


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "wrong password"},
        {"password": ""},
        {"password": PASSWORD + " "},
        {"password": "x" * 60_000},
        {"password": "\0"},
        {"email": "nobody@example.com"},
        {"email": ""},
        {"email": "\0"},
        {"email": "x" * 60_000},
        {"email": "' OR 1=1 --"},
    ],
)
def test_anything_else_is_refused_with_one_and_the_same_sentence(
    with_password: Api, stranger: TestClient, fields: dict[str, str]
) -> None:
    answer = stranger.post("/sign-in", data={"email": with_password.registry.user.email, "password": PASSWORD} | fields)
    assert answer.status_code == 401
    assert REFUSED in answer.text
    assert "set-cookie" not in answer.headers
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("field", ["email", "password"])
def test_a_form_of_more_than_64_kib_is_not_read(with_password: Api, stranger: TestClient, field: str) -> None:
    fields = {"email": with_password.registry.user.email, "password": PASSWORD, field: "x" * 100_000}
    answer = stranger.post("/sign-in", data=fields)
    assert answer.status_code == 413
    assert "set-cookie" not in answer.headers


def test_a_user_without_a_password_or_who_is_disabled_is_refused_like_a_stranger(web: Api, stranger: TestClient) -> None:
    assert sign_in(web, stranger) == 401
    give_password(web, web.registry.user)
    with web.registry.database.write() as tx:
        users.disable_user(tx, email=web.registry.user.email)
    assert sign_in(web, stranger) == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\/evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example",
        " //evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "settings/",
        "/a\r\nSet-Cookie: x=y",
        "/\N{SNOWMAN}",
        "/a b",
        "",
    ],
)
def test_nobody_is_led_to_another_site(with_password: Api, stranger: TestClient, wanted: str) -> None:
    form = {"email": with_password.registry.user.email, "password": PASSWORD, "next": wanted}
    assert stranger.post("/sign-in", data=form).headers["location"] == "/"
    assert stranger.get("/sign-in", params={"next": wanted}).headers["location"] == "/"


@pytest.mark.parametrize("own", ["/", "/settings/", "/projects/1/prompts/?search=a%20b&x=//y"])
def test_own_addresses_are_led_to(with_password: Api, stranger: TestClient, own: str) -> None:
    form = {"email": with_password.registry.user.email, "password": PASSWORD, "next": own}
    assert stranger.post("/sign-in", data=form).headers["location"] == own


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(with_password: Api, stranger: TestClient) -> None:
    form = {"email": with_password.registry.user.email, "password": PASSWORD}
    [name, *attributes] = stranger.post("/sign-in", data=form).headers["set-cookie"].split("; ")
    assert name.startswith("promptuary=")
    assert len(name) == len("promptuary=") + 43
    assert sorted(attributes) == ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax"]


def test_by_https_the_cookie_is_for_https_and_this_host_only(with_password: Api) -> None:
    browser = open_browser(with_password)
    browser.base_url = URL("https://prompts.example.com")
    form = {"email": with_password.registry.user.email, "password": PASSWORD}
    [name, *attributes] = browser.post("/sign-in", data=form).headers["set-cookie"].split("; ")
    assert name.startswith("__Host-promptuary=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax", "Secure"]
    assert is_signed_in(browser)


def test_a_cookie_of_http_is_worth_nothing_by_https_and_the_other_way_round(web: Api, browser: TestClient) -> None:
    value = browser.cookies[COOKIE]
    assert is_signed_in(browser)
    secure = open_browser(web)
    secure.base_url = URL("https://prompts.example.com")
    secure.headers["Cookie"] = f"promptuary={value}"
    assert not is_signed_in(secure)
    secure.headers["Cookie"] = f"__Host-promptuary={value}"
    assert is_signed_in(secure)
    plain = open_browser(web)
    plain.headers["Cookie"] = f"__Host-promptuary={value}"
    assert not is_signed_in(plain)


def test_a_value_that_was_there_before_is_not_the_one_that_is_signed_in(with_password: Api, stranger: TestClient) -> None:
    give_cookie(stranger, "chosen-by-somebody-else")
    answer = stranger.post("/sign-in", data={"email": with_password.registry.user.email, "password": PASSWORD})
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    give_cookie(stranger, "chosen-by-somebody-else")
    assert not is_signed_in(stranger)


def test_signing_in_again_ends_the_session_that_the_browser_had(with_password: Api, browser: TestClient) -> None:
    before = browser.cookies[COOKIE]
    assert sign_in(with_password, browser) == 303
    after = browser.cookies[COOKIE]
    assert before != after
    assert is_signed_in(browser)
    old = open_browser(with_password)
    give_cookie(old, before)
    assert not is_signed_in(old)


def test_signing_out_ends_the_session_for_good(browser: TestClient) -> None:
    value = browser.cookies[COOKIE]
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    give_cookie(browser, value)
    assert not is_signed_in(browser)


def test_strangers_can_sign_out_and_nothing_happens(stranger: TestClient) -> None:
    assert stranger.post("/sign-out").status_code == 303


@pytest.mark.parametrize("value", ["", "x", "%00", "a" * 4000, '"quoted"', "é"])
def test_a_made_up_cookie_is_nobody(stranger: TestClient, value: str) -> None:
    assert stranger.get("/settings/", headers={b"Cookie": b"promptuary=" + value.encode()}).status_code == 303


def test_the_database_holds_no_value_of_a_cookie(web: Api, browser: TestClient) -> None:
    with web.registry.database.read() as tx:
        rows = tx.connection.execute(select(sessions)).all()
    assert len(rows) == 1
    assert browser.cookies[COOKIE] not in repr(rows)


def test_a_session_that_nobody_uses_ends_after_two_weeks_and_any_other_after_ninety_days(web: Api, clock: Clock) -> None:
    idle, used = (signed_in_browser(web, web.registry.user) for _ in range(2))
    for _ in range(6):
        clock.now += timedelta(days=13, hours=23)
        assert is_signed_in(used)
    assert not is_signed_in(idle)
    clock.now += timedelta(days=7)
    assert not is_signed_in(used)


def test_a_page_writes_that_a_session_is_in_use_once_in_five_minutes(web: Api, browser: TestClient, clock: Clock) -> None:
    def last_seen() -> object:
        with web.registry.database.read() as tx:
            return tx.connection.execute(select(sessions.c.last_seen_at)).scalar_one()

    begun = last_seen()
    clock.now += timedelta(minutes=5)
    browser.get("/settings/")
    assert last_seen() == begun
    clock.now += timedelta(seconds=1)
    browser.get("/settings/")
    assert last_seen() == clock.now


def test_a_session_ends_at_once_when_its_user_is_disabled(web: Api) -> None:
    browser = browser_of(web, Role.VIEWER)
    assert is_signed_in(browser)
    with web.registry.database.write() as tx:
        [viewer] = [user for user in users.list_users(tx, limit=10) if user.id != web.registry.user.id]
        users.disable_user(tx, email=viewer.email)
    assert not is_signed_in(browser)


def test_after_some_failures_there_is_a_pause_for_the_account_even_with_the_right_password(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="3/hour") as web:
        give_password(web, sqlite_registry.user)
        browser = open_browser(web)
        assert [sign_in(web, browser, "wrong") for _ in range(3)] == [401, 401, 401]
        answer = browser.post("/sign-in", data={"email": sqlite_registry.user.email, "password": PASSWORD})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 3600
        assert "Too many attempts" in answer.text


def test_an_address_that_tries_many_accounts_meets_the_limit_too(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="3/hour") as web:
        browser = open_browser(web)
        statuses = [sign_in(web, browser, email=f"user-{number}@example.com") for number in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_those_who_know_their_password_never_meet_the_limit(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="2/hour") as web:
        give_password(web, sqlite_registry.user)
        statuses = [sign_in(web, open_browser(web)) for _ in range(4)]
    assert statuses == [303] * 4
