"""The API's application, put together."""

from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Lifespan

from promptuary.api.documentation import SCHEMA_PATH, add_documentation
from promptuary.api.operations import health, metrics
from promptuary.api.posthog import changes, labels, projects, prompts, transfers, usage
from promptuary.api.posthog.errors import add_error_handlers
from promptuary.api.posthog.inputs import (
    Body,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptLabelSet,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
)
from promptuary.api.posthog.paths import CanonicalPathMiddleware
from promptuary.api.services import Services
from promptuary.http.public_path import path_of

PROJECT = "/api/projects/{project_id}"
PREFIX = f"{PROJECT}/llm_prompts"

_BODIES: list[type[Body]] = [LLMPromptCreate, LLMPromptDuplicate, LLMPromptLabelSet, LLMPromptRestore, PatchedLLMPromptPublish]


def create_api(services: Services, lifespan: Lifespan[FastAPI]) -> ASGIApp:
    """Return the API as an ASGI application with the lifespan of the server. Everything it needs is in ``services``."""
    routes = _routes(shows_metrics=services.shows_metrics)
    api = FastAPI(routes=routes, openapi_url=SCHEMA_PATH, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    api.state.services = services
    add_error_handlers(api)
    add_documentation(api, _BODIES, root=path_of(services.public_url))
    return CanonicalPathMiddleware(api)


@cache
def _routes(*, shows_metrics: bool) -> list[BaseRoute]:
    """Return what all applications of a process share: routes know no services, and to make their schemas takes long."""
    router = APIRouter()
    for resource in (prompts, labels, changes, usage, transfers):
        router.include_router(resource.router, prefix=PREFIX)
    router.include_router(projects.router, prefix=PROJECT)
    router.include_router(health.router)
    if shows_metrics:
        router.include_router(metrics.router)
    return router.routes
