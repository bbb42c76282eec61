"""What the tests of a project's pages share: prompts behind the pages, and what pages say."""

import html
import re

from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response

from promptuary.registry import prompts


def path(web: Api, rest: str) -> str:
    return f"/projects/{web.registry.project.id}/{rest}"


def make(web: Api, *, name: str = "greeting", prompt: object = "one\ntwo\nthree\n", config: object = None) -> None:
    with web.registry.database.write() as tx:
        prompts.create_prompt(tx, web.registry.actor, name=name, prompt=prompt, config=config)


def publish(web: Api, *, base: int, prompt: object, name: str = "greeting", config: object = prompts.UNCHANGED) -> None:
    with web.registry.database.write() as tx:
        prompts.publish_version(tx, web.registry.actor, name=name, base_version=base, prompt=prompt, config=config)


def latest(web: Api, name: str = "greeting") -> tuple[int, str, dict[str, object] | None]:
    with web.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, name)
    return version.version, version.text, version.config


def text_of(response: Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", response.text)).split())


def headline(response: Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.text, re.DOTALL)
    assert found is not None
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", found[1])).split())


def follow(browser: TestClient, response: Response) -> str:
    """Follow a redirect as browsers do, and return the notice of the page it leads to."""
    assert response.status_code == 303, text_of(response)
    shown = browser.get(response.headers["location"])
    assert shown.status_code == 200
    notice = re.search(r'<p class="notice" role="status"[^>]*>(.*?)</p>', shown.text)
    return html.unescape(notice[1]) if notice else ""
