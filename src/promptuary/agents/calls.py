"""A message of an agent on its way: who sent it, to which project, and what they may."""

from collections.abc import Iterable
from dataclasses import dataclass

from promptuary.api.calls import Services
from promptuary.model.access import Actor, Permission
from promptuary.model.prompts import Version
from promptuary.model.usage import FetchKey
from promptuary.registry import access
from promptuary.registry.access import Caller
from promptuary.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class AgentCall:
    """One HTTP request of an agent whose key is known.

    ``project`` is what names the project, see `registry.access.enter`. ``label`` is the one that native prompts follow, `None` for
    the latest version.
    """

    services: Services
    caller: Caller
    project: str
    label: str | None
    request_id: str

    @property
    def database(self) -> Database:
        return self.services.database

    def enter(self, permission: Permission) -> Actor:
        """Return who acts in the project. What writes is counted against the limit of writes; the request itself is a read."""
        with self.database.read() as tx:
            actor = access.enter(
                tx, self.caller, reference=self.project, api_token=None, permission=permission, request_id=self.request_id
            )
        if permission is not Permission.READ:
            self.services.throttle.count_request(self.caller.key_id or "", permission)
        return actor

    @property
    def caller_name(self) -> str:
        """Identity of the client, for limits on its requests and open streams."""
        return self.caller.key_id or f"user {self.caller.user_id}"

    async def name_caller(self, _beginning: bytes) -> str:
        """Return who sends the message, known before its body is read."""
        return self.caller_name

    def count_fetches(self, actor: Actor, versions: Iterable[Version], label: str | None) -> None:
        """Count that versions are handed out, by the label that was asked for."""
        for version in versions:
            self.services.usage.count(FetchKey(version.id, actor.key_id or "", label or ""))
