"""The API's application, put together."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from promptuary.api import changes, health, labels, metrics, prompts, transfers, usage
from promptuary.api.calls import Services
from promptuary.api.documentation import SCHEMA_PATH, add_documentation
from promptuary.api.errors import add_error_handlers
from promptuary.api.inputs import (
    Body,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptLabelSet,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
)
from promptuary.api.paths import OneSpelling

PREFIX = "/api/projects/{project_id}/llm_prompts"

_BODIES: list[type[Body]] = [LLMPromptCreate, LLMPromptDuplicate, LLMPromptLabelSet, LLMPromptRestore, PatchedLLMPromptPublish]


def create_api(services: Services) -> ASGIApp:
    """Return the API as an ASGI application. Everything it needs is in ``services``."""
    api = FastAPI(openapi_url=SCHEMA_PATH, docs_url=None, redoc_url=None, redirect_slashes=False)
    api.state.services = services
    add_error_handlers(api)
    api.include_router(prompts.router, prefix=PREFIX)
    api.include_router(labels.router, prefix=PREFIX)
    api.include_router(changes.router, prefix=PREFIX)
    api.include_router(usage.router, prefix=PREFIX)
    api.include_router(transfers.router, prefix=PREFIX)
    api.include_router(health.router)
    if services.shows_metrics:
        api.include_router(metrics.router)
    add_documentation(api, _BODIES)
    return OneSpelling(api)
