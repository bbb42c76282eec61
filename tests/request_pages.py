"""Shared by the tests of protected labels and change requests: rules, requests and members behind the pages."""

from browsing import signed_in_browser
from builders import Api, make_actor, make_member
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import make, path, publish
from web_forms import Fields, form_of

from promptuary.model.access import Actor, Role
from promptuary.registry import change_requests, label_rules, labels, prompts
from promptuary.registry.request_merging import WantedPosition


class Person:
    """A member of the project with a browser."""

    def __init__(self, web: Api, role: Role) -> None:
        with web.registry.database.write() as tx:
            self.user = make_member(tx, web.registry.project, role=role)
        self.actor: Actor = make_actor(web.registry.project, self.user, role=role)
        self.browser: TestClient = signed_in_browser(web, self.user)


def prepare(web: Api) -> None:
    """Make a prompt with two versions, of which the first is in production."""
    make(web)
    publish(web, base=1, prompt="one\nzwei\nthree\n")
    move(web, 1)


def move(web: Api, version: int, *, label: str = "production", name: str = "greeting") -> None:
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name=name, label=label, version=version)


def protect(web: Api, *, pattern: str = "production", approvals: int = 1, **rule: object) -> int:
    """Make a rule as an admin does and return its id."""
    admin = make_actor(web.registry.project, web.registry.user, role=Role.ADMIN)
    with web.registry.database.write() as tx:
        return label_rules.add_rule(tx, admin, pattern=pattern, approvals=approvals, **rule).id  # type: ignore[arg-type]


def propose(
    web: Api, version: int | None = 2, *, by: Actor | None = None, title: str = "Warmer", merges_itself: bool = False
) -> int:
    """Open a request for production of the prompt and return its number."""
    with web.registry.database.write() as tx:
        request = change_requests.open_request(
            tx,
            by or web.registry.actor,
            title=title,
            description="Because.\n\n  It is <b>kinder</b>.",
            positions=[WantedPosition("greeting", "production", version)],
            merges_itself=merges_itself,
        )
    return request.id


def production(web: Api, name: str = "greeting") -> int | None:
    with web.registry.database.read() as tx:
        pointers = prompts.fetch_prompt(tx, web.registry.actor, name).prompt_labels
    return next((pointer.version for pointer in pointers if pointer.name == "production"), None)


def shown_form(web: Api, browser: TestClient, request_id: int = 1) -> Fields:
    """The form of a request's page, as it carries what was seen."""
    return form_of(browser.get(path(web, f"requests/{request_id}/")), path(web, f"requests/{request_id}/approve/"))


def do(web: Api, browser: TestClient, action: str, fields: Fields, request_id: int = 1) -> Response:
    """Send a form of a request's page."""
    return browser.post(path(web, f"requests/{request_id}/{action}/"), data=fields)
