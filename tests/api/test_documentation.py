import re
from collections.abc import Iterator
from typing import Any

import pytest
import referencing
from builders import Api
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.jsonschema import DRAFT202012

from promptuary import __version__

OPERATIONS = {
    ("/api/oauth/device_authorization/", "post"): "oauth_device_authorization_create",
    ("/api/oauth/token/", "post"): "oauth_token_create",
    ("/api/personal_api_keys/", "get"): "personal_api_keys_list",
    ("/api/personal_api_keys/", "post"): "personal_api_keys_create",
    ("/api/personal_api_keys/{key_id}/", "get"): "personal_api_keys_retrieve",
    ("/api/personal_api_keys/{key_id}/", "delete"): "personal_api_keys_destroy",
    ("/api/users/@me/", "get"): "users_retrieve",
    ("/api/projects/", "get"): "projects_list",
    ("/api/projects/", "post"): "projects_create",
    ("/api/projects/{project_id}/", "get"): "projects_retrieve",
    ("/api/projects/{project_id}/", "patch"): "projects_partial_update",
    ("/api/projects/{project_id}/reset_token/", "patch"): "projects_reset_token_partial_update",
    ("/api/projects/{project_id}/members/", "get"): "project_members_list",
    ("/api/projects/{project_id}/members/", "post"): "project_members_create",
    ("/api/projects/{project_id}/members/invite/", "post"): "project_members_invite_create",
    ("/api/projects/{project_id}/members/{user_id}/", "get"): "project_members_retrieve",
    ("/api/projects/{project_id}/members/{user_id}/", "patch"): "project_members_partial_update",
    ("/api/projects/{project_id}/members/{user_id}/", "delete"): "project_members_destroy",
    ("/api/projects/{project_id}/members/{user_id}/renew_invitation/", "post"): "project_members_renew_invitation_create",
    ("/api/projects/{project_id}/llm_prompts/", "get"): "llm_prompts_list",
    ("/api/projects/{project_id}/llm_prompts/", "post"): "llm_prompts_create",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/", "get"): "llm_prompts_name_retrieve",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/", "patch"): "llm_prompts_name_partial_update",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/archive/", "post"): "llm_prompts_name_archive_create",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/dependents/", "get"): "llm_prompts_name_dependents_list",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/duplicate/", "post"): "llm_prompts_name_duplicate_create",
    (
        "/api/projects/{project_id}/llm_prompts/name/{prompt_name}/labels/{label_name}/",
        "put",
    ): "llm_prompts_name_labels_update",
    (
        "/api/projects/{project_id}/llm_prompts/name/{prompt_name}/labels/{label_name}/",
        "delete",
    ): "llm_prompts_name_labels_destroy",
    (
        "/api/projects/{project_id}/llm_prompts/name/{prompt_name}/labels/{label_name}/history/",
        "get",
    ): "llm_prompts_name_labels_history_list",
    (
        "/api/projects/{project_id}/llm_prompts/name/{prompt_name}/labels/{label_name}/undo/",
        "post",
    ): "llm_prompts_name_labels_undo_create",
    ("/api/projects/{project_id}/llm_prompts/change_requests/", "get"): "llm_prompts_change_requests_list",
    ("/api/projects/{project_id}/llm_prompts/change_requests/", "post"): "llm_prompts_change_requests_create",
    ("/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/", "get"): "llm_prompts_change_requests_retrieve",
    ("/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/", "patch"): "llm_prompts_change_requests_partial_update",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/preview/",
        "get",
    ): "llm_prompts_change_requests_preview_retrieve",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/refresh/",
        "post",
    ): "llm_prompts_change_requests_refresh_create",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/approve/",
        "post",
    ): "llm_prompts_change_requests_approve_create",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/approve/",
        "delete",
    ): "llm_prompts_change_requests_approve_destroy",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/merge/",
        "post",
    ): "llm_prompts_change_requests_merge_create",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/close/",
        "post",
    ): "llm_prompts_change_requests_close_create",
    (
        "/api/projects/{project_id}/llm_prompts/change_requests/{request_id}/comments/",
        "post",
    ): "llm_prompts_change_requests_comments_create",
    ("/api/projects/{project_id}/llm_prompts/label_rules/", "get"): "llm_prompts_label_rules_list",
    ("/api/projects/{project_id}/llm_prompts/label_rules/", "post"): "llm_prompts_label_rules_create",
    ("/api/projects/{project_id}/llm_prompts/label_rules/{rule_id}/", "patch"): "llm_prompts_label_rules_partial_update",
    ("/api/projects/{project_id}/llm_prompts/label_rules/{rule_id}/", "delete"): "llm_prompts_label_rules_destroy",
    ("/api/projects/{project_id}/llm_prompts/promote/", "post"): "llm_prompts_promote_create",
    ("/api/projects/{project_id}/llm_prompts/releases/", "get"): "llm_prompts_releases_list",
    ("/api/projects/{project_id}/llm_prompts/releases/{release_id}/", "get"): "llm_prompts_releases_retrieve",
    ("/api/projects/{project_id}/llm_prompts/releases/{release_id}/undo/", "post"): "llm_prompts_releases_undo_create",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/restore/", "post"): "llm_prompts_name_restore_create",
    ("/api/projects/{project_id}/llm_prompts/name/{prompt_name}/usage/", "get"): "llm_prompts_name_usage_retrieve",
    ("/api/projects/{project_id}/llm_prompts/changes/", "get"): "llm_prompts_changes_list",
    ("/api/projects/{project_id}/llm_prompts/export/", "get"): "llm_prompts_export_retrieve",
    ("/api/projects/{project_id}/llm_prompts/import/", "post"): "llm_prompts_import_create",
    ("/api/projects/{project_id}/llm_prompts/resolve/name/{prompt_name}/", "get"): "llm_prompts_resolve_name_retrieve",
    ("/api/projects/{project_id}/llm_prompts/webhooks/", "get"): "llm_prompts_webhooks_list",
    ("/api/projects/{project_id}/llm_prompts/webhooks/", "post"): "llm_prompts_webhooks_create",
    ("/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/", "get"): "llm_prompts_webhooks_retrieve",
    ("/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/", "patch"): "llm_prompts_webhooks_partial_update",
    ("/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/", "delete"): "llm_prompts_webhooks_destroy",
    (
        "/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/rotate_secret/",
        "post",
    ): "llm_prompts_webhooks_rotate_secret_create",
    ("/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/test/", "post"): "llm_prompts_webhooks_test_create",
    (
        "/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/deliveries/",
        "get",
    ): "llm_prompts_webhooks_deliveries_list",
    (
        "/api/projects/{project_id}/llm_prompts/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver/",
        "post",
    ): "llm_prompts_webhooks_deliveries_redeliver_create",
}
SCHEMAS = {
    "ChangeRequestComment",
    "ChangeRequestCreate",
    "ChangeRequestMoveInput",
    "ChangeRequestRevision",
    "DeviceAuthorization",
    "DeviceAuthorizationCreate",
    "DeviceToken",
    "DeviceTokenCreate",
    "DeviceTokenRefusal",
    "ErrorDetail",
    "ErrorEnvelope",
    "ImportResult",
    "ImportSkipped",
    "ImportUnresolved",
    "LLMPrompt",
    "LLMPromptApproval",
    "LLMPromptChange",
    "LLMPromptChangeRequest",
    "LLMPromptChangedText",
    "LLMPromptChanges",
    "LLMPromptComment",
    "LLMPromptCreate",
    "LLMPromptDayUsage",
    "LLMPromptDependent",
    "LLMPromptDuplicate",
    "LLMPromptEditOperation",
    "LLMPromptKeyUsage",
    "LLMPromptLabel",
    "LLMPromptLabelMove",
    "LLMPromptLabelPointer",
    "LLMPromptLabelRule",
    "LLMPromptLabelRules",
    "LLMPromptLabelSet",
    "LLMPromptLabelUndo",
    "LLMPromptLabelUsage",
    "LLMPromptList",
    "LLMPromptMergedRequest",
    "LLMPromptMove",
    "LLMPromptMoveRefusal",
    "LLMPromptMoves",
    "LLMPromptOutlineEntry",
    "LLMPromptParentUsage",
    "LLMPromptPartUsage",
    "LLMPromptPromote",
    "LLMPromptProposedMove",
    "LLMPromptPublic",
    "LLMPromptReferenceSelector",
    "LLMPromptReferencedBy",
    "LLMPromptRelease",
    "LLMPromptReleaseUndo",
    "LLMPromptReleasedLabel",
    "LLMPromptResolveResponse",
    "LLMPromptResolvedReference",
    "LLMPromptRestore",
    "LLMPromptRestored",
    "LLMPromptServedReference",
    "LLMPromptUnresolved",
    "LLMPromptUsage",
    "LLMPromptVersionSummary",
    "LLMPromptVersionUsage",
    "LabelRuleCreate",
    "PaginatedLLMPromptChangeRequestList",
    "PaginatedLLMPromptDependentList",
    "PaginatedLLMPromptLabelMoveList",
    "PaginatedLLMPromptListList",
    "PaginatedLLMPromptReleaseList",
    "PaginatedProjectList",
    "PaginatedProjectMemberList",
    "PaginatedWebhookDeliveryList",
    "PatchedChangeRequest",
    "PatchedLLMPromptPublish",
    "PatchedLabelRule",
    "PatchedProject",
    "PatchedProjectMember",
    "PatchedWebhook",
    "PersonalAPIKey",
    "PersonalAPIKeyCreate",
    "Project",
    "ProjectCreate",
    "ProjectMember",
    "ProjectMemberCreate",
    "ProjectMemberInvite",
    "UserBasic",
    "Webhook",
    "WebhookCreate",
    "WebhookDelivery",
}
REFUSALS = {"400", "401", "403", "404", "406", "413", "429", "503"}


