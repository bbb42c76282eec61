"""The API's application, put together."""

from fastapi import APIRouter, FastAPI
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from promptuary.api import health, labels, prompts
from promptuary.api.calls import Services
from promptuary.api.documentation import DOCS_PATH, SCHEMA_PATH, add_documentation
from promptuary.api.errors import add_error_handlers
from promptuary.api.inputs import Body, LLMPromptCreate, LLMPromptDuplicate, LLMPromptLabelSet, PatchedLLMPromptPublish
from promptuary.api.paths import OneSpelling

PREFIX = "/api/projects/{project_id}/llm_prompts"

_BODIES: list[type[Body]] = [LLMPromptCreate, LLMPromptDuplicate, LLMPromptLabelSet, PatchedLLMPromptPublish]

_front = APIRouter(include_in_schema=False)


@_front.get("/")
async def show_front() -> RedirectResponse:
    """Lead people who open the bare address to the API reference."""
    return RedirectResponse(DOCS_PATH)


def create_api(services: Services) -> ASGIApp:
    """Return the API as an ASGI application. Everything it needs is in ``services``."""
    api = FastAPI(openapi_url=SCHEMA_PATH, docs_url=None, redoc_url=None, redirect_slashes=False)
    api.state.services = services
    add_error_handlers(api)
    api.include_router(prompts.router, prefix=PREFIX)
    api.include_router(labels.router, prefix=PREFIX)
    api.include_router(health.router)
    api.include_router(_front)
    add_documentation(api, _BODIES)
    return OneSpelling(api)
