"""A login of a command, approved in a real browser, with and without scripts."""

import httpx2
import pytest
from chromium import NEEDS_CHROMIUM, open_context, overflow_of, violations_by_day_and_night
from playwright.sync_api import Browser, expect
from staging import AUTHOR, sign_in

pytestmark = NEEDS_CHROMIUM

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)])
def test_a_user_types_the_code_narrows_the_key_and_approves(browser: Browser, origin: str, width: int, *, scripts: bool) -> None:
    begun = httpx2.post(f"{origin}/api/oauth/device_authorization/", json={"device_name": "ada-laptop"}).json()
    with open_context(browser, origin, width=width, scripts=scripts) as context:
        page, _ = sign_in(context, AUTHOR)
        page.goto("/device/")
        page.get_by_label("Code").fill(begun["user_code"].lower())
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name=f"Code {begun['user_code']}")).to_be_visible()
        expect(page.get_by_label("Read and write prompts", exact=True)).to_be_checked()
        assert ((violations_by_day_and_night(page) if scripts else []), overflow_of(page)) == ([], 0)
        page.get_by_label("Read prompts", exact=True).check()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("The login on ada-laptop was approved.")).to_be_visible()
    body = {"grant_type": GRANT, "device_code": begun["device_code"]}
    token = httpx2.post(f"{origin}/api/oauth/token/", data=body).json()
    assert token["scope"] == "llm_prompt:read"
    assert httpx2.get(f"{origin}/api/users/@me/", headers={"Authorization": f"Bearer {token['access_token']}"}).status_code == 200
