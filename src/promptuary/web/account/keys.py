"""One's own personal API keys, with which programs act in one's name."""

import re
import uuid
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from promptuary.model.access import Scope
from promptuary.model.accounts import NewKey
from promptuary.model.errors import InvalidValue, KeyExists
from promptuary.registry import administration
from promptuary.registry.changes import By
from promptuary.web.account.profile import problems_of
from promptuary.web.account.scopes import SCOPES
from promptuary.web.page_request import Visit
from promptuary.web.routing import page

_MAX_DIGITS = 9
_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def show_keys(visit: Visit) -> Response:
    """Show one's keys and the form of a new one."""
    return _keys(visit)


def create_key(visit: Visit) -> Response:
    """Create a key and show its value, which is known only now: so there is no redirect to another page."""
    user = visit.account
    # A page that is loaded again sends its form again: the id that came with the form says so.
    sent_id = visit.form.get("key_id")
    try:
        with visit.database.write() as tx:
            new = administration.create_own_key(
                tx,
                user,
                label=visit.form.get("label"),
                scopes=_scopes(visit.form.all("scope")),
                project_ids=_project_ids(visit.form.all("project")),
                key_id=sent_id if _KEY_ID.fullmatch(sent_id) else None,
                by=By(user.id, visit.request_id),
            )
    except KeyExists:
        return _keys(visit, is_repeated=True)
    except InvalidValue as refusal:
        return _keys(visit, 400, problems=problems_of(refusal))
    return _keys(visit, 201, new=new)


def revoke_key(visit: Visit) -> Response:
    """Refuse one of one's keys from now on."""
    user = visit.account
    with visit.database.write() as tx:
        key = administration.revoke_own_key(tx, user, visit.path["key_id"], by=By(user.id, visit.request_id))
    return visit.redirect(f"{visit.root}/settings/keys/", notice=f"The key {key.label} is revoked.")


def _keys(
    visit: Visit,
    status: int = 200,
    *,
    new: NewKey | None = None,
    is_repeated: bool = False,
    problems: Mapping[str, str] | None = None,
) -> Response:
    user = visit.account
    with visit.database.read() as tx:
        found = administration.list_own_keys(tx, user)
    names = {membership.project.id: membership.project.name for membership in visit.memberships}
    chosen = {
        "label": visit.form.get("label") if problems else "",
        "scope": visit.form.get("scope", Scope.READ),
        "projects": visit.form.all("project") if problems else (),
    }
    return visit.page(
        "keys.html",
        status,
        keys=found,
        new=new,
        next_key_id=str(uuid.uuid4()),
        is_repeated=is_repeated,
        names=names,
        scopes=SCOPES,
        chosen=chosen,
        problems=problems or {},
    )


def _scopes(sent: Sequence[str]) -> list[Scope]:
    try:
        return [Scope(value) for value in sent]
    except ValueError:
        raise InvalidValue("invalid_choice", "Choose what the key may do.", field="scope") from None


def _project_ids(sent: Sequence[str]) -> list[int]:
    if not all(value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS for value in sent):
        raise InvalidValue("invalid_choice", "Choose among your projects.", field="projects")
    return [int(value) for value in sent]


ROUTES = [
    page("/settings/keys/", get=show_keys, post=create_key),
    page("/settings/keys/{key_id}/revoke", post=revoke_key),
]
