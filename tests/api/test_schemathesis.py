"""Schemathesis reads the OpenAPI document and calls every operation with what it allows and with what it does not."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from builders import Api, Registry, as_admin, bearer, make_api, make_key, make_member, make_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from whole_answers import AppClient, scope_of
from wire import Clock

from promptuary.model.access import Role
from promptuary.model.accounts import NewKey
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.model.webhooks import WebhookSettings
from promptuary.registry import labels, prompts, usage, webhooks
from promptuary.store.engine.database import Database

AnyCase = Case[Any]
Send = Callable[[AnyCase], Response]


PROMPTS = "/api/projects/{project_id}/llm_prompts/"
WEBHOOK = f"{PROMPTS}webhooks/{{webhook_id}}/"
WEBHOOK_ID = "6f1c7dd8-5c86-4e47-8a27-0f6c1d3f5a10"
OPERATIONS = [
    f"GET {PROMPTS}",
    f"POST {PROMPTS}",
    f"GET {PROMPTS}name/{{prompt_name}}/",
    f"PATCH {PROMPTS}name/{{prompt_name}}/",
    f"GET {PROMPTS}resolve/name/{{prompt_name}}/",
    f"POST {PROMPTS}name/{{prompt_name}}/archive/",
    f"POST {PROMPTS}name/{{prompt_name}}/duplicate/",
    f"PUT {PROMPTS}name/{{prompt_name}}/labels/{{label_name}}/",
    f"DELETE {PROMPTS}name/{{prompt_name}}/labels/{{label_name}}/",
    f"GET {PROMPTS}name/{{prompt_name}}/usage/",
    f"POST {PROMPTS}name/{{prompt_name}}/restore/",
    f"GET {PROMPTS}name/{{prompt_name}}/dependents/",
    f"GET {PROMPTS}export/",
    f"POST {PROMPTS}import/",
    f"GET {PROMPTS}changes/",
    f"GET {PROMPTS}name/{{prompt_name}}/labels/{{label_name}}/history/",
    f"POST {PROMPTS}name/{{prompt_name}}/labels/{{label_name}}/undo/",
    f"GET {PROMPTS}change_requests/",
    f"POST {PROMPTS}change_requests/",
    f"GET {PROMPTS}change_requests/{{request_id}}/",
    f"PATCH {PROMPTS}change_requests/{{request_id}}/",
    f"GET {PROMPTS}change_requests/{{request_id}}/preview/",
    f"POST {PROMPTS}change_requests/{{request_id}}/refresh/",
    f"POST {PROMPTS}change_requests/{{request_id}}/approve/",
    f"DELETE {PROMPTS}change_requests/{{request_id}}/approve/",
    f"POST {PROMPTS}change_requests/{{request_id}}/merge/",
    f"POST {PROMPTS}change_requests/{{request_id}}/close/",
    f"POST {PROMPTS}change_requests/{{request_id}}/comments/",
    f"GET {PROMPTS}label_rules/",
    f"POST {PROMPTS}label_rules/",
    f"PATCH {PROMPTS}label_rules/{{rule_id}}/",
    f"DELETE {PROMPTS}label_rules/{{rule_id}}/",
    f"POST {PROMPTS}promote/",
    f"GET {PROMPTS}releases/",
    f"GET {PROMPTS}releases/{{release_id}}/",
    f"POST {PROMPTS}releases/{{release_id}}/undo/",
    "GET /api/projects/{project_id}/",
]
WITHOUT_INPUT = [f"DELETE {WEBHOOK}", f"POST {WEBHOOK}rotate_secret/", f"POST {WEBHOOK}test/"]
WITHOUT_INPUT += [f"POST {WEBHOOK}deliveries/{{delivery_id}}/redeliver/"]
OPERATIONS += [
    f"GET {PROMPTS}webhooks/",
    f"POST {PROMPTS}webhooks/",
    f"GET {WEBHOOK}",
    f"PATCH {WEBHOOK}",
    f"GET {WEBHOOK}deliveries/",
]
OPERATIONS += WITHOUT_INPUT
KEYS = "/api/personal_api_keys/"
PROJECT = "/api/projects/{project_id}/"
MEMBERS = f"{PROJECT}members/"
WITHOUT_MISTAKES = [
    f"GET {KEYS}",
    f"GET {KEYS}{{key_id}}/",
    f"DELETE {KEYS}{{key_id}}/",
    "GET /api/users/@me/",
    f"PATCH {PROJECT}reset_token/",
    f"GET {MEMBERS}{{user_id}}/",
    f"DELETE {MEMBERS}{{user_id}}/",
    f"POST {MEMBERS}{{user_id}}/renew_invitation/",
]
OPERATIONS += WITHOUT_MISTAKES
OPERATIONS += [
    f"POST {KEYS}",
    "GET /api/projects/",
    "POST /api/projects/",
    f"PATCH {PROJECT}",
    f"GET {MEMBERS}",
    f"POST {MEMBERS}",
    f"POST {MEMBERS}invite/",
    f"PATCH {MEMBERS}{{user_id}}/",
    "POST /api/oauth/device_authorization/",
    "POST /api/oauth/token/",
]
NOTHING_TO_GET_WRONG = (
    "GET /api/projects/{project_id}/",
    f"GET {PROMPTS}change_requests/{{request_id}}/preview/",
    f"POST {PROMPTS}change_requests/{{request_id}}/refresh/",
    f"POST {PROMPTS}change_requests/{{request_id}}/close/",
    f"DELETE {PROMPTS}change_requests/{{request_id}}/approve/",
    f"DELETE {PROMPTS}label_rules/{{rule_id}}/",
    *WITHOUT_INPUT,
    *WITHOUT_MISTAKES,
)
CALLS = [
    *((operation, GenerationMode.POSITIVE) for operation in OPERATIONS),
    *((operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation not in NOTHING_TO_GET_WRONG),
]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NAMES = {
    "prompt_name": st.sampled_from(["greeting", "other", "archived"]),
    "label_name": st.sampled_from(["production", "staging"]),
    "webhook_id": st.just(WEBHOOK_ID),
    "delivery_id": st.sampled_from(["1", "2"]),
    "key_id": st.sampled_from(["@current", "missing"]),
    "user_id": st.sampled_from(["1", "2"]),
}
NO_RANDOM_KEYS = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})


@schemathesis.serializer("application/x-ndjson")
def _as_it_is(_context: object, value: object) -> bytes:
    """Lines of JSON are sent as they were made."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def document(shared_api: Api) -> BaseSchema:
    """The document, read once for all tests: that takes longer than a test."""
    return schemathesis.openapi.from_dict(shared_api.client.get("/api/schema/").json(), config=NO_RANDOM_KEYS)


