"""The reference of the REST API, from the OpenAPI document that the server itself serves."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Any

import httpx2

from docsite.markdown import GENERATED, code, page, table
from docsite.schemas import Json, anchor, bounds_of, fields_of, kind_of
from promptuary.api.documentation import SCHEMA_PATH
from promptuary.server import create_application
from promptuary.settings import Settings
from promptuary.store.engine.database import Database

_REFUSED = "400"


def read_openapi() -> Any:
    """Return the OpenAPI document of the application, asked over HTTP as clients ask."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        database = Database.open(url)
        try:
            application = create_application(Settings(_env_file=None, database_url=url, log_requests=False), database)  # type: ignore[call-arg]
            return asyncio.run(_get(application))
        finally:
            database.close()


async def _get(application: Any) -> Any:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(application), base_url="http://promptuary") as client:
        answer = await client.get(SCHEMA_PATH)
    answer.raise_for_status()
    return answer.json()


def endpoints_as_markdown(document: Json) -> str:
    """Return the page of all endpoints and schemas of an OpenAPI document."""
    groups: dict[str, list[str]] = {}
    schemas = document["components"]["schemas"]
    for path, method, operation in operations(document):
        groups.setdefault(operation.get("tags", ["Others"])[0], []).extend(_operation(path, method, operation, schemas))
    return page(
        "# All endpoints",
        f"{GENERATED} What holds for all of them is in [the API](api.md); errors are in [errors](refusals.md). A server has "
        f"the same as an OpenAPI document at `{SCHEMA_PATH}`.",
        *(part for group, parts in groups.items() for part in [f"## {group}", *parts]),
        "## Schemas",
        *(part for name, schema in sorted(schemas.items()) for part in _schema(name, schema)),
    )


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Return path, method and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def _operation(path: str, method: str, operation: Json, schemas: Json) -> list[str]:
    answers = operation["responses"]
    done = [(status, answer) for status, answer in answers.items() if status < _REFUSED]
    refused = [(status, answer) for status, answer in answers.items() if status >= _REFUSED]
    return [
        f"### {operation['summary']} {{ #{operation['operationId']} }}",
        f"```http\n{method} {path}\n```",
        operation.get("description", ""),
        _parameters("path", operation),
        _parameters("query", operation),
        *_body(operation, schemas),
        *(_answer(status, answer) for status, answer in done),
        "Errors: " + "; ".join(f"[{status}](refusals.md#status-{status}) {_clause(answer)}" for status, answer in refused) + ".",
    ]


def _parameters(place: str, operation: Json) -> str:
    rows = [
        (code(each["name"]), kind_of(each["schema"]), f"{each.get('description', '')} {bounds_of(each['schema'])}")
        for each in operation.get("parameters", [])
        if each["in"] == place
    ]
    return table((f"in the {place}", "value", "meaning"), rows)


def _body(operation: Json, schemas: Json) -> list[str]:
    body = operation.get("requestBody")
    if body is None:
        return []
    types = " or ".join(code(each) for each in body["content"])
    schema = next(iter(body["content"].values()))["schema"]
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    needed = "" if body.get("required") else " (optional)"
    return [f"Body{needed}: {kind_of(schema)} as {types}.", fields_of(schemas.get(name, schema))]


def _answer(status: str, answer: Json) -> str:
    content = answer.get("content", {})
    if not content:
        return f"Answer: {code(status)}, without a body."
    return (
        f"Answer: {code(status)} with "
        + " or ".join(f"{kind_of(each['schema'])} as {code(media_type)}" for media_type, each in content.items())
        + "."
    )


def _clause(answer: Json) -> str:
    text = str(answer["description"]).rstrip(".")
    return text[0].lower() + text[1:]


def _schema(name: str, schema: Json) -> list[str]:
    kind = "" if "properties" in schema else f"{kind_of(schema)}. {bounds_of(schema)}".strip().capitalize()
    return [f"### {name} {{ #{anchor(name)} }}", schema.get("description", ""), kind, fields_of(schema)]
