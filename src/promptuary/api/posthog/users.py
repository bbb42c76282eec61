"""The resource of the caller's own account."""

from starlette.responses import Response

from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.outputs import UserBasic, show_author
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.registry import administration

resource = Resource("Users")


@resource.get("/@me/", Operation(id="users_retrieve", summary="Get the own account", answers={200: UserBasic}))
def show_me(call: Call) -> Response:
    """Return the account of the key's owner. Needs no scope."""
    with call.identifying(Permission.SEE) as (tx, caller):
        user = administration.read_own_account(tx, caller)
    return call.answer(show_author(user))
