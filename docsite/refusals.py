"""The reference of refusals: what the API answers when it does not do what it was asked for, word for word.

Every answer is made by the code that makes it in a server.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus

from pydantic import ValidationError

from docsite.markdown import GENERATED, code, page, table
from promptuary.api import errors as api
from promptuary.api.bodies import JSON, MAX_BODY_BYTES, parse_body
from promptuary.api.posthog.inputs import FetchQuery, LLMPromptCreate, PatchedLLMPromptPublish
from promptuary.model import errors
from promptuary.model.access import Permission
from promptuary.model.content import MAX_BYTES, encode_config, encode_prompt
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_LABELS, MAX_VERSIONS

Made = Exception | Callable[[], object]

_NAME = "support-reply"
_ADDRESS_WITHOUT_ENDPOINT = api.envelope("invalid_request", "not_found", "Endpoint not found.")

EXAMPLES: list[tuple[str, Made]] = [
    ("A field is missing.", lambda: LLMPromptCreate.model_validate({})),
    ("A value has the wrong type.", lambda: FetchQuery.model_validate({"version": "two"})),
    ("Two parameters exclude each other.", lambda: FetchQuery.model_validate({"version": 1, "label": "production"})),
    ("Neither a prompt nor edits nor a config is sent.", lambda: PatchedLLMPromptPublish.model_validate({"base_version": 1})),
    ("The body is no JSON.", lambda: parse_body(b"{", JSON)),
    ("The prompt is null.", lambda: encode_prompt(None)),
    ("The prompt is too large.", lambda: encode_prompt("a" * MAX_BYTES)),
    ("The config is no object.", lambda: encode_config([])),
    ("A name of a prompt has characters that are not allowed.", lambda: check_prompt_name("support reply")),
    ("A name of a prompt is reserved.", lambda: check_prompt_name("new")),
    ("A name of a label has characters that are not allowed.", lambda: check_label_name("Production", field="label_name")),
    ("A name of a label is a number.", lambda: check_label_name("7", field="label_name")),
    ("A name of a label is reserved.", lambda: check_label_name("latest", field="label_name")),
    ("The name of a new prompt is taken.", errors.NameTaken()),
    ("The name of a copy is taken.", errors.CopyNameTaken()),
    ("The text of an edit does not occur.", lambda: apply_edits('"Hello!"', [Edit("Bye", "Hi")])),
    ("The text of an edit occurs more than once.", lambda: apply_edits('"Hello!"', [Edit("l", "L")])),
    ("A line of an import is not what it should be.", errors.InvalidLine(12, "it is not a JSON object")),
    ("The prompt has as many versions as it may have.", errors.TooManyVersions(MAX_VERSIONS)),
    ("The prompt has as many labels as it may have.", errors.TooManyLabels(MAX_LABELS)),
    ("No key is sent.", api.not_authenticated()),
    ("The key is unknown or revoked, or its owner disabled.", api.invalid_key("Authorization header")),
    ("The project's token is unknown.", errors.UnknownProjectToken()),
    ("The key lacks the scope.", errors.MissingScope(Permission.WRITE.scope)),
    ("The key is limited to other projects.", errors.KeyLimitedToOtherProjects(2)),
    ("The key's owner is no member of the project.", errors.NotAMember()),
    ("The role of the key's owner is too low.", errors.RoleTooLow(Permission.WRITE.role)),
    ("A page of another site sends the request with a session.", api.sent_from_elsewhere()),
    ("There is no such project.", errors.ProjectNotFound()),
    ("There is no such prompt.", errors.PromptNotFound(_NAME)),
    ("The prompt has no such version.", errors.PromptNotFound(_NAME, version=7)),
    ("The prompt has no such label.", errors.PromptNotFound(_NAME, label="production")),
    ("There is no such archived prompt.", errors.ArchivedPromptNotFound(_NAME)),
    ("A label is to point at a version that is not there.", errors.VersionNotFound(_NAME, 7)),
    ("A label that is to be removed is not there.", errors.LabelNotFound("production", _NAME)),
    ("There is no such address.", api.ApiError(404, _ADDRESS_WITHOUT_ENDPOINT)),
    ("The caller does not accept JSON.", api.not_acceptable()),
    ("The name of an archived prompt has been taken since.", errors.RestoredNameTaken()),
    ("Somebody published since the base version.", errors.VersionConflict(4)),
    ("The label is not at the expected version; null where it is not set.", errors.LabelMoved(4)),
    (
        "A prompt that is to be imported is there with another history.",
        errors.HistoryConflict(_NAME, "another prompt has the name here"),
    ),
    ("The body is too large.", api.request_too_large(MAX_BODY_BYTES)),
    ("The body has a type that is not read.", api.unsupported_media_type("text/plain")),
    ("Too many requests.", api.throttled(12)),
    ("The database does not answer; nothing was changed.", errors.Unavailable()),
    ("The server has as much to do of one kind as it allows; nothing was changed.", errors.Busy()),
]


def refusals_as_markdown() -> str:
    """Return the page of all refusals."""
    answers: dict[int, list[tuple[str, str]]] = {}
    for when, status, body in answers_of_examples():
        answers.setdefault(status, []).append((when, code(body)))
    return page(
        "# All refusals",
        f"{GENERATED} Errors have two forms: four fields for what is found while a request is checked, and a bare `detail` for "
        "what a prompt's endpoint finds. Programs tell them apart by the status and read `detail`.",
        *(part for status, rows in sorted(answers.items()) for part in _status(status, rows)),
    )


def answers_of_examples() -> Iterator[tuple[str, int, str]]:
    """Return when an answer comes, its status and its body, for every example."""
    for when, made in EXAMPLES:
        error = made if isinstance(made, Exception) else _caught(made)
        if isinstance(error, ValidationError):
            error = api.validation_failed(error)
        if isinstance(error, errors.RegistryError):
            answer = api.answer_error(error)
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
    return [f"## {status} {HTTPStatus(status).phrase} {{ #status-{status} }}", table(("when", "answer"), rows)]
