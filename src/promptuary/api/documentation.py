"""The OpenAPI document and the API reference, made from the same schemas that check and fill requests and answers.

Operation ids and schema names are those of the PostHog API's own document, so that generated clients and MCP tools fit.
"""

from html import escape
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from promptuary import __version__
from promptuary.api.posthog.bodies import JSON, LINES, MULTIPART, URLENCODED
from promptuary.api.posthog.inputs import Body, Schema
from promptuary.api.posthog.outputs import ErrorDetail, ErrorEnvelope

SCHEMA_PATH = "/api/schema/"
DOCS_PATH = "/api/docs/"

_REF = "#/components/schemas/{model}"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}

# The reference's own style has dark colors for this class and does not ask what the reader prefers.
_HEAD = """
<meta name="color-scheme" content="light dark">
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
"""

_PATH_PARAMETERS = {
    "project_id": "The project's ID, or `@current` for the current project of the key's owner.",
    "prompt_name": "The prompt's name.",
    "label_name": "The label's name.",
}

# One schema under several media types makes generators write the same code several times, or code that does not run.
_FORMS_ARE_READ = (
    f"JSON. Forms (`{URLENCODED}` and `{MULTIPART}`) with the same fields are accepted too. In a form, `prompt`, `config` and "
    "`edits` are JSON text; edits may also be sent as separate fields, such as `edits[0]old` and `edits[0]new`."
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


def operation(
    operation_id: str,
    *,
    answers: dict[int, Any],
    query: type[Schema] | None = None,
    body: type[Body] | None = None,
    extra_parameters: list[dict[str, Any]] | None = None,
    conflicts: bool = False,
    needs_body: bool = True,
    described_body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the arguments that describe an operation to FastAPI's route decorators."""
    refusals = [*_ALWAYS, *([409] if conflicts else []), *([415] if body or described_body else [])]
    described: dict[str, Any] = {"parameters": [*_query_parameters(query), *(extra_parameters or [])]}
    if body:
        content = {JSON: {"schema": {"$ref": _REF.format(model=body.__name__)}}}
        described["requestBody"] = {"required": needs_body, "description": _FORMS_ARE_READ, "content": content}
    if described_body:
        described["requestBody"] = described_body
    return {
        "operation_id": operation_id,
        "openapi_extra": described,
        "responses": {status: {"model": model, "description": "Success."} for status, model in answers.items()}
        | {status: {"model": _REFUSALS[status][0], "description": _REFUSALS[status][1]} for status in refusals},
        "status_code": min(answers),
        "response_model": None,
    }


def lines_body(description: str) -> dict[str, Any]:
    """Describe a body of lines of JSON."""
    return {"required": True, "description": description, "content": {LINES: {"schema": {"type": "string"}}}}


def lines_operation(operation_id: str, *, query: type[Schema], extra_parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe an operation as `operation` does, one that answers with lines of JSON."""
    described = operation(operation_id, query=query, extra_parameters=extra_parameters, answers={200: None})
    described["responses"][200] = {"description": "Success.", "content": {LINES: {"schema": {"type": "string"}}}}
    return described


def query_parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe a parameter of a query."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


TOKEN_PARAMETER = query_parameter(
    "token", {"type": "string"}, "A project's token (`phc_...`). It takes precedence over `project_id`."
)


def build_schema(api: FastAPI, bodies: list[type[Body]], *, root: str = "") -> dict[str, Any]:
    """Return the OpenAPI document. ``bodies`` are the schemas that request bodies refer to."""
    document = get_openapi(
        title="Promptuary",
        version=__version__,
        summary="A prompt registry that speaks the PostHog prompts API.",
        routes=api.routes,
        servers=[{"url": root}] if root else None,
    )
    _, definitions = models_json_schema([(body, "validation") for body in bodies], ref_template=_REF)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = {
        "PersonalAPIKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal API key (`phx_...`), created on the pages or by `promptuary key create`.",
        }
    }
    for path, item in document["paths"].items():
        for described in item.values():
            described["parameters"] = _path_parameters(path) + described.get("parameters", [])
            if path.startswith("/api/projects/"):
                described["security"] = [{"PersonalAPIKey": []}]
    return document


def add_documentation(api: FastAPI, bodies: list[type[Body]], *, root: str) -> None:
    """Serve the OpenAPI document and a reference made from it; the reference's assets come from an installed package.

    ``root`` is the path under which browsers reach the server.
    """
    assets = files("fastapi_offline") / "static"
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(build_schema(api, bodies, root=root))
        return document

    async def show_reference(_request: Request) -> Response:
        page = get_swagger_ui_html(
            openapi_url=f"{root}{SCHEMA_PATH}",
            title="Promptuary API",
            swagger_js_url=f"{root}{DOCS_PATH}swagger-ui-bundle.js/",
            swagger_css_url=f"{root}{DOCS_PATH}swagger-ui.css/",
            swagger_favicon_url=f"{root}{DOCS_PATH}favicon.png/",
        )
        html = bytes(page.body).decode().replace("</head>", f"{_HEAD}</head>").replace("<body>", f"<body>{_back(root)}")
        return HTMLResponse(html)

    async def send_asset(request: Request) -> Response:
        name = request.scope["path"].removeprefix(DOCS_PATH).rstrip("/")
        return FileResponse(str(assets / name), media_type=_ASSETS[name])

    api.openapi = openapi  # type: ignore[method-assign]
    api.add_route(DOCS_PATH, show_reference, include_in_schema=False)
    for name in _ASSETS:
        api.add_route(f"{DOCS_PATH}{name}/", send_asset, include_in_schema=False)


def _back(root: str) -> str:
    return f'\n<nav class="back" aria-label="Promptuary"><a href="{escape(root)}/">Back to the prompts</a></nav>'


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
