"""A message of an agent on its way: who sent it, to which project, and what they may."""

from dataclasses import dataclass, field

from promptuary.api.callers import caller_with_key
from promptuary.api.errors import invalid_key, throttled
from promptuary.api.services import Services
from promptuary.http.rate_limits import RateLimited
from promptuary.model.access import Actor, Permission
from promptuary.registry import access
from promptuary.registry.access import Caller
from promptuary.store.engine.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class AgentCall:
    """One HTTP request of an agent whose key is known.

    ``project`` is what names the project, see `registry.access.enter`. ``label`` is the one that native prompts follow, `None` for
    the latest version.
    """

    services: Services
    key: str = field(repr=False)
    caller: Caller
    project: str
    label: str | None
    request_id: str

    @property
    def database(self) -> Database:
        return self.services.database

    def check_access(self, tx: Transaction) -> None:
        """Raise a refusal if the key is no more, or may not read the project any more."""
        caller = caller_with_key(tx, self.key)
        if caller is None:
            raise invalid_key("Authorization header")
        access.enter(tx, caller, reference=self.project, permission=Permission.READ)

    def enter(self, permission: Permission) -> Actor:
        """Return who acts in the project. What writes is counted against the limit of writes; the request itself is a read."""
        with self.database.read() as tx:
            actor = access.enter(
                tx, self.caller, reference=self.project, api_token=None, permission=permission, request_id=self.request_id
            )
        if permission is not Permission.READ:
            try:
                self.services.limits.count_request(self.caller.key_id or "", permission)
            except RateLimited as limited:
                raise throttled(limited.wait) from None
        return actor

    @property
    def caller_name(self) -> str:
        """Identity of the client, for limits on its requests and open streams."""
        return self.caller.key_id or f"user {self.caller.user_id}"

    async def name_caller(self, _beginning: bytes) -> str:
        """Return who sends the message, known before its body is read."""
        return self.caller_name
