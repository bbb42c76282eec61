"""The project of a profile: its number, and the UUID that identifies it across servers."""

import re
from dataclasses import dataclass

from promptuary.model.accounts import MAX_NAME
from promptuary.model.errors import InvalidValue
from promptuary.model.text import check_text
from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import RemoteError, Unreachable
from promptuary.remote.prompts import RemotePrompts

CURRENT = "@current"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_ID = 10**18


@dataclass(frozen=True, slots=True)
class RemoteProject:
    """A project of a server. ``uuid`` is `None` where the server does not tell it."""

    host: str
    number: str
    uuid: str | None = None
    name: str | None = None


def find_project(remote: Remote) -> RemoteProject:
    """Return the project of a profile; ``@current`` becomes a number. Raises `RemoteRefusal`.

    Servers that do not tell of projects are asked for their prompts instead, which says if the key may enter.
    """
    at = remote.profile
    try:
        answer = remote.get("")
    except Unreachable:
        raise
    except RemoteError:
        RemotePrompts(remote).count()
        if at.project == CURRENT:
            raise RemoteError(f"{at.host} does not say which project {CURRENT} is. Name the project by its number.") from None
        return RemoteProject(at.host, at.project)
    found = answers.checked(answer, {"id": _number, "uuid": _uuid, "name": _name}, "a project")
    if at.project not in {CURRENT, str(found["id"])}:
        raise RemoteError(f"The server was asked for project {at.project} and answered with {found['id']}.")
    return RemoteProject(at.host, str(found["id"]), found["uuid"], found["name"])


def _number(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_ID:
        raise InvalidValue("invalid", "A number from 1 is required.")


def _uuid(value: object) -> None:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise InvalidValue("invalid", "A UUID is required.")


def _name(value: object) -> None:
    answers.text(value)
    check_text(str(value), field="name", max_length=MAX_NAME)
