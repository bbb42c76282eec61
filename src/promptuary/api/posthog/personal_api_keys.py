"""The resource of the caller's own personal API keys, in PostHog's form."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.posthog.account_inputs import PersonalAPIKeyCreate
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.outputs import show_timestamp, show_timestamp_or_none
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Timestamp
from promptuary.model.access import Permission, Scope
from promptuary.model.accounts import Key
from promptuary.registry import own_keys

resource = Resource("Keys")


class PersonalAPIKey(TypedDict):
    """A key of the caller. `value` is known only in the answer that creates it. `scoped_teams` are projects; null for all."""

    id: str
    label: str
    value: str | None
    mask_value: str
    created_at: Timestamp
    last_used_at: Timestamp | None
    last_rolled_at: Timestamp | None
    revoked_at: Timestamp | None
    user_id: int
    scopes: list[str]
    scoped_teams: list[Annotated[int, Field(ge=1)]] | None
    scoped_organizations: list[str]


@resource.get("/", Operation(id="personal_api_keys_list", summary="List keys", answers={200: list[PersonalAPIKey]}))
def list_keys(call: Call) -> Response:
    """List the caller's keys, revoked ones behind the others, the newest first. Needs the scope `key:write`."""
    with call.identifying(Permission.LIST_KEYS) as (tx, caller):
        found = own_keys.list_own_keys(tx, caller)
    return call.answer([_show(key) for key in found])


@resource.post(
    "/",
    Operation(id="personal_api_keys_create", summary="Create a key", body=PersonalAPIKeyCreate, answers={201: PersonalAPIKey}),
)
def create_key(call: Call) -> Response:
    """Create a key, which can have no permission that the key of the request lacks. Needs the scope `key:write`."""
    caller = call.identify(Permission.MANAGE_KEYS)
    body = call.body(PersonalAPIKeyCreate)
    with call.database.write() as tx:
        new = own_keys.create_own_key(
            tx,
            caller,
            label=body.label,
            scopes=[Scope(scope) for scope in body.scopes],
            project_ids=body.scoped_teams or (),
            request_id=call.credentials.request_id,
        )
    return call.answer_secret(_show(new.key, new.value), 201)


@resource.get("/{key_id}/", Operation(id="personal_api_keys_retrieve", summary="Get a key", answers={200: PersonalAPIKey}))
def show_key(call: Call) -> Response:
    """Return a key of the caller; `@current` is that of the request, which needs no scope for it."""
    with call.identifying(Permission.SEE) as (tx, caller):
        key = own_keys.get_own_key(tx, caller, call.path["key_id"])
    return call.answer(_show(key))


@resource.delete("/{key_id}/", Operation(id="personal_api_keys_destroy", summary="Revoke a key", answers={204: None}))
def revoke_key(call: Call) -> Response:
    """Revoke a key that has no permission that the key of the request lacks, or `@current`, which needs no scope."""
    caller = call.identify(Permission.REVOKE_KEYS)
    with call.database.write() as tx:
        own_keys.revoke_own_key(tx, caller, call.path["key_id"], request_id=call.credentials.request_id)
    return call.answer_nothing()


def _show(key: Key, value: str | None = None) -> PersonalAPIKey:
    return {
        "id": key.id,
        "label": key.label,
        "value": value,
        "mask_value": key.mask,
        "created_at": show_timestamp(key.created_at),
        "last_used_at": show_timestamp_or_none(key.last_used_at),
        "last_rolled_at": None,
        "revoked_at": show_timestamp_or_none(key.revoked_at),
        "user_id": key.user_id,
        "scopes": sorted(key.scopes),
        "scoped_teams": None if key.project_ids is None else sorted(key.project_ids),
        "scoped_organizations": [],
    }
