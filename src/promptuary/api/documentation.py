"""The OpenAPI document and the API reference, made from the same schemas that check and fill requests and answers.

Operation ids and schema names are those of the PostHog API's own document, so that generated clients and MCP tools fit.
"""

import inspect
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from promptuary import __version__
from promptuary.api.posthog.bodies import JSON, LINES, MULTIPART, URLENCODED
from promptuary.api.posthog.inputs import Body, Schema
from promptuary.api.posthog.outputs import ErrorDetail, ErrorEnvelope
from promptuary.api.posthog.resources import Endpoint, Operation, Resource

SCHEMA_PATH = "/api/schema/"
DOCS_PATH = "/api/docs/"

_REF = "#/components/schemas/{model}"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}

# The reference's own style has dark colors for this class and does not ask what the reader prefers.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<title>Promptuary API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${assets}swagger-ui.css/">
<link rel="icon" href="${assets}favicon.png/">
<style>
.back { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: .75rem 20px; }
.back a { color: #1f5fbf; }
.dark-mode .back a { color: #9ec5ff; }
</style>
<script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
</script>
</head>
<body>
${back}
<div id="swagger-ui"></div>
<script src="${assets}swagger-ui-bundle.js/"></script>
<script>
SwaggerUIBundle({
  url: '${document}',
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
</script>
</body>
</html>
""")

_PATH_PARAMETERS = {
    "project_id": "The project's ID, or `@current` for the current project of the key's owner.",
    "prompt_name": "The prompt's name.",
    "label_name": "The label's name.",
    "release_id": "The ID of the release.",
    "rule_id": "The ID of the rule.",
    "request_id": "The number of the change request.",
    "webhook_id": "The webhook's ID.",
    "delivery_id": "The delivery's ID.",
    "key_id": "The key's ID, or `@current` for the key of the request.",
    "user_id": "The ID of the member's account.",
}

# One schema under several media types makes generators write the same code several times, or code that does not run.
_FORMS_ARE_READ = (
    f"JSON. Forms (`{URLENCODED}` and `{MULTIPART}`) with the same fields are accepted too. In a form, `prompt`, `config`, "
    "`variables` and `edits` are JSON text; edits may also be sent as separate fields, such as `edits[0]old` and `edits[0]new`."
)

_REFUSALS = {
    400: (ErrorEnvelope | ErrorDetail, "The request is invalid; `detail` states the reason."),
    401: (ErrorEnvelope, "Credentials are missing or invalid."),
    403: (ErrorEnvelope, "The key or its owner lacks the permission."),
    404: (ErrorEnvelope | ErrorDetail, "Not found."),
    406: (ErrorEnvelope, "The client does not accept JSON."),
    409: (ErrorDetail, "The prompt was changed by another request."),
    413: (ErrorEnvelope, "The request body is too large."),
    415: (ErrorEnvelope, "The request body is neither JSON nor a form."),
    429: (ErrorEnvelope, "Too many requests; wait for the number of seconds in `Retry-After`."),
    503: (ErrorEnvelope, "The database is not available."),
}
_ALWAYS = (400, 401, 403, 404, 406, 413, 429, 503)

Resources = Sequence[tuple[Resource, str]]
"""Resources, each with the path before those of its endpoints."""

_AnswerSchemas = dict[tuple[str, int], dict[str, Any]]


def lines_body(description: str) -> dict[str, Any]:
    """Describe a body of lines of JSON."""
    return {"required": True, "description": description, "content": {LINES: {"schema": {"type": "string"}}}}


def query_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe a parameter of a query."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


TOKEN_PARAMETER = query_parameter(
    "token", {"type": "string"}, "A project's token (`phc_...`). It takes precedence over `project_id`."
)


def build_schema(resources: Resources, bodies: list[type[Body]], *, root: str = "") -> dict[str, Any]:
    """Return the OpenAPI document. ``bodies`` are the schemas that request bodies refer to."""
    answers, answer_definitions = _describe_answers(resources)
    _, body_definitions = models_json_schema([(body, "validation") for body in bodies], ref_template=_REF)
    paths: dict[str, Any] = {}
    for resource, prefix in resources:
        for endpoint in resource.endpoints:
            path = prefix + endpoint.path
            paths.setdefault(path, {})[endpoint.method.lower()] = _describe(endpoint, path, answers)
    title = {"title": "Promptuary", "summary": "A prompt registry that speaks the PostHog prompts API.", "version": __version__}
    return {
        "openapi": "3.1.0",
        "info": title,
        **({"servers": [{"url": root}]} if root else {}),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(answer_definitions.items())) | body_definitions["$defs"],
            "securitySchemes": {
                "PersonalAPIKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal API key (`phx_...`), created on the pages or by `promptuary key create`.",
                }
            },
        },
    }


def _describe(endpoint: Endpoint, path: str, answers: _AnswerSchemas) -> dict[str, Any]:
    operation = endpoint.operation
    described: dict[str, Any] = {
        "tags": [endpoint.tag],
        "summary": operation.summary,
        "description": inspect.getdoc(endpoint.handler),
        "operationId": operation.id,
        "responses": {str(status): _describe_answer(operation, status, answers) for status in _models_of(operation)},
        "parameters": [*_path_parameters(path), *_query_parameters(operation.query), *operation.extra_parameters],
        "security": [{"PersonalAPIKey": []}] if operation.needs_key else [],
    }
    if operation.body:
        content = {JSON: {"schema": {"$ref": _REF.format(model=operation.body.__name__)}}}
        described["requestBody"] = {"required": operation.needs_body, "description": _FORMS_ARE_READ, "content": content}
    if operation.described_body:
        described["requestBody"] = operation.described_body
    return described


def _models_of(operation: Operation) -> dict[int, Any]:
    """Return the schemas of all answers by status, `None` for one without JSON."""
    more = [*([409] if operation.conflicts else []), *([415] if operation.body or operation.described_body else [])]
    usual = {status: _REFUSALS[status][0] for status in (*_ALWAYS, *more)}
    special = {status: usual[status] | model for status, model in operation.refusals.items()}
    return operation.answers | usual | special


def _describe_answers(resources: Resources) -> tuple[_AnswerSchemas, dict[str, Any]]:
    """Return the schema of each answer by operation and status, and the definitions to which they refer."""
    inputs: list[tuple[tuple[str, int], Literal["serialization"], TypeAdapter[Any]]] = [
        ((endpoint.operation.id, status), "serialization", TypeAdapter(model))
        for resource, _ in resources
        for endpoint in resource.endpoints
        for status, model in _models_of(endpoint.operation).items()
        if model is not None
    ]
    schemas, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return {key: schema for (key, _), schema in schemas.items()}, definitions["$defs"]


def _describe_answer(operation: Operation, status: int, answers: _AnswerSchemas) -> dict[str, Any]:
    content = {}
    if (schema := answers.get((operation.id, status))) is not None:
        # Generated clients name what has no name of its own by its title.
        title = {} if "$ref" in schema else {"title": f"Response_{status}_{operation.id}".title().replace("_", " ")}
        content[JSON] = {"schema": {**schema, **title}}
    if operation.text_answer and status in operation.answers:
        content[operation.text_answer] = {"schema": {"type": "string"}}
    description = "Success." if status in operation.answers else _REFUSALS[status][1]
    return {"description": description, **({"content": content} if content else {})}


def documentation_routes(resources: Resources, bodies: list[type[Body]], *, root: str) -> list[Route]:
    """Return the routes to the OpenAPI document and to a reference made from it, whose assets come from an installed package.

    ``root`` is the path under which browsers reach the server.
    """
    document: dict[str, Any] = {}

    async def send_document(_request: Request) -> Response:
        if not document:
            document.update(build_schema(resources, bodies, root=root))
        return JSONResponse(document)

    async def show_reference(_request: Request) -> Response:
        return HTMLResponse(_PAGE.substitute(back=_back(root), document=f"{root}{SCHEMA_PATH}", assets=f"{root}{DOCS_PATH}"))

    async def send_asset(request: Request) -> Response:
        name = request.scope["path"].removeprefix(DOCS_PATH).rstrip("/")
        return FileResponse(_assets() / name, media_type=_ASSETS[name])

    assets = [Route(f"{DOCS_PATH}{name}/", send_asset) for name in _ASSETS]
    return [Route(SCHEMA_PATH, send_document), Route(DOCS_PATH, show_reference), *assets]


@cache
def _assets() -> Path:
    # The package is not imported, because it imports a framework.
    found = find_spec("fastapi_offline")
    assert found is not None and found.submodule_search_locations is not None  # noqa: S101, PT018 - it is a dependency
    return Path(found.submodule_search_locations[0]) / "static"


def _back(root: str) -> str:
    return f'<nav class="back" aria-label="Promptuary"><a href="{escape(root)}/">Back to the prompts</a></nav>'


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": description}
        for name, description in _PATH_PARAMETERS.items()
        if f"{{{name}}}" in path
    ]


def _query_parameters(query: type[Schema] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    properties = query.model_json_schema(ref_template=_REF)["properties"]
    return [query_parameter(name, _sendable(schema), schema.get("description", "")) for name, schema in properties.items()]


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null, which a query cannot express: such a parameter is left out."""
    kept = {key: part for key, part in schema.items() if key not in {"title", "description"}}
    choices = [each for each in kept.pop("anyOf", []) if each.get("type") != "null"]
    if kept.get("default", ...) is None:
        del kept["default"]
    return kept | {key: part for each in choices for key, part in each.items()}
