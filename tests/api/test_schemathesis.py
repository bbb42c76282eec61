"""Schemathesis reads the OpenAPI document and calls every operation with what it allows and with what it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from builders import Api, Registry, as_admin, bearer, make_application, make_key, make_member, make_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from promptuary.model.access import Role
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.model.webhooks import WebhookSettings
from promptuary.registry import labels, prompts, usage, webhooks
from promptuary.registry.fetch_counter import FetchCounter

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


@dataclass
class Current:
    """The application of the current test, behind one address: to read the document takes longer than a test."""

    application: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.application(scope, receive, send)


@pytest.fixture(scope="module")
def document(shared_api: Api) -> tuple[BaseSchema, Current]:
    """The document, read once for all tests, and where they put their application."""
    current = Current(shared_api.client.app)
    schema = schemathesis.openapi.from_dict(shared_api.client.get("/api/schema/").json(), config=NO_RANDOM_KEYS)
    schema.app = current
    return schema, current


@pytest.fixture
def described(document: tuple[BaseSchema, Current], sqlite_registry: Registry) -> Iterator[tuple[BaseSchema, dict[str, str]]]:
    """The document of an application with some prompts and a webhook in it, and the headers of a caller who may do everything."""
    with sqlite_registry.database.write() as tx:
        newest = make_prompt(tx, sqlite_registry.actor, prompt="# Title", versions=3)
        make_prompt(tx, sqlite_registry.actor, name="other", prompt={"a": 1, "b": "@@@prompt:name=greeting|version=1@@@"})
        make_prompt(tx, sqlite_registry.actor, name="archived")
        prompts.archive_prompt(tx, sqlite_registry.actor, name="archived")
        labels.move_label(tx, sqlite_registry.actor, name="greeting", label="production", version=2)
        for key_id in ("", make_key(tx, sqlite_registry.user).key.id):
            usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(newest.id, key_id, "production"), 1, tx.clock())])
        webhooks.create_webhook(
            tx, as_admin(sqlite_registry.actor), WebhookSettings("https://hooks.example/"), webhook_id=WEBHOOK_ID
        )
        webhooks.send_test(tx, as_admin(sqlite_registry.actor), WEBHOOK_ID)
        key = make_key(tx, make_member(tx, sqlite_registry.project, role=Role.ADMIN))
    # Schemathesis begins it, in the one event loop that it sends all requests to.
    schema, current = document
    current.application = make_application(sqlite_registry, FetchCounter(), rate_limit_writes="")
    yield schema, bearer(key)
    shutdown_lifespans()


def test_every_operation_of_the_document_is_called(described: tuple[BaseSchema, dict[str, str]]) -> None:
    found = [result.ok().label for result in described[0].get_all_operations() if isinstance(result, Ok)]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("operation", "mode"), CALLS)
@given(data=st.data())
@settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_documented(
    described: tuple[BaseSchema, dict[str, str]], operation: str, mode: GenerationMode, data: st.DataObject
) -> None:
    schema, headers = described
    found = schema.find_operation_by_label(operation)
    assert found is not None
    case: Any = data.draw(found.as_strategy(generation_mode=mode))
    # Random projects and tokens would hide everything behind a 404 or a 401, and random names much of it.
    case.path_parameters["project_id"] = "@current"
    case.query.pop("token", None)
    for name in sorted(NAMES.keys() & case.path_parameters.keys()):
        case.path_parameters[name] = data.draw(NAMES[name] | st.just(case.path_parameters[name]))
    case.call_and_validate(headers=headers, checks=CHECKS)
