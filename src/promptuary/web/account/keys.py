"""One's own personal API keys, with which programs act in one's name."""

import re
import uuid
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from promptuary.model.access import Scope
from promptuary.model.accounts import NewKey
from promptuary.model.errors import InvalidValue, KeyExists
from promptuary.registry import own_keys
from promptuary.web.account.scopes import CHOICES, MORE_CHOICES
from promptuary.web.account.sign_in import problems_of
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page

_MAX_DIGITS = 9
_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def show_keys(request: PageRequest) -> Response:
    """Show one's keys and the form of a new one."""
    return _keys(request)


def create_key(request: PageRequest) -> Response:
    """Create a key and show its value, which is known only now: so there is no redirect to another page."""
    # A page that is loaded again sends its form again: the id that came with the form says so.
    sent_id = request.form.get("key_id")
    try:
        with request.database.write() as tx:
            new = own_keys.create_own_key(
                tx,
                request.caller,
                label=request.form.get("label"),
                scopes=chosen_scopes(request.form.all("scope")),
                project_ids=chosen_projects(request.form.all("project")),
                key_id=sent_id if _KEY_ID.fullmatch(sent_id) else None,
                request_id=request.request_id,
            )
    except KeyExists:
        return _keys(request, is_repeated=True)
    except InvalidValue as error:
        return _keys(request, 400, problems=problems_of(error))
    return _keys(request, 201, new=new)


def revoke_key(request: PageRequest) -> Response:
    """Refuse one of one's keys from now on."""
    with request.database.write() as tx:
        key = own_keys.revoke_own_key(tx, request.caller, request.path["key_id"], request_id=request.request_id)
    return request.redirect(f"{request.root}/settings/keys/", notice=f"The key {key.label} is revoked.")


def _keys(
    request: PageRequest,
    status: int = 200,
    *,
    new: NewKey | None = None,
    is_repeated: bool = False,
    problems: Mapping[str, str] | None = None,
) -> Response:
    with request.database.read() as tx:
        found = own_keys.list_own_keys(tx, request.caller)
    names = {membership.project.id: membership.project.name for membership in request.memberships}
    chosen = {
        "label": request.form.get("label") if problems else "",
        "scope": request.form.all("scope") if problems else [Scope.READ],
        "projects": request.form.all("project") if problems else (),
    }
    return request.page(
        "keys.html",
        status,
        keys=found,
        new=new,
        next_key_id=str(uuid.uuid4()),
        is_repeated=is_repeated,
        names=names,
        scopes={" ".join(choice): meaning for choice, meaning in CHOICES.items()},
        more_scopes=MORE_CHOICES,
        chosen=chosen,
        problems=problems or {},
    )


def chosen_scopes(sent: Sequence[str]) -> list[Scope]:
    """Read the scopes of a form. Raises `InvalidValue`."""
    try:
        return [Scope(word) for value in sent for word in value.split()]
    except ValueError:
        raise InvalidValue("invalid_choice", "Choose what the key may do.", field="scope") from None


def chosen_projects(sent: Sequence[str]) -> list[int]:
    """Read the projects of a form, none for all. Raises `InvalidValue`."""
    if not all(value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS for value in sent):
        raise InvalidValue("invalid_choice", "Choose from your projects.", field="scoped_teams")
    return [int(value) for value in sent]


ROUTES = [
    page("/settings/keys/", get=show_keys, post=create_key),
    page("/settings/keys/{key_id}/revoke", post=revoke_key),
]
