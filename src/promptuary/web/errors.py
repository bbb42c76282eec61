"""From an error to its page: one table for the domain's refusals, and the errors that only pages know."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from promptuary.model import device_authorizations, errors, reference_errors, release_errors
from promptuary.model.text import counted


class WebError(Exception):
    """An error that only pages know. ``advice`` says what to do next."""

    def __init__(self, status: int, detail: str, *, advice: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.advice = advice
        self.headers = headers


class SignInNeeded(Exception):
    """The page needs a signed-in user; ``then`` is the requested address."""

    def __init__(self, then: str) -> None:
        super().__init__(then)
        self.location = "/sign-in" if then in {"", "/"} else f"/sign-in?{urlencode({'next': then}, quote_via=quote, safe='/')}"


def too_many_attempts(wait_seconds: float) -> WebError:
    """Return the error of attempts to sign in beyond a limit; ``wait_seconds`` until the next one is allowed."""
    seconds = max(1, math.ceil(wait_seconds))
    advice = f"Wait {counted(seconds, 'second')}, then try again."
    return WebError(429, "Too many failed sign-ins.", advice=advice, headers={"Retry-After": str(seconds)})


def too_many_codes(wait_seconds: float) -> WebError:
    """Return the error of codes of logins that were tried beyond a limit."""
    seconds = max(1, math.ceil(wait_seconds))
    advice = f"Wait {counted(seconds, 'second')}, then try again."
    return WebError(429, "Too many wrong codes.", advice=advice, headers={"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Title and advice of an error's page, above and below the error's own sentence."""

    status: int
    title: str
    advice: str


_ASK_AN_ADMIN = "An admin of the project can give you another role."
_GO_BACK = "Nothing was changed. Go back and correct it."
_CONFLICT = ErrorPage(409, "The change conflicts with the current state", "Nothing was changed.")
_REFERENCED = ErrorPage(409, "Other prompts reference this one", "Nothing was changed. Change those prompts first.")
_OUTDATED = ErrorPage(409, "The change request is not as you saw it", "Nothing was changed. Open the change request again.")
_REMOVED = ErrorPage(404, "Not found", "It may have been removed.")
_UNAVAILABLE = ErrorPage(503, "The database does not answer", "Nothing was changed. Try again later.")