@pytest.fixture
def document(sqlite_api: Api) -> Any:
    answer = sqlite_api.client_with({}).get("/api/schema/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def _operations(document: Any) -> dict[tuple[str, str], Any]:
    return {(path, method): described for path, item in document["paths"].items() for method, described in item.items()}


def test_the_document_is_openapi_3_1_of_this_version(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    assert (document["info"]["title"], document["info"]["version"]) == ("Promptuary", __version__)


def test_every_route_is_documented_under_its_operation_id(document: Any) -> None:
    assert {key: described["operationId"] for key, described in _operations(document).items()} == OPERATIONS


def test_schemas_have_the_names_that_generated_clients_know(document: Any) -> None:
    assert set(document["components"]["schemas"]) == SCHEMAS


def test_every_reference_leads_somewhere(document: Any) -> None:
    referred = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert referred <= SCHEMAS
    assert "LLMPromptEditOperation" in referred


def test_there_is_no_422_anywhere(document: Any) -> None:
    statuses = {status for described in _operations(document).values() for status in described["responses"]}
    assert "422" not in statuses
    assert statuses == REFUSALS | {"200", "201", "202", "204", "409", "415"}
    assert "HTTPValidationError" not in str(document)


def test_every_operation_states_its_answers(document: Any) -> None:
    for described in _operations(document).values():
        assert set(described["responses"]) >= REFUSALS
        assert ("415" in described["responses"]) == ("requestBody" in described)
    assert "409" in _operations(document)["/api/projects/{project_id}/llm_prompts/name/{prompt_name}/", "patch"]["responses"]


def test_every_operation_takes_its_path_parameters_and_a_bearer_key(document: Any) -> None:
    assert document["components"]["securitySchemes"]["PersonalAPIKey"]["scheme"] == "bearer"
    for (path, _), described in _operations(document).items():
        in_path = [parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", path)
        assert described["security"] == ([] if path.startswith("/api/oauth/") else [{"PersonalAPIKey": []}])


@pytest.mark.parametrize(
    ("operation_id", "names"),
    [
        (
            "llm_prompts_list",
            {"archived", "at", "content", "created_by_id", "label", "limit", "offset", "order_by", "resolve", "search", "token"},
        ),
        ("llm_prompts_name_retrieve", {"at", "content", "label", "resolve", "token", "version"}),
        ("llm_prompts_resolve_name_retrieve", {"at", "before_version", "limit", "offset", "token", "version", "version_id"}),
        ("llm_prompts_name_dependents_list", {"inactive", "label", "limit", "offset", "token", "version"}),
        ("llm_prompts_name_usage_retrieve", {"from", "limit", "offset", "to", "token", "version"}),
        ("llm_prompts_webhooks_list", {"token"}),
        ("llm_prompts_webhooks_deliveries_list", {"limit", "offset", "token"}),
        ("llm_prompts_create", set()),
        ("llm_prompts_name_archive_create", {"dry_run", "emergency", "reason"}),
        ("llm_prompts_name_labels_destroy", {"dry_run", "emergency", "expected_version", "reason"}),
    ],
)
def test_every_query_parameter_is_documented(document: Any, operation_id: str, names: set[str]) -> None:
    [described] = [described for described in _operations(document).values() if described["operationId"] == operation_id]
    documented = [parameter for parameter in described["parameters"] if parameter["in"] == "query"]
    assert {parameter["name"] for parameter in documented} == names
    assert all(parameter["description"] for parameter in documented)


def test_writes_take_json_and_say_that_forms_are_read_and_an_import_takes_lines_of_json(document: Any) -> None:
    operations = _operations(document)
    lines = operations.pop(("/api/projects/{project_id}/llm_prompts/import/", "post"))["requestBody"]
    assert set(lines["content"]) == {"application/x-ndjson"}
    bodies = [described["requestBody"] for described in operations.values() if "requestBody" in described]
    assert [body["required"] for body in bodies].count(False) == 3
    assert len(bodies) == 25
    for body in bodies:
        # Generated clients do not run where one schema stands under several media types.
        assert set(body["content"]) == {"application/json"}
        assert "`application/x-www-form-urlencoded`" in body["description"]
        assert "`multipart/form-data`" in body["description"]


def test_the_document_is_valid_openapi(document: Any) -> None:
    assert not [*OpenAPIV31SpecValidator(document).iter_errors()]


def _schemas(part: Any) -> Iterator[dict[str, Any]]:
    children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for child in children:
        yield from _schemas(child)
    if isinstance(part, dict):
        yield part


def test_every_default_and_example_fits_its_own_schema(document: Any) -> None:
    registry = referencing.Registry().with_resource("", DRAFT202012.create_resource(document))
    described = [schema for schema in _schemas(document) if "default" in schema and not isinstance(schema["default"], dict)]
    assert len(described) > 10
    for schema in described:
        validator = Draft202012Validator(schema, registry=registry)
        values: list[object] = [schema["default"], *schema.get("examples", [])]
        assert all(validator.is_valid(value) for value in values), schema


def test_a_field_of_a_body_has_a_default_only_if_it_means_the_same_as_no_value(document: Any) -> None:
    defaults = {
        (name, field): described["default"]
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema["properties"].items()
        if "default" in described
    }
    assert defaults == {
        ("LLMPromptCreate", "config"): None,
        ("LLMPromptCreate", "version_description"): None,
        ("ChangeRequestCreate", "description"): "",
        ("ChangeRequestCreate", "merge_when_approved"): False,
        ("DeviceAuthorizationCreate", "device_name"): "",
        ("ProjectMemberCreate", "confirmed"): False,
        ("PatchedProjectMember", "confirmed"): False,
        ("LLMPromptLabelSet", "emergency"): False,
        ("LLMPromptLabelSet", "reason"): None,
        ("LLMPromptLabelUndo", "emergency"): False,
        ("LLMPromptLabelUndo", "reason"): None,
        ("LLMPromptPromote", "dry_run"): False,
        ("LLMPromptPromote", "emergency"): False,
        ("LLMPromptPromote", "reason"): None,
        ("LLMPromptReleaseUndo", "dry_run"): False,
        ("LLMPromptReleaseUndo", "emergency"): False,
        ("LabelRuleCreate", "allows_own_approval"): False,
        ("LabelRuleCreate", "approvals"): 0,
        ("LabelRuleCreate", "breaking_needs_admin"): False,
        ("LabelRuleCreate", "role"): "editor",
        ("LLMPromptReleaseUndo", "reason"): None,
        ("LLMPromptRestore", "id"): None,
        ("PatchedLLMPromptPublish", "version_description"): "",
        ("WebhookCreate", "name"): "",
        ("WebhookCreate", "format"): "json",
        ("WebhookCreate", "events"): [],
        ("WebhookCreate", "enabled"): True,
    }


@pytest.mark.parametrize("schema", ["LLMPromptCreate", "PatchedLLMPromptPublish"])
def test_a_prompt_is_anything_but_null(document: Any, schema: str) -> None:
    described = Draft202012Validator(document["components"]["schemas"][schema]["properties"]["prompt"])
    values: list[object] = ["", 0, False, [], {}]
    assert all(described.is_valid(value) for value in values)
    assert not described.is_valid(None)


def test_no_parameter_of_a_query_is_null(document: Any) -> None:
    for described in _operations(document).values():
        for parameter in described["parameters"]:
            assert not Draft202012Validator(parameter["schema"]).is_valid(None), parameter
            assert parameter["schema"].get("default", "") is not None
