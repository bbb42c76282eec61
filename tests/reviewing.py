"""Members of a project who propose, review and merge change requests over the API."""

from typing import Any

from builders import Api, make_key, make_member
from httpx2 import Response
from sqlalchemy import select

from promptuary.model.access import Role, Scope
from promptuary.store.tables import change_requests

BODY: dict[str, Any] = {"title": "Warmer greeting", "moves": [{"name": "greeting", "label": "production", "version": 2}]}


def number_of(api: Api, request: int = 1) -> int:
    """Return the number of the first, second ... request of the project."""
    numbers = select(change_requests.c.id).where(change_requests.c.project_id == api.registry.project.id)
    with api.registry.database.read() as tx:
        found: list[int] = list(tx.connection.scalars(numbers.order_by(change_requests.c.id)))
    return found[request - 1]


def path_of(api: Api, request: int = 1) -> str:
    return f"{api.path}change_requests/{number_of(api, request)}/"


class Reviewer:
    """Another member of the project, and what they do to the first of its requests, or to another one."""

    def __init__(self, api: Api, role: Role = Role.EDITOR, *scopes: Scope) -> None:
        with api.registry.database.write() as tx:
            self.user = make_member(tx, api.registry.project, role=role)
            key = make_key(tx, self.user, *scopes)
        self.client: Any = api.client_with({"Authorization": f"Bearer {key.value}"})
        self._api = api

    def open(self, **body: object) -> Response:
        answer: Response = self.client.post(f"{self._api.path}change_requests/", json=BODY | body)
        return answer

    def approve(self, request: int = 1, revision: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}approve/", json={"revision": revision})
        return answer

    def merge(self, request: int = 1, revision: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}merge/", json={"revision": revision})
        return answer

    def do(self, action: str, request: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}{action}/")
        return answer

    def read(self, request: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(path_of(self._api, request)).json()
        return found


def protect(api: Api, **rule: object) -> None:
    admin = Reviewer(api, Role.ADMIN)
    answer = admin.client.post(f"{api.path}label_rules/", json={"pattern": "production", "approvals": 1} | rule)
    assert answer.status_code == 201, answer.text


def production(api: Api, name: str = "greeting") -> int | None:
    answer = api.client.get(f"{api.path}name/{name}/?label=production")
    return answer.json()["version"] if answer.status_code == 200 else None
