"""The API's application, put together."""

from starlette.applications import Starlette
from starlette.types import ASGIApp, Lifespan

from promptuary.api.documentation import documentation_routes
from promptuary.api.operations import health, metrics
from promptuary.api.posthog import (
    change_requests,
    changes,
    dependents,
    device_authorizations,
    label_rules,
    labels,
    members,
    personal_api_keys,
    projects,
    prompts,
    releases,
    transfers,
    usage,
    users,
    webhooks,
)
from promptuary.api.posthog.account_inputs import (
    PatchedProject,
    PatchedProjectMember,
    PersonalAPIKeyCreate,
    ProjectCreate,
    ProjectMemberCreate,
    ProjectMemberInvite,
)
from promptuary.api.posthog.device_authorizations import DeviceAuthorizationCreate, DeviceTokenCreate
from promptuary.api.posthog.errors import add_error_handlers
from promptuary.api.posthog.inputs import (
    Body,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
)
from promptuary.api.posthog.move_inputs import (
    LLMPromptLabelSet,
    LLMPromptLabelUndo,
    LLMPromptPromote,
    LLMPromptReleaseUndo,
)
from promptuary.api.posthog.paths import CanonicalPathMiddleware
from promptuary.api.posthog.request_inputs import (
    ChangeRequestComment,
    ChangeRequestCreate,
    ChangeRequestRevision,
    LabelRuleCreate,
    PatchedChangeRequest,
    PatchedLabelRule,
)
from promptuary.api.posthog.webhook_schemas import PatchedWebhook, WebhookCreate
from promptuary.api.services import Services
from promptuary.http.public_path import path_of

PROJECT = "/api/projects/{project_id}"
PREFIX = f"{PROJECT}/llm_prompts"

_BODIES: list[type[Body]] = [
    ChangeRequestComment,
    ChangeRequestCreate,
    ChangeRequestRevision,
    DeviceAuthorizationCreate,
    DeviceTokenCreate,
    LabelRuleCreate,
    PatchedChangeRequest,
    PatchedLabelRule,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptLabelSet,
    LLMPromptLabelUndo,
    LLMPromptPromote,
    LLMPromptReleaseUndo,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
    PatchedProject,
    PatchedProjectMember,
    PatchedWebhook,
    PersonalAPIKeyCreate,
    ProjectCreate,
    ProjectMemberCreate,
    ProjectMemberInvite,
    WebhookCreate,
]


_RESOURCES = (
    *(
        (each.resource, PREFIX)
        for each in (
            prompts,
            labels,
            releases,
            label_rules,
            change_requests,
            dependents,
            changes,
            usage,
            transfers,
            webhooks,
        )
    ),
    (projects.resource, PROJECT),
    (members.resource, PROJECT),
    (projects.collection, "/api/projects"),
    (personal_api_keys.resource, "/api/personal_api_keys"),
    (users.resource, "/api/users"),
    (device_authorizations.resource, "/api/oauth"),
)


def create_api(services: Services, lifespan: Lifespan[Starlette]) -> ASGIApp:
    """Return the API as an ASGI application with the lifespan of the server. Everything it needs is in ``services``."""
    routes = [
        *(route for resource, prefix in _RESOURCES for route in resource.routes(prefix)),
        *health.ROUTES,
        *(metrics.ROUTES if services.shows_metrics else ()),
        *documentation_routes(_RESOURCES, _BODIES, root=path_of(services.public_url)),
    ]
    api = Starlette(routes=routes, lifespan=lifespan)
    api.router.redirect_slashes = False
    api.state.services = services
    add_error_handlers(api)
    return CanonicalPathMiddleware(api)
