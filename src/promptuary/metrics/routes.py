"""The routes under which requests are counted: templates, never what a client sent. A test compares with the application's own."""

from functools import cache

OTHER = "other"
"""The label value of everything that is not known beforehand."""

_PROMPTS = "/api/projects/{project_id}/llm_prompts/"
FETCH = f"{_PROMPTS}name/{{prompt_name}}/"

ROUTES = (
    "/api/oauth/device_authorization/",
    "/api/oauth/token/",
    "/api/personal_api_keys/",
    "/api/personal_api_keys/{key_id}/",
    "/api/projects/",
    "/api/projects/{project_id}/members/",
    "/api/projects/{project_id}/members/invite/",
    "/api/projects/{project_id}/members/{user_id}/",
    "/api/projects/{project_id}/members/{user_id}/renew_invitation/",
    "/api/projects/{project_id}/reset_token/",
    "/api/users/@me/",
    "/api/projects/{project_id}/",
    _PROMPTS,
    FETCH,
    f"{FETCH}archive/",
    f"{FETCH}dependents/",
    f"{FETCH}duplicate/",
    f"{FETCH}labels/{{label_name}}/",
    f"{FETCH}labels/{{label_name}}/history/",
    f"{FETCH}labels/{{label_name}}/undo/",
    f"{FETCH}restore/",
    f"{FETCH}usage/",
    f"{_PROMPTS}change_requests/",
    f"{_PROMPTS}change_requests/{{request_id}}/",
    f"{_PROMPTS}change_requests/{{request_id}}/approve/",
    f"{_PROMPTS}change_requests/{{request_id}}/close/",
    f"{_PROMPTS}change_requests/{{request_id}}/comments/",
    f"{_PROMPTS}change_requests/{{request_id}}/merge/",
    f"{_PROMPTS}change_requests/{{request_id}}/preview/",
    f"{_PROMPTS}change_requests/{{request_id}}/refresh/",
    f"{_PROMPTS}changes/",
    f"{_PROMPTS}export/",
    f"{_PROMPTS}import/",
    f"{_PROMPTS}label_rules/",
    f"{_PROMPTS}label_rules/{{rule_id}}/",
    f"{_PROMPTS}promote/",
    f"{_PROMPTS}releases/",
    f"{_PROMPTS}releases/{{release_id}}/",
    f"{_PROMPTS}releases/{{release_id}}/undo/",
    f"{_PROMPTS}resolve/name/{{prompt_name}}/",
    f"{_PROMPTS}webhooks/",
    f"{_PROMPTS}webhooks/{{webhook_id}}/",
    f"{_PROMPTS}webhooks/{{webhook_id}}/deliveries/",
    f"{_PROMPTS}webhooks/{{webhook_id}}/deliveries/{{delivery_id}}/redeliver/",
    f"{_PROMPTS}webhooks/{{webhook_id}}/rotate_secret/",
    f"{_PROMPTS}webhooks/{{webhook_id}}/test/",
    "/api/docs/",
    "/api/docs/favicon.png/",
    "/api/docs/swagger-ui-bundle.js/",
    "/api/docs/swagger-ui.css/",
    "/api/schema/",
    "/mcp/",
    "/_livez/",
    "/_readyz/",
    "/metrics/",
    # Pages are few and slow beside fetches: those of one kind are counted together. The first that fits counts.
    "/",
    "/device/",
    "/sign-in/",
    "/sign-out/",
    "/welcome/{token}/",
    "/static/{name}/",
    "/settings/",
    "/settings/{page}/",
    "/settings/{page}/{action}/",
    "/settings/{page}/{id}/{action}/",
    "/projects/",
    "/projects/new/",
    "/projects/{project_id}/prompts/",
    "/projects/{project_id}/prompts/{name}/",
    "/projects/{project_id}/prompts/{name}/{page}/",
    "/projects/{project_id}/prompts/{name}/{page}/{action}/",
    "/projects/{project_id}/{page}/",
    "/projects/{project_id}/{page}/{action}/",
    "/projects/{project_id}/{page}/{action}/{id}/",
    "/projects/{project_id}/{page}/{action}/{id}/{step}/",
    OTHER,
)


def route_of(path: str) -> str:
    """Return the route that a path, in any spelling, belongs to."""
    parts = path.removesuffix("/").split("/")
    if parts[1:3] == ["api", "environments"]:
        parts[2] = "projects"
    return next((route for route, template in _templates(len(parts)) if _fits(template, parts)), OTHER)


@cache
def _templates(length: int) -> list[tuple[str, list[str]]]:
    split = [(route, route.removesuffix("/").split("/")) for route in ROUTES if route != OTHER]
    return [(route, template) for route, template in split if len(template) == length]


def _fits(template: list[str], parts: list[str]) -> bool:
    return all(part if word.startswith("{") else part == word for word, part in zip(template, parts, strict=True))
