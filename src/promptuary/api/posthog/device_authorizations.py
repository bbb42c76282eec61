"""The resource of logins with a browser, by the OAuth device authorization grant (RFC 8628). Neither step needs a key."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.errors import json_response
from promptuary.api.posthog import fields
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.inputs import Body
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.http.addresses import network_of
from promptuary.model.accounts import NewKey
from promptuary.model.device_authorizations import INTERVAL_SECONDS, LASTS, PollAnswer, show_user_code
from promptuary.registry import device_logins

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE_PATH = "/device/"

_MAX_TEXT = 500
_SENTENCES = {
    PollAnswer.PENDING: "The user has not answered yet.",
    PollAnswer.SLOW_DOWN: "This came too soon. Wait 5 seconds longer between two requests.",
    PollAnswer.DENIED: "The login was refused.",
    PollAnswer.EXPIRED: "The login was not answered in time. Begin another one.",
    PollAnswer.UNKNOWN: "No login has this device code. It was used, or has expired.",
}

resource = Resource("Log in with a browser")


def _check_length(value: str) -> None:
    if len(value) > _MAX_TEXT:
        fields.refuse("max_length", f"Ensure this field has no more than {_MAX_TEXT} characters.")


_Text = Annotated[str, fields.text(_check_length)]


class DeviceAuthorizationCreate(Body):
    """A device that asks for a key."""

    device_name: _Text = Field(
        default="", description="A name of the device that its user recognises.", json_schema_extra={"maxLength": _MAX_TEXT}
    )


class DeviceTokenCreate(Body):
    """A device that polls for its key."""

    grant_type: Annotated[str, fields.choice([DEVICE_CODE_GRANT])] = Field(
        description="The grant.", json_schema_extra={"enum": [DEVICE_CODE_GRANT]}
    )
    device_code: _Text = Field(description="The device code.", json_schema_extra={"maxLength": _MAX_TEXT})


class DeviceAuthorization(TypedDict):
    """Codes of a login that has begun: the device polls with one, its user confirms the other at `verification_uri`."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: Annotated[int, Field(ge=1)]
    interval: Annotated[int, Field(ge=1)]


class DeviceToken(TypedDict):
    """A key, which is not shown again. `project_ids` are the projects that it is limited to, null for all of its owner's."""

    access_token: str
    token_type: Literal["Bearer"]
    scope: str
    project_ids: list[Annotated[int, Field(ge=1)]] | None


class DeviceTokenRefusal(TypedDict):
    """Reason why there is no key, or not yet. `error` is a word of RFC 8628 or RFC 6749."""

    error: str
    error_description: str
    detail: str


@resource.post(
    "/device_authorization/",
    Operation(
        id="oauth_device_authorization_create",
        summary="Begin a login with a browser",
        body=DeviceAuthorizationCreate,
        needs_body=False,
        answers={200: DeviceAuthorization},
        needs_key=False,
    ),
)
def begin_login(call: Call) -> Response:
    """Return a code for the device and one for its user, who confirms it on a page."""
    body = call.body(DeviceAuthorizationCreate)
    address, network = call.client_address, network_of(call.client_address)
    with call.database.read() as tx:
        device_logins.require_room(tx, network)
    with call.database.write() as tx:
        new = device_logins.begin_login(tx, device_name=body.device_name, address=address, network=network)
    code, page = show_user_code(new.user_code), f"{call.address}{DEVICE_PATH}"
    shown: DeviceAuthorization = {
        "device_code": new.device_code,
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={code}",
        "expires_in": int(LASTS.total_seconds()),
        "interval": INTERVAL_SECONDS,
    }
    return call.answer_secret(shown)


@resource.post(
    "/token/",
    Operation(
        id="oauth_token_create",
        summary="Collect the key of a login",
        body=DeviceTokenCreate,
        answers={200: DeviceToken},
        refusals={400: DeviceTokenRefusal},
        needs_key=False,
    ),
)
def collect_key(call: Call) -> Response:
    """Return the key of a login that its user has approved, once. Else `error` says why there is none, or not yet."""
    body = call.body(DeviceTokenCreate)
    with call.database.read() as tx:
        answer = device_logins.answer_at_once(tx, body.device_code)
    if answer is PollAnswer.UNKNOWN:
        call.services.limits.count_bad_key(call.client_address)
    if answer is not None:
        return _refuse(answer)
    with call.database.write() as tx:
        found = device_logins.collect_key(tx, body.device_code, request_id=call.credentials.request_id)
    return call.answer_secret(_show(found)) if isinstance(found, NewKey) else _refuse(found)


def _refuse(found: PollAnswer) -> Response:
    sentence = _SENTENCES[found]
    refusal: DeviceTokenRefusal = {"error": found.value, "error_description": sentence, "detail": sentence}
    return json_response(refusal, 400, {"Cache-Control": "no-store"})


def _show(new: NewKey) -> DeviceToken:
    project_ids = new.key.project_ids
    return {
        "access_token": new.value,
        "token_type": "Bearer",
        "scope": " ".join(sorted(new.key.scopes)),
        "project_ids": None if project_ids is None else sorted(project_ids),
    }
