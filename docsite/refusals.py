"""The reference of the API's errors, with exact response bodies.

Each response is made by the code that makes it in a server.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus

from pydantic import ValidationError

from docsite.markdown import GENERATED, code, page, table
from promptuary.api import errors as api
from promptuary.api.posthog import errors as posthog
from promptuary.api.posthog.bodies import JSON, MAX_BODY_BYTES, parse_body
from promptuary.api.posthog.inputs import FetchQuery, LLMPromptCreate, PatchedLLMPromptPublish
from promptuary.model import device_authorizations, errors, release_errors
from promptuary.model.access import Permission, Scope
from promptuary.model.content import MAX_BYTES, encode_config, encode_prompt
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_LABELS, MAX_VERSIONS
from promptuary.model.webhooks import MAX_WEBHOOKS, check_url
from promptuary.registry.operator.members import MAX_MEMBERS
from promptuary.registry.request_merging import OUTDATED

Made = Exception | Callable[[], object]

_NAME = "support-reply"
_RELEASE = "466a1d9a-b7da-4af1-a310-977834a192a5"
_MOVED = release_errors.MoveRefusal(_NAME, "label_moved", "Label 'production' points at version 9 by now.", 9)
_ADDRESS_WITHOUT_ENDPOINT = api.envelope("invalid_request", "not_found", "Endpoint not found.")

EXAMPLES: list[tuple[str, Made]] = [
    ("A field is missing.", lambda: LLMPromptCreate.model_validate({})),
    ("A value has the wrong type.", lambda: FetchQuery.model_validate({"version": "two"})),
    ("Two parameters exclude each other.", lambda: FetchQuery.model_validate({"version": 1, "label": "production"})),
    ("Neither a prompt nor edits nor a config is sent.", lambda: PatchedLLMPromptPublish.model_validate({"base_version": 1})),
    ("The body is not valid JSON.", lambda: parse_body(b"{", JSON)),
    ("The prompt is null.", lambda: encode_prompt(None)),
    ("The prompt is too large.", lambda: encode_prompt("a" * MAX_BYTES)),
    ("The config is not an object.", lambda: encode_config([])),
    ("A name of a prompt has characters that are not allowed.", lambda: check_prompt_name("support reply")),
    ("A name of a prompt is reserved.", lambda: check_prompt_name("new")),
    ("A name of a label has characters that are not allowed.", lambda: check_label_name("Production", field="label_name")),
    ("A name of a label is a number.", lambda: check_label_name("7", field="label_name")),
    ("A name of a label is reserved.", lambda: check_label_name("latest", field="label_name")),
    ("The name of a new prompt is taken.", errors.NameTaken()),
    ("A rule for the pattern exists.", release_errors.RuleExists("production")),
    ("The name of a copy is taken.", errors.CopyNameTaken()),
    ("The text of an edit does not occur.", lambda: apply_edits('"Hello!"', [Edit("Bye", "Hi")])),
    ("The text of an edit occurs more than once.", lambda: apply_edits('"Hello!"', [Edit("l", "L")])),
    ("A line of an import is invalid.", errors.InvalidLine(12, "it is not a JSON object")),
    ("The prompt has the maximum number of versions.", errors.TooManyVersions(MAX_VERSIONS)),
    ("The prompt has the maximum number of labels.", errors.TooManyLabels(MAX_LABELS)),
    ("The address of a webhook is invalid.", lambda: check_url("hooks.example.com")),
    ("The project has the maximum number of members.", errors.TooManyMembers(MAX_MEMBERS)),
    ("The project has the maximum number of webhooks.", errors.TooManyWebhooks(MAX_WEBHOOKS)),
    ("No key is sent.", api.not_authenticated()),
    ("The key is unknown or revoked, or its owner disabled.", api.invalid_key("Authorization header")),
    ("The project's token is unknown.", errors.UnknownProjectToken()),
    ("The key lacks the scope.", errors.MissingScope(Scope.WRITE)),
    ("The key is limited to other projects.", errors.KeyLimitedToOtherProjects(2)),
    ("The key would give away a scope that it lacks.", errors.BeyondOwnKey("scope", "*")),
    ("The key's owner is not a member of the project.", errors.NotAMember()),
    ("The role of the key's owner is too low.", errors.RoleTooLow(Permission.WRITE.role)),
    ("A rule protects the label.", release_errors.LabelProtected("production", 1)),
    ("The change request is the caller's own work.", release_errors.MayNotApprove()),
    ("The caller is no user.", release_errors.MissingUser()),
    ("A page of another site sends the request with a session.", api.sent_from_elsewhere()),
    ("The project does not exist.", errors.ProjectNotFound()),
    ("The change request does not exist.", release_errors.RequestNotFound(7)),
    ("The rule for labels does not exist.", release_errors.RuleNotFound(7)),
    ("The change request was merged or closed.", release_errors.RequestEnded("merged")),
    ("A label of the change request was moved meanwhile.", release_errors.RequestOutdated(OUTDATED)),
    ("The change request lacks approvals.", release_errors.NotEnoughApprovals(1, 2)),
    ("The prompt does not exist.", errors.PromptNotFound(_NAME)),
    ("The prompt has no such version.", errors.PromptNotFound(_NAME, version=7)),
    ("The prompt has no such label.", errors.PromptNotFound(_NAME, label="production")),
    ("The archived prompt does not exist.", errors.ArchivedPromptNotFound(_NAME)),
    ("The version for a label does not exist.", errors.VersionNotFound(_NAME, 7)),
    ("The label to remove does not exist.", errors.LabelNotFound("production", _NAME)),
    ("The member does not exist.", errors.NoSuchMember(7)),
    ("The key does not exist.", errors.KeyNotFound("2c37f829-c3f9-493f-9517-4f10a0b874f1")),
    ("The release does not exist.", release_errors.ReleaseNotFound(_RELEASE)),
    ("The webhook does not exist.", errors.WebhookNotFound("aa8ed27a-8f1c-4f2a-9f0e-a7a4bd1a8a53")),
    ("The delivery does not exist.", errors.DeliveryNotFound(7)),
    ("The path does not exist.", api.ApiError(404, _ADDRESS_WITHOUT_ENDPOINT)),
    ("The client does not accept JSON.", api.not_acceptable()),
    ("The name of the archived prompt is in use by another prompt.", errors.RestoredNameTaken()),
    ("Another version was published after the base version.", errors.VersionConflict(4)),
    ("The label is not at the expected version; null if it is not set.", errors.LabelMoved(4)),
    ("Labels that are to move together cannot all move; nothing was changed.", release_errors.ReleaseRefused([_MOVED])),
    (
        "An imported prompt already exists with another history.",
        errors.HistoryConflict(_NAME, "another prompt has the name here"),
    ),
    ("The request body is too large.", api.request_too_large(MAX_BODY_BYTES)),
    ("The body has an unsupported media type.", api.unsupported_media_type("text/plain")),
    ("The change would leave the project without an admin.", errors.LastAdmin("dev@example.com", 1)),
    ("Too many requests.", api.throttled(12)),
    ("Too many logins with a browser have begun.", device_authorizations.TooManyLogins()),
    ("The database does not answer; nothing was changed.", errors.Unavailable()),
    ("The server has reached a limit of concurrent work; nothing was changed.", errors.Busy()),
]


def refusals_as_markdown() -> str:
    """Return the page of all errors."""
    answers: dict[int, list[tuple[str, str]]] = {}
    for when, status, body in answers_of_examples():
        answers.setdefault(status, []).append((when, code(body)))
    return page(
        "# Errors",
        f"{GENERATED} Error bodies have two forms: four fields for errors found while the request is checked, and a bare `detail` "
        "for errors of a prompt's endpoint. Programs distinguish them by the status and read `detail`.",
        *(part for status, rows in sorted(answers.items()) for part in _status(status, rows)),
    )


def answers_of_examples() -> Iterator[tuple[str, int, str]]:
    """Return the condition, the status and the body of every example."""
    for when, made in EXAMPLES:
        error = made if isinstance(made, Exception) else _caught(made)
        if isinstance(error, ValidationError):
            error = posthog.validation_failed(error)
        if isinstance(error, errors.RegistryError):
            answer = posthog.answer_error(error)
        else:
            assert isinstance(error, api.ApiError)  # noqa: S101 - there is no third kind
            answer = api.json_response(error.body, error.status)
        yield when, answer.status_code, bytes(answer.body).decode()


def _caught(refused: Callable[[], object]) -> Exception:
    try:
        refused()
    except (errors.RegistryError, api.ApiError, ValidationError) as error:
        return error
    raise AssertionError("An example of a refusal was not refused.")


def _status(status: int, rows: list[tuple[str, str]]) -> list[str]:
    return [f"## {status} {HTTPStatus(status).phrase} {{ #status-{status} }}", table(("condition", "response"), rows)]