PAGES: dict[type[errors.RegistryError], ErrorPage] = {
    errors.InvalidValue: ErrorPage(400, "Invalid value", _GO_BACK),
    errors.HistoryConflict: _CONFLICT,
    errors.NameTaken: ErrorPage(400, "This name is already in use", "Nothing was changed. Go back and choose another one."),
    errors.EmailTaken: ErrorPage(400, "This address is already in use", "Nothing was changed. Go back and choose another one."),
    errors.TooManyVersions: ErrorPage(400, "Too many versions", "Nothing was changed."),
    errors.TooManyLabels: ErrorPage(400, "Too many labels", "Nothing was changed."),
    errors.TooManyMembers: ErrorPage(400, "Too many members", "Nothing was changed."),
    errors.TooManyWebhooks: ErrorPage(400, "Too many webhooks", "Nothing was changed."),
    errors.EditRefused: ErrorPage(400, "An edit cannot be applied", _GO_BACK),
    errors.InvalidBackup: ErrorPage(400, "Not a backup file", "Nothing was changed."),
    errors.SignInRefused: ErrorPage(401, "You are not signed in", "Go back and try again."),
    errors.UnknownProjectToken: ErrorPage(401, "Unknown project token", "Nothing was changed."),
    errors.PermissionDenied: ErrorPage(403, "Permission denied", _ASK_AN_ADMIN),
    errors.KeyExists: _CONFLICT,
    errors.WebhookExists: _CONFLICT,
    errors.LinkEnded: ErrorPage(
        404,
        "This link has expired",
        "If you have already chosen a password, sign in with it. Otherwise, ask the sender for a new link.",
    ),
    errors.NotFound: ErrorPage(404, "Not found", ""),
    errors.ProjectNotFound: ErrorPage(404, "Not found", "Only members see a project."),
    errors.ArchivedPromptNotFound: ErrorPage(404, "Not found", "It may have been restored."),
    errors.MemberNotFound: ErrorPage(404, "Not found", "The user may have been removed already."),
    errors.WebhookNotFound: _REMOVED,
    release_errors.RuleNotFound: _REMOVED,
    errors.VersionConflict: ErrorPage(
        409,
        "Another user published a version",
        "Go back: your text is still in the form. Copy it before you load the latest version.",
    ),
    errors.PromptGone: ErrorPage(409, "This prompt was archived", "Nothing was changed. Another prompt may have its name now."),
    errors.LabelMoved: _CONFLICT,
    release_errors.ReleaseRefused: _CONFLICT,
    release_errors.LabelProtected: ErrorPage(
        403, "This label is protected", "Nothing was changed. Others approve and merge a change request."
    ),
    release_errors.MayNotApprove: ErrorPage(403, "This is your own work", "Nothing was changed. Ask another member to approve it."),
    release_errors.RequestEnded: _OUTDATED,
    release_errors.RequestOutdated: _OUTDATED,
    release_errors.NotEnoughApprovals: _OUTDATED,
    release_errors.RuleExists: ErrorPage(400, "There is a rule for this pattern", "Nothing was changed. Change that rule."),
    errors.LastAdmin: _CONFLICT,
    reference_errors.ReferencedPrompt: _REFERENCED,
    reference_errors.ReferencedLabel: _REFERENCED,
    reference_errors.UnrestorableReferences: ErrorPage(409, "A reference stands in the way", "Nothing was restored."),
    reference_errors.UnresolvedReference: ErrorPage(
        409, "A reference cannot be resolved", "Change it, or the prompt that it names."
    ),
    device_authorizations.DeviceCodeEnded: ErrorPage(
        404, "No login waits with this code", "Compare it with the code in the terminal, or run promptuary login again."
    ),
    device_authorizations.TooManyLogins: ErrorPage(429, "Too many logins", "Nothing was changed."),
    errors.NotEmpty: _CONFLICT,
    errors.Busy: ErrorPage(503, "The server is busy", "Nothing was changed. Try again later."),
    errors.SchemaMismatch: _UNAVAILABLE,
    errors.Unavailable: _UNAVAILABLE,
}
"""The page of every refusal; a subclass without an entry of its own is shown like its parent."""

TITLES = {
    401: "You are not signed in",
    400: "Invalid request",
    403: "Permission denied",
    404: "Page not found",
    405: "Method not allowed",
    408: "Request timed out",
    413: "Request too large",
    415: "Unsupported form",
    429: "Too many attempts",
    500: "Something went wrong on the server",
}


def detail_of(error: errors.RegistryError) -> str:
    """Return what a page says of a refusal: its own sentence, except where that tells what to send to the API."""
    match error:
        case errors.PromptNotFound():
            return _detail_of_prompt(error)
        case errors.ArchivedPromptNotFound(name=name):
            return f"There is no prompt '{name}' in the archive of this project."
        case errors.LabelNotFound(label=""):
            return "The address of this page names no label."
    return str(error)


def _detail_of_prompt(error: errors.PromptNotFound) -> str:
    name = error.segment
    if error.lacks:
        return f"The prompt '{name}' has no {error.lacks.removeprefix('this ')}."
    if error.label is not None:
        return f"There is no prompt '{name}' with a label '{error.label}' in this project."
    if error.version is not None:
        return f"There is no prompt '{name}' with a version {error.version} in this project."
    return f"There is no prompt '{name}' in this project. It may be in the archive."


def page_of(error: errors.RegistryError) -> ErrorPage:
    """Return the page of a refusal of the domain."""
    return next(PAGES[kind] for kind in type(error).__mro__ if kind in PAGES)