@pytest.fixture(scope="module")
def filled(sqlite_registry_template: Registry, tmp_path_factory: pytest.TempPathFactory) -> tuple[Registry, NewKey]:
    """A database with some prompts and a webhook in it, to be copied, and the key of a caller who may do everything."""
    path = shutil.copy(sqlite_registry_template.database.address, tmp_path_factory.mktemp("filled") / "promptuary.db")
    registry = replace(sqlite_registry_template, database=Database.open(f"sqlite:///{path}", clock=Clock()))
    with registry.database.write() as tx:
        newest = make_prompt(tx, registry.actor, prompt="# Title", versions=3)
        make_prompt(tx, registry.actor, name="other", prompt={"a": 1, "b": "@@@prompt:name=greeting|version=1@@@"})
        make_prompt(tx, registry.actor, name="archived")
        prompts.archive_prompt(tx, registry.actor, name="archived")
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=2)
        for key_id in ("", make_key(tx, registry.user).key.id):
            usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(newest.id, key_id, "production"), 1, tx.clock())])
        webhooks.create_webhook(tx, as_admin(registry.actor), WebhookSettings("https://hooks.example/"), webhook_id=WEBHOOK_ID)
        webhooks.send_test(tx, as_admin(registry.actor), WEBHOOK_ID)
        key = make_key(tx, make_member(tx, registry.project, role=Role.ADMIN))
    registry.database.close()
    return registry, key


@pytest.fixture
def send(filled: tuple[Registry, NewKey], tmp_path: Path) -> Iterator[Send]:
    """What sends a case to an application on a copy of the database, as a caller who may do everything."""
    registry, key = filled
    path = shutil.copy(registry.database.address, tmp_path / "promptuary.db")
    database = Database.open(f"sqlite:///{path}", clock=Clock())
    with make_api(replace(registry, database=database), rate_limit_writes="") as api:
        yield partial(_send, api.client_with({}), bearer(key))
    database.close()


def _send(client: AppClient, headers: dict[str, str], case: AnyCase) -> Response:
    request = requests.Request(**case.as_transport_kwargs(base_url="http://testserver", headers=headers)).prepare()
    sent: list[Any] = [("Host", "testserver"), *request.headers.items()]
    scope = scope_of(case.method, request.path_url.encode(), [(name.encode(), value.encode("latin-1")) for name, value in sent])
    body: Any = request.body or b""
    exchange = client.exchange(scope, body.encode() if isinstance(body, str) else body)
    answered: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        answered.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return Response(exchange.status, answered, b"".join(exchange.body), request, elapsed=0.0, verify=False)


@pytest.fixture
def cases(document: BaseSchema, operation: str, mode: GenerationMode) -> st.SearchStrategy[AnyCase]:
    """The cases of an operation."""
    found = document.find_operation_by_label(operation)
    assert found is not None
    return found.as_strategy(generation_mode=mode)


def test_every_operation_of_the_document_is_called(document: BaseSchema) -> None:
    found = [result.ok().label for result in document.get_all_operations() if isinstance(result, Ok)]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("operation", "mode"), CALLS)
@given(data=st.data())
@settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_documented(cases: st.SearchStrategy[AnyCase], send: Send, data: st.DataObject) -> None:
    case = data.draw(cases)
    # Random projects and tokens would hide everything behind a 404 or a 401, and random names much of it.
    case.path_parameters["project_id"] = "@current"
    case.query.pop("token", None)
    for name in sorted(NAMES.keys() & case.path_parameters.keys()):
        case.path_parameters[name] = data.draw(NAMES[name] | st.just(case.path_parameters[name]))
    case.validate_response(send(case), checks=CHECKS)
